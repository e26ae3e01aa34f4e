package org.swapdistill.benchmarks.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.swapdistill.benchmarks.cases.Bound;
import org.swapdistill.benchmarks.machine.CopyBandwidth;
import org.swapdistill.benchmarks.machine.MatrixMultiplyRate;
import org.swapdistill.benchmarks.machine.OpenMp;

/** The machine's limits that bound a kind of work, to be timed among those who do it. */
final class Limits implements AutoCloseable {
    private final List<Way> ways = new ArrayList<>();
    private CopyBandwidth copy;
    private MatrixMultiplyRate product;

    /**
     * One way to reach a limit.
     *
     * @param limit name of the limit; the fastest way to it counts
     * @param amount bytes, or additions and multiplications
     */
    record Way(String limit, String unit, double amount, Runnable pass) {
    }

    Limits(Bound.Kind kind, int threads) {
        switch (kind) {
            case MEMORY -> {
                copy = new CopyBandwidth(threads);
                copy.ways().forEach(way -> ways.add(new Way(way.widening() ? "conversionBandwidth" : "copyBandwidth",
                        "GB/s", way.bytes(), way.pass())));
            }
            case ARITHMETIC, ARITHMETIC_BF16 -> {
                product = MatrixMultiplyRate.of(kind == Bound.Kind.ARITHMETIC_BF16).orElse(null);
                OpenMp.useThreads(threads);
                if (product != null) {
                    ways.add(new Way("matrixProduct", "GFLOP/s", MatrixMultiplyRate.operations(), product::multiply));
                }
            }
            case NOTHING -> {
            }
        }
    }

    List<Way> ways() {
        return ways;
    }

    /** By limit the fastest way to it, in units of 1e9 per second. */
    Map<String, Metric> best(List<InterleavedTimer.Samples> samples) {
        Map<String, Metric> best = new LinkedHashMap<>();
        for (int i = 0; i < ways.size(); i++) {
            Way way = ways.get(i);
            double[] rates = samples.get(i).seconds().clone();
            for (int j = 0; j < rates.length; j++) {
                rates[j] = way.amount() / rates[j] * 1e-9;
            }
            best.merge(way.limit(), new Metric(way.unit(), rates, samples.get(i).rounds()),
                    (a, b) -> a.statistics().median() > b.statistics().median() ? a : b);
        }
        return best;
    }

    @Override
    public void close() {
        if (copy != null) {
            copy.close();
        }
        if (product != null) {
            product.close();
        }
    }
}
