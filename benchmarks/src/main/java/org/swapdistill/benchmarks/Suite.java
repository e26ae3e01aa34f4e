package org.swapdistill.benchmarks;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.swapdistill.benchmarks.cases.Case;
import org.swapdistill.benchmarks.cases.Contender;
import org.swapdistill.benchmarks.cases.Implementation;
import org.swapdistill.benchmarks.machine.LibraryCache;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Layout;

/**
 * What all suites share. An invocation does a case's work once, by one implementation; where it has several forms, by
 * the fastest in a short race. Every form is compared with the reference before.
 *
 * <p>The forked JVM resolves all modules of the system, which is how a JVM that has the Vector API gets it and one that
 * has not still starts; and JavaCPP does not watch the size of the process, which would cost every allocation.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = {"--add-modules=ALL-SYSTEM", "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
    "-Dorg.bytedeco.javacpp.maxBytes=0"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public abstract class Suite {
    private static final double RACE_SECONDS = 0.1;
    private static final int MOST_CALLS = 1000;

    /** Who does the work. */
    @Param({"reference", "java", "vector", "native", "libtorch", "onednn", "cuda", "libtorch-cuda"})
    public String implementation;

    private Case work;
    private Contender contender;
    private Runnable body;
    private double deviceSeconds;
    private long deviceCalls;

    /** Makes the work that the parameters name. */
    abstract Case create();

    /** Prepares, checks and chooses. */
    @Setup(Level.Trial)
    public void prepare() {
        LibraryCache.refresh();
        Implementation who = Implementation.parse(implementation);
        work = create();
        List<Contender> forms = work.contenders(who);
        for (Contender form : forms) {
            form.check().run();
        }
        work.forgetReference();
        List<Contender> comparable = forms.stream().filter(Contender::comparable).toList();
        contender = comparable.size() == 1 ? comparable.get(0)
                : comparable.stream().min(Comparator.comparingDouble(Suite::race)).orElseThrow();
        System.out.println("# Checked: " + work.name() + ", " + who + ", form: " + contender.form());
        body = who.onGpu() ? this::onGpu : contender.work();
        MachineShare.begin(this);
    }

    private void onGpu() {
        deviceSeconds += contender.stopwatch().seconds(contender.work(), 1);
        deviceCalls++;
    }

    /** Seconds of a call, after one call that is not timed. */
    private static double race(Contender form) {
        form.work().run();
        double once = form.stopwatch().seconds(form.work(), 1);
        int more = (int) Math.max(1, Math.min(MOST_CALLS, RACE_SECONDS / once));
        return Math.min(once, form.stopwatch().seconds(form.work(), more) / more);
    }

    /** Forgets the times of the iteration before. */
    @Setup(Level.Iteration)
    public void beginIteration() {
        deviceSeconds = 0;
        deviceCalls = 0;
    }

    /** Does the work once; on a GPU waits for its end. */
    @Benchmark
    public void call() {
        body.run();
    }

    /** Frees everything. */
    @TearDown(Level.Trial)
    public void close() {
        work.close();
    }

    Case work() {
        return work;
    }

    /** Seconds of a call in this iteration by the clock of the GPU; empty on the host. */
    OptionalDouble deviceSecondsPerCall() {
        return deviceCalls == 0 ? OptionalDouble.empty() : OptionalDouble.of(deviceSeconds / deviceCalls);
    }

    boolean usesGpu() {
        return Implementation.parse(implementation).onGpu();
    }

    /** Threads of the work, at least 1. */
    abstract int threads();

    /** The number of threads that a parameter stands for. */
    static int threads(String parameter) {
        int threads = Integer.parseInt(parameter);
        if (threads < 0) {
            throw new IllegalArgumentException("threads is " + threads + "; expected 0 for all processors, or more");
        }
        return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    }

    static DType type(String parameter) {
        return DType.valueOf(parameter.toUpperCase(Locale.ROOT));
    }

    static Layout layout(String parameter) {
        return Layout.valueOf(parameter.toUpperCase(Locale.ROOT));
    }
}
