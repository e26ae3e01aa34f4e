package org.swapdistill.benchmarks.cases;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.swapdistill.benchmarks.machine.LibraryCache;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Layout;

/** Every implementation of every case agrees with the reference, or says why it is not there. */
class ContendersTest {
    private static final int THREADS = 2;

    /** In time for the sources of arguments, which ask what is available. */
    static {
        LibraryCache.refresh();
    }

    static Stream<Arguments> casesAndImplementations() {
        Stream<Supplier<Case>> images = Stream.of(Layout.values()).flatMap(layout -> Stream.of(
                () -> new PatchSwapCase("3x3x32x32-patch8", DType.F32, layout, THREADS),
                () -> new PatchSwapCase("3x2x20x20-patch5", DType.U8, layout, THREADS),
                () -> new PatchSwapCase("2x3x32x32-patch16", DType.BF16, layout, THREADS),
                () -> new PairAssemblyCase("3x3x16x16-patch4", DType.F32, layout, THREADS),
                () -> new PairAssemblyCase("2x1x77x77-patch11", DType.F32, layout, THREADS),
                () -> new PairAssemblyCase("2x3x70x70-patch10", DType.F16, layout, THREADS)));
        Stream<Supplier<Case>> others = Stream.of(
                () -> new DistillationLossCase("9x10", DType.F32, THREADS),
                () -> new DistillationLossCase("5x1000", DType.F32, THREADS),
                () -> new DistillationLossCase("2x21x9x13", DType.F32, THREADS),
                () -> new DistillationLossCase("7x100", DType.F16, THREADS),
                () -> new DistillationLossCase("7x100", DType.BF16, THREADS),
                () -> new SgdUpdateCase("resnet8", DType.F32, THREADS),
                () -> new SgdUpdateCase("70001", DType.BF16, THREADS),
                () -> new TrainingStepCase("resnet8-8x3x16x16", DType.F32, THREADS),
                () -> new TrainingStepCase("resnet18-4x3x16x16", DType.F32, THREADS),
                () -> new TrainingStepCase("resnet8-8x3x16x16", DType.BF16, THREADS),
                () -> new CallOverheadCase(CallOverheadCase.CROSSING),
                () -> new CallOverheadCase("patch_swap"),
                () -> new CallOverheadCase("assemble_pairs"),
                () -> new CallOverheadCase("distillation_loss"),
                () -> new CallOverheadCase("sgd_update"));
        Supplier<Case> deep = () -> new TrainingStepCase("resnet50-4x3x64x64", DType.F32, THREADS);
        return Stream.concat(Stream.concat(images, others).flatMap(maker -> available(maker, true)),
                available(deep, false));
    }

    /** @param withReference not for deep networks, for which it takes too long */
    private static Stream<Arguments> available(Supplier<Case> maker, boolean withReference) {
        return Stream.of(Implementation.values())
                .filter(implementation -> implementation.reason().isEmpty())
                .filter(implementation -> withReference || implementation != Implementation.REFERENCE)
                .map(implementation -> Arguments.of(maker, implementation));
    }

    @ParameterizedTest
    @MethodSource("casesAndImplementations")
    void agreesWithTheReference(Supplier<Case> maker, Implementation implementation) {
        try (Case work = maker.get()) {
            List<Contender> contenders;
            try {
                contenders = work.contenders(implementation);
            } catch (UnavailableException e) {
                assertTrue(e.getMessage().startsWith(implementation + " is not available: "), e.getMessage());
                return;
            }
            assertFalse(contenders.isEmpty(), "no form");
            for (Contender contender : contenders) {
                contender.check().run();
                if (implementation != Implementation.REFERENCE) {
                    contender.work().run();
                    contender.check().run();
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("wrongShapes")
    void refusesShapesThatMakeNoSense(Supplier<Case> maker) {
        assertThrows(IllegalArgumentException.class, maker::get);
    }

    static Stream<Supplier<Case>> wrongShapes() {
        return Stream.of(
                () -> new PatchSwapCase("64x3x224x224", DType.F32, Layout.NCHW, 1),
                () -> new PatchSwapCase("64x3x224x224-patch33", DType.F32, Layout.NCHW, 1),
                () -> new PatchSwapCase("64x3x224x220-patch4", DType.F32, Layout.NCHW, 1),
                () -> new DistillationLossCase("256", DType.F32, 1),
                () -> new DistillationLossCase("256x1", DType.F32, 1),
                () -> new DistillationLossCase("256xten", DType.F32, 1),
                () -> new TrainingStepCase("resnet20-127x3x32x32", DType.F32, 1),
                () -> new TrainingStepCase("resnet20", DType.F32, 1),
                () -> new CallOverheadCase("loss"));
    }
}
