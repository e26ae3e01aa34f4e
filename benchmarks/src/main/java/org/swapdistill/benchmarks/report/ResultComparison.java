package org.swapdistill.benchmarks.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.math3.distribution.TDistribution;

/**
 * Compares two result files, of JMH or of the short form. The ratio is that of the geometric means of the times; its
 * confidence interval is Welch's for the difference of the logarithms' means.
 */
public final class ResultComparison {
    private static final String USAGE = """
            Usage: java -jar benchmarks.jar compare [OPTION VALUE]... BEFORE.json AFTER.json
              --confidence  of the intervals (0.99)
              --tolerance   what counts as a change: the interval has to lie beyond 1 by this much (0.02)
            The exit code is 1 if something became slower.
            """;

    /**
     * A ratio of times, after over before.
     *
     * @param lower end of the interval; NaN where a file has one sample only
     * @param upper end of the interval
     */
    record Ratio(double value, double lower, double upper) {

        /** Of samples that are all above 0. */
        static Ratio of(double[] before, double[] after, double confidence) {
            Logarithms b = Logarithms.of(before);
            Logarithms a = Logarithms.of(after);
            double difference = a.mean - b.mean;
            double error = b.squaredError() + a.squaredError();
            double half = Double.NaN;
            if (before.length > 1 && after.length > 1) {
                double freedom = error == 0 ? 1 : error * error
                        / (b.squaredError() * b.squaredError() / (b.count - 1)
                        + a.squaredError() * a.squaredError() / (a.count - 1));
                half = Math.sqrt(error) * new TDistribution(freedom)
                        .inverseCumulativeProbability(1 - (1 - confidence) / 2);
            }
            return new Ratio(Math.exp(difference), Math.exp(difference - half), Math.exp(difference + half));
        }

        boolean slower(double tolerance) {
            return lower > 1 + tolerance;
        }

        boolean faster(double tolerance) {
            return upper < 1 - tolerance;
        }
    }

    private record Logarithms(int count, double mean, double variance) {
        static Logarithms of(double[] samples) {
            double sum = 0;
            for (double sample : samples) {
                sum += Math.log(sample);
            }
            double mean = sum / samples.length;
            double squares = 0;
            for (double sample : samples) {
                squares += (Math.log(sample) - mean) * (Math.log(sample) - mean);
            }
            return new Logarithms(samples.length, mean, squares / Math.max(1, samples.length - 1));
        }

        double squaredError() {
            return variance / count;
        }
    }

    private ResultComparison() {
    }

    /** Prints the comparison; see {@code --help}. */
    public static void main(String[] args) throws IOException {
        Map<String, String> known = new LinkedHashMap<>();
        known.put("--confidence", "0.99");
        known.put("--tolerance", "0.02");
        if (List.of(args).contains("--help")) {
            System.out.print(USAGE);
            return;
        }
        Arguments arguments = new Arguments(args, known);
        if (arguments.others().size() != 2) {
            throw new IllegalArgumentException("got " + arguments.others().size() + " files; expected two");
        }
        double confidence = arguments.number("--confidence", 0);
        if (!(confidence > 0 && confidence < 1)) {
            throw new IllegalArgumentException("--confidence is " + confidence + "; expected more than 0, less than 1");
        }
        List<String> slower = compare(ResultFile.read(Path.of(arguments.others().get(0))),
                ResultFile.read(Path.of(arguments.others().get(1))), confidence,
                arguments.number("--tolerance", 0));
        if (!slower.isEmpty()) {
            System.exit(1);
        }
    }

    /** Prints ratios; returns the names of what became slower. */
    private static List<String> compare(ResultFile before, ResultFile after, double confidence, double tolerance) {
        Map<String, Result> earlier = byName(before);
        Map<String, Result> later = byName(after);
        List<String> slower = new ArrayList<>();
        List<String> faster = new ArrayList<>();
        System.out.printf(Locale.ROOT, "| case | after / before | %.4g %% confidence | |%n| --- | --- | --- | --- |%n",
                100 * confidence);
        later.forEach((name, result) -> {
            Result old = earlier.get(name);
            if (old == null) {
                return;
            }
            if (!old.primary().unit().equals(result.primary().unit())) {
                throw new IllegalArgumentException(name + " is in " + old.primary().unit() + " before and in "
                        + result.primary().unit() + " after; expected one unit");
            }
            Ratio ratio = Ratio.of(cost(old.primary()), cost(result.primary()), confidence);
            String verdict = ratio.slower(tolerance) ? "slower" : ratio.faster(tolerance) ? "faster" : "";
            (verdict.equals("slower") ? slower : verdict.equals("faster") ? faster : new ArrayList<String>())
                    .add(name);
            System.out.printf(Locale.ROOT, "| %s | %.3f | %s | %s |%n", name, ratio.value(),
                    Double.isNaN(ratio.lower()) ? "one sample" : String.format(Locale.ROOT, "%.3f-%.3f",
                            ratio.lower(), ratio.upper()), verdict);
        });
        print("Only before", earlier.keySet().stream().filter(name -> !later.containsKey(name)).toList());
        print("Only after", later.keySet().stream().filter(name -> !earlier.containsKey(name)).toList());
        print("Became faster", faster);
        print("Became slower", slower);
        if (slower.isEmpty()) {
            System.out.println("\nNothing became slower.");
        }
        return slower;
    }

    /** Samples of which more is worse. */
    private static double[] cost(Metric metric) {
        double[] cost = metric.samples().clone();
        if (metric.unit().startsWith("ops/")) {
            for (int i = 0; i < cost.length; i++) {
                cost[i] = 1 / cost[i];
            }
        }
        return cost;
    }

    private static void print(String title, List<String> names) {
        if (!names.isEmpty()) {
            System.out.println("\n" + title + ":");
            names.forEach(name -> System.out.println("- " + name));
        }
    }

    private static Map<String, Result> byName(ResultFile file) {
        Map<String, Result> results = new LinkedHashMap<>();
        for (Result result : file.results()) {
            String name = result.suite() + (result.purpose().isEmpty() ? "" : " (" + result.purpose() + ")") + " "
                    + new TreeMap<>(result.params()).toString().replaceAll("[{}]", "");
            results.put(name, result);
        }
        return results;
    }
}
