package org.swapdistill.cli;

import org.swapdistill.train.Evaluation;
import org.swapdistill.train.Objective;
import org.swapdistill.train.RunResult;
import org.swapdistill.train.checkpoint.AtomicFile;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** Finished runs of several objectives and seeds, and their tables. */
final class Comparison {
    private final String set;
    private final Map<Objective, List<Run>> runs = new LinkedHashMap<>();

    /** One finished run. */
    record Run(Objective objective, long seed, Path directory, RunResult result) {
    }

    /** @param set the set that is compared: {@code test} or {@code validation} */
    Comparison(String set) {
        this.set = set;
    }

    void add(Objective objective, long seed, Path directory, RunResult result) throws IOException {
        if (!result.evaluations().containsKey(set) || !result.evaluations().containsKey("train")) {
            throw new IOException(directory.resolve(RunResult.FILE) + " has no evaluation of the " + set
                + " and train sets");
        }
        runs.computeIfAbsent(objective, key -> new ArrayList<>()).add(new Run(objective, seed, directory, result));
    }

    /** The set that is compared. */
    String set() {
        return set;
    }

    /** Runs by objective, in the order in which they were added. */
    Map<Objective, List<Run>> runs() {
        return runs;
    }

    Evaluation evaluation(Run run) {
        return run.result().evaluations().get(set);
    }

    /** Writes {@code comparison.md} and {@code results.csv}. */
    void writeTables(Path directory) throws IOException {
        AtomicFile.writeString(directory.resolve("comparison.md"), markdown());
        AtomicFile.writeString(directory.resolve("results.csv"), csv());
    }

    /** One row per objective: mean and sample deviation over the seeds. */
    String markdown() {
        StringBuilder table = new StringBuilder();
        table.append("| objective | seeds | ").append(set).append(" accuracy % | ").append(set)
            .append(" cross-entropy | ").append(set).append(" calibration error | training accuracy % |\n");
        table.append("| --- | --- | --- | --- | --- | --- |\n");
        runs.forEach((objective, list) -> table.append("| ").append(objective).append(" | ").append(list.size())
            .append(" | ").append(cell("%.2f", list, run -> 100 * evaluation(run).top1()))
            .append(" | ").append(cell("%.4f", list, run -> evaluation(run).crossEntropy()))
            .append(" | ").append(cell("%.4f", list, run -> evaluation(run).calibrationError()))
            .append(" | ").append(cell("%.2f", list, run -> 100 * run.result().evaluations().get("train").top1()))
            .append(" |\n"));
        return table.toString();
    }

    private static String cell(String format, List<Run> list, ToDoubleFunction<Run> figure) {
        double[] values = list.stream().mapToDouble(figure).toArray();
        String mean = String.format(Locale.ROOT, format, mean(values));
        return values.length < 2 ? mean : mean + " ± " + String.format(Locale.ROOT, format, deviation(values));
    }

    static double mean(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum / values.length;
    }

    /** Sample deviation, with n - 1; of at least two values. */
    static double deviation(double[] values) {
        double mean = mean(values);
        double squares = 0;
        for (double value : values) {
            squares += (value - mean) * (value - mean);
        }
        return Math.sqrt(squares / (values.length - 1));
    }

    private String csv() {
        StringBuilder csv = new StringBuilder("objective,seed,set,top1,top5,cross_entropy,calibration_error,"
            + "train_top1,train_cross_entropy,epochs,parameters\n");
        runs.values().forEach(list -> list.forEach(run -> {
            Evaluation evaluation = evaluation(run);
            Evaluation train = run.result().evaluations().get("train");
            csv.append(String.format(Locale.ROOT, "%s,%d,%s,%.6f,%.6f,%.6f,%.6f,%.6f,%.6f,%s,%d%n", run.objective(),
                run.seed(), set, evaluation.top1(), evaluation.top5(), evaluation.crossEntropy(),
                evaluation.calibrationError(), train.top1(), train.crossEntropy(),
                run.result().configuration().get("epochs"), run.result().parameters()));
        }));
        return csv.toString();
    }
}
