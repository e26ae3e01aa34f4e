package org.swapdistill.benchmarks;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.ScalarResult;
import org.swapdistill.benchmarks.cases.Bound;
import org.swapdistill.benchmarks.machine.CopyBandwidth;
import org.swapdistill.benchmarks.machine.MatrixMultiplyRate;
import org.swapdistill.benchmarks.machine.OpenMp;
import org.swapdistill.benchmarks.machine.ProcessMemory;

/**
 * Secondary results of every iteration: bytes per second counted at the ideal number of bytes and their share of the
 * copy bandwidth, or additions and multiplications per second and their share of a matrix product's; and the peak
 * memory of the process. The machine's limit is measured before each iteration. Without a warm-up the first iteration
 * contains the preparations, so the limit is measured after it, and the peak is that of the preparations and left out.
 */
public final class MachineShare implements InternalProfiler {
    private static volatile Suite suite;

    /** Per second; 0 for none, NaN before it is known. */
    private double limit;
    private boolean peakKnown;

    /** Called by a suite in the forked JVM when it is ready. */
    static void begin(Suite ready) {
        suite = ready;
        ProcessMemory.release();
    }

    @Override
    public String getDescription() {
        return "Share of the machine's copy bandwidth or matrix multiplication rate, and peak memory";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
        Suite current = suite;
        limit = current == null ? Double.NaN : limit(current);
        peakKnown = current != null && ProcessMemory.resetPeak();
    }

    private static double limit(Suite current) {
        return current.usesGpu() ? 0 : limit(current.work().bound().kind(), current.threads());
    }

    private static double limit(Bound.Kind kind, int threads) {
        return switch (kind) {
            case MEMORY -> {
                try (CopyBandwidth copy = new CopyBandwidth(threads)) {
                    yield copy.measure();
                }
            }
            case ARITHMETIC, ARITHMETIC_BF16 -> MatrixMultiplyRate.of(kind == Bound.Kind.ARITHMETIC_BF16)
                    .map(product -> measured(product, threads)).orElse(0.0);
            case NOTHING -> 0;
        };
    }

    private static double measured(MatrixMultiplyRate rate, int threads) {
        try (MatrixMultiplyRate product = rate) {
            OpenMp.useThreads(threads);
            product.multiply();
            return product.measure();
        }
    }

    @Override
    public Collection<? extends Result<?>> afterIteration(BenchmarkParams benchmark, IterationParams iteration,
                                                         IterationResult result) {
        List<Result<?>> results = new ArrayList<>();
        Suite current = suite;
        if (current == null) {
            return results;
        }
        if (Double.isNaN(limit)) {
            limit = limit(current);
        }
        Bound bound = current.work().bound();
        double seconds = current.deviceSecondsPerCall().orElseGet(() -> seconds(benchmark, result));
        if (current.usesGpu()) {
            results.add(average("deviceTime", seconds * 1e6, "us/op"));
        }
        if (bound.kind() != Bound.Kind.NOTHING) {
            boolean memory = bound.kind() == Bound.Kind.MEMORY;
            double rate = bound.amount() / seconds;
            results.add(average(memory ? "idealBytes" : "arithmetic", rate * 1e-9, memory ? "GB/s" : "GFLOP/s"));
            if (limit > 0) {
                String name = memory ? "copyBandwidth" : "matrixProduct";
                results.add(average(name, limit * 1e-9, memory ? "GB/s" : "GFLOP/s"));
                results.add(average(name + "Share", 100 * rate / limit, "%"));
            }
        }
        if (peakKnown) {
            ProcessMemory.peakBytes().ifPresent(bytes -> results.add(
                    new ScalarResult("peakMemory", bytes / (double) (1 << 20), "MiB", AggregationPolicy.MAX)));
        }
        return results;
    }

    private static ScalarResult average(String name, double value, String unit) {
        return new ScalarResult(name, value, unit, AggregationPolicy.AVG);
    }

    /** By JMH's score, in whatever mode. */
    private static double seconds(BenchmarkParams benchmark, IterationResult result) {
        double score = result.getPrimaryResult().getScore();
        double unit = benchmark.getTimeUnit().toNanos(1) * 1e-9;
        return benchmark.getMode() == Mode.Throughput ? unit / score : unit * score;
    }
}
