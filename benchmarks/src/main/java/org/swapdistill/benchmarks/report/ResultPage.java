package org.swapdistill.benchmarks.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Turns results of the short form into a Markdown page. */
final class ResultPage {
    private static final List<String> PEERS = List.of("reference", "java", "vector", "onednn", "libtorch");
    private static final String NONE = "-";

    private final ResultFile file;
    private final StringBuilder page = new StringBuilder();

    private ResultPage(ResultFile file) {
        this.file = file;
    }

    static void write(ResultFile file, Path output) throws IOException {
        ResultPage page = new ResultPage(file);
        page.machine();
        page.ratios();
        page.callOverhead();
        page.memory();
        page.growth();
        page.everything();
        page.notMeasured();
        Files.writeString(output, page.page.toString());
    }

    private void machine() {
        page.append(file.machine().entrySet().stream().map(entry -> entry.getKey() + ": " + entry.getValue())
                .collect(Collectors.joining("; "))).append(".\n");
    }

    private void title(String text) {
        page.append("\n## ").append(text).append("\n\n");
    }

    private void row(List<String> cells) {
        page.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    private void header(List<String> cells) {
        row(cells);
        row(cells.stream().map(cell -> "---").toList());
    }

    private void ratios() {
        Map<String, List<Result>> cases = byTitle("peers");
        cases.values().removeIf(results -> results.get(0).suite().startsWith("CallOverhead"));
        if (cases.isEmpty()) {
            return;
        }
        title("Times as long as native");
        page.append("Median and quartiles of quotients of samples taken in the same round; the fastest form counts.")
                .append("\n\n");
        List<String> cells = new ArrayList<>(List.of("case", "native, ms"));
        cells.addAll(PEERS.subList(0, PEERS.size() - 1));
        for (Environment environment : Environment.values()) {
            cells.add("libtorch, " + environment.title());
        }
        cells.addAll(List.of("GB/s or GFLOP/s", "share of the machine's limit"));
        header(cells);
        cases.forEach((name, results) -> fastest(results, "native", Environment.DEFAULT).ifPresent(ours -> {
            List<String> line = new ArrayList<>(List.of(name, ours.primary().statistics().times(1e-3).toString()));
            for (String peer : PEERS.subList(0, PEERS.size() - 1)) {
                line.add(ratio(results, peer, Environment.DEFAULT));
            }
            for (Environment environment : Environment.values()) {
                line.add(ratio(results, "libtorch", environment));
            }
            boolean memory = ours.secondary().containsKey("idealBytes");
            line.add(median(ours, memory ? "idealBytes" : "arithmetic"));
            line.add(median(ours, memory ? "copyBandwidthShare" : "matrixProductShare") + " %");
            row(line);
        }));
    }

    private static String ratio(List<Result> results, String peer, Environment environment) {
        Optional<Result> ours = fastest(results, "native", environment);
        return fastest(results, peer, environment).flatMap(theirs -> ours.map(
                own -> theirs.primary().ratioTo(own.primary()) + " (" + theirs.form() + ")")).orElse(NONE);
    }

    private static String median(Result result, String quantity) {
        return result.secondary().containsKey(quantity) ? Statistics.digits(result.secondary(quantity)) : NONE;
    }

    private void callOverhead() {
        Map<String, List<Result>> cases = byTitle("peers");
        cases.values().removeIf(results -> !results.get(0).suite().startsWith("CallOverhead"));
        if (cases.isEmpty()) {
            return;
        }
        title("Call overhead");
        header(List.of("case", "implementation", "ns", "garbage, bytes per call"));
        cases.forEach((name, results) -> results.forEach(result -> row(List.of(name,
                result.implementation() + ": " + result.form(), result.primary().statistics().times(1e3).toString(),
                median(result, "garbage")))));
    }

    private void memory() {
        List<Result> results = file.results().stream().filter(result -> result.purpose().equals("memory")).toList();
        if (results.isEmpty()) {
            return;
        }
        title("Peak memory of a process that only trains");
        header(List.of("case", "implementation", "environment", "MiB"));
        results.forEach(result -> row(List.of(result.title(), result.implementation() + ": " + result.form(),
                result.environment(), Statistics.digits(result.median()))));
    }

    private void growth() {
        for (Series series : Series.all(file)) {
            title(series.title());
            List<String> cells = new ArrayList<>(List.of(series.abscissa()));
            series.curves().keySet().forEach(curve -> cells.add(curve + ", " + series.ordinate()));
            header(cells);
            List<Double> places = series.curves().values().stream().flatMap(curve -> curve.keySet().stream())
                    .distinct().sorted().toList();
            for (double place : places) {
                List<String> line = new ArrayList<>(List.of(String.format(Locale.ROOT, "%.0f", place)));
                series.curves().values().forEach(curve -> line.add(
                        curve.containsKey(place) ? Statistics.digits(curve.get(place)) : NONE));
                row(line);
            }
        }
    }

    private void everything() {
        title("Everything that was timed");
        header(List.of("environment", "case", "implementation", "form", "microseconds", "samples"));
        file.results().stream().filter(result -> !result.purpose().equals("memory")).forEach(result -> row(List.of(
                result.environment(), result.title() + threads(result), result.implementation(), result.form(),
                result.primary().statistics().toString(), Integer.toString(result.primary().samples().length))));
    }

    private static String threads(Result result) {
        return result.params().containsKey("threads") ? ", threads: " + result.params().get("threads") : "";
    }

    private void notMeasured() {
        if (!file.notMeasured().isEmpty()) {
            title("Not measured");
            file.notMeasured().forEach(line -> page.append("- ").append(line).append('\n'));
        }
    }

    private Map<String, List<Result>> byTitle(String purpose) {
        return byTitle(file, purpose);
    }

    static Map<String, List<Result>> byTitle(ResultFile file, String purpose) {
        return file.results().stream().filter(result -> result.purpose().equals(purpose)).collect(
                Collectors.groupingBy(Result::title, LinkedHashMap::new, Collectors.toList()));
    }

    /** The fastest form that counts. */
    static Optional<Result> fastest(List<Result> results, String implementation, Environment environment) {
        return results.stream().filter(result -> result.implementation().equals(implementation)
                && result.environment().equals(environment.title()) && result.comparable())
                .min((a, b) -> Double.compare(a.median(), b.median()));
    }
}
