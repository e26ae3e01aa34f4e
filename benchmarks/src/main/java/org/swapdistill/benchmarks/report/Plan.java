package org.swapdistill.benchmarks.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.swapdistill.benchmarks.cases.CallOverheadCase;
import org.swapdistill.benchmarks.cases.Case;
import org.swapdistill.benchmarks.cases.DistillationLossCase;
import org.swapdistill.benchmarks.cases.Implementation;
import org.swapdistill.benchmarks.cases.PairAssemblyCase;
import org.swapdistill.benchmarks.cases.PatchSwapCase;
import org.swapdistill.benchmarks.cases.SgdUpdateCase;
import org.swapdistill.benchmarks.cases.TrainingStepCase;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Layout;

/** What the short form measures. Cases of one group are timed in the same rounds. */
final class Plan {
    /** Everybody. */
    private static final List<Implementation> ALL = List.of(Implementation.values());
    /** Those that the environment of the process can make faster, and whom they are compared with. */
    private static final List<Implementation> WITH_TUNED_ALLOCATOR = List.of(Implementation.NATIVE,
            Implementation.LIBTORCH);
    private static final List<Implementation> OURS = List.of(Implementation.NATIVE);
    /** The reference takes half a minute for a step of the smallest network and ten seconds for a dense loss. */
    private static final List<Implementation> WITHOUT_REFERENCE = without(Implementation.REFERENCE);
    /** Plain Java takes as long for the larger ones. */
    private static final List<Implementation> WITHOUT_JAVA = without(Implementation.REFERENCE, Implementation.JAVA,
            Implementation.VECTOR);

    /**
     * Cases that are timed in turns.
     *
     * @param name for the selection on the command line
     * @param purpose what the report does with them
     */
    record Group(String name, Purpose purpose, List<PlannedCase> cases) {
    }

    /** Which part of the report. */
    enum Purpose {
        /** The table of ratios. */
        PEERS,
        /** How cost grows with the number of classes. */
        CLASSES,
        /** How cost grows with the batch. */
        BATCH,
        /** How cost falls with threads. */
        THREADS
    }

    private Plan() {
    }

    /** All groups, the most important ones first. */
    static List<Group> groups(Environment environment, int threads) {
        List<Group> groups = new ArrayList<>();
        List<PlannedCase> cases = List.of(
                swap("64x3x224x224-patch32", threads), swap("128x3x32x32-patch8", threads),
                assembly("128x3x32x32-patch8", threads), assembly("32x3x224x224-patch32", threads),
                assembly("128x3x224x224-patch32", threads),
                loss("256x10", threads), loss("256x100", threads), loss("4096x1000", threads),
                sgd(threads),
                training("resnet20-128x3x32x32", threads).with(WITHOUT_REFERENCE),
                training("resnet18-64x3x32x32", threads),
                loss("512x32000", threads), loss("64x151936", threads),
                call("crossing"), call("patch_swap"), call("assemble_pairs"), call("distillation_loss"),
                call("sgd_update"));
        cases.forEach(planned -> addAlone(groups, planned, environment));
        if (environment == Environment.DEFAULT) {
            groups.add(series("threads", Purpose.THREADS, Stream.of(1, threads).distinct().flatMap(count -> Stream.of(
                    swap("128x3x32x32-patch8", count), assembly("128x3x32x32-patch8", count),
                    loss("256x100", count), loss("4096x1000", count),
                    training("resnet20-128x3x32x32", count))), OURS));
            groups.add(series("classes", Purpose.CLASSES, Stream.of("4096x1000", "1024x4096", "256x16384", "64x65536",
                    "16x262144").map(shape -> loss(shape, threads)), WITH_TUNED_ALLOCATOR));
            groups.add(series("batch", Purpose.BATCH, Stream.of(16, 32, 64, 128).map(
                    batch -> training("resnet20-" + batch + "x3x32x32", threads)), WITH_TUNED_ALLOCATOR));
        }
        addAlone(groups, training("resnet50-8x3x224x224", threads), environment);
        addAlone(groups, loss("8x21x512x512", threads).with(WITHOUT_REFERENCE), environment);
        return groups;
    }

    /** Calls that do next to nothing allocate next to nothing, so they are not repeated with the tuned allocator. */
    private static void addAlone(List<Group> groups, PlannedCase planned, Environment environment) {
        if (environment == Environment.DEFAULT) {
            groups.add(alone(planned));
        } else if (!planned.suite().startsWith("CallOverhead")) {
            groups.add(alone(planned.with(WITH_TUNED_ALLOCATOR)));
        }
    }

    /** The step whose memory is measured. */
    static PlannedCase memory(int threads) {
        return training("resnet18-64x3x32x32", threads).with(WITH_TUNED_ALLOCATOR);
    }

    private static List<Implementation> without(Implementation... others) {
        return ALL.stream().filter(implementation -> !List.of(others).contains(implementation)).toList();
    }

    private static Group alone(PlannedCase planned) {
        return new Group(planned.suite().replace("Benchmark", "") + "-"
                + planned.params().values().iterator().next(), Purpose.PEERS, List.of(planned));
    }

    private static Group series(String name, Purpose purpose, Stream<PlannedCase> cases,
                                List<Implementation> implementations) {
        return new Group("growth-" + name, purpose, cases.map(planned -> planned.with(implementations)).toList());
    }

    private static PlannedCase swap(String shape, int threads) {
        return planned("PatchSwapBenchmark", params("shape", shape, "layout", "nchw"), threads, ALL,
                () -> new PatchSwapCase(shape, DType.F32, Layout.NCHW, threads));
    }

    private static PlannedCase assembly(String shape, int threads) {
        return planned("PairAssemblyBenchmark", params("shape", shape, "layout", "nchw"), threads, ALL,
                () -> new PairAssemblyCase(shape, DType.F32, Layout.NCHW, threads));
    }

    private static PlannedCase loss(String shape, int threads) {
        return planned("DistillationLossBenchmark", params("shape", shape), threads, ALL,
                () -> new DistillationLossCase(shape, DType.F32, threads));
    }

    private static PlannedCase sgd(int threads) {
        return planned("SgdUpdateBenchmark", params("model", "resnet18"), threads, ALL,
                () -> new SgdUpdateCase("resnet18", DType.F32, threads));
    }

    private static PlannedCase training(String shape, int threads) {
        return planned("TrainingStepBenchmark", params("shape", shape), threads, WITHOUT_JAVA,
                () -> new TrainingStepCase(shape, DType.F32, threads));
    }

    private static PlannedCase call(String operation) {
        return new PlannedCase("CallOverheadBenchmark", Map.of("operation", operation), 1, ALL,
                () -> new CallOverheadCase(operation));
    }

    private static PlannedCase planned(String suite, Map<String, String> params, int threads,
                                       List<Implementation> implementations, Supplier<Case> maker) {
        params.put("type", "f32");
        params.put("threads", Integer.toString(threads));
        return new PlannedCase(suite, params, threads, implementations, maker);
    }

    private static Map<String, String> params(String... keysAndValues) {
        Map<String, String> params = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            params.put(keysAndValues[i], keysAndValues[i + 1]);
        }
        return params;
    }
}
