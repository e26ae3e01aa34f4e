package org.swapdistill.benchmarks.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/**
 * How cost grows.
 *
 * @param name of the chart's file
 * @param title of table and chart
 * @param abscissa what grows
 * @param ordinate cost and its unit
 * @param curves by name, cost by place
 */
record Series(String name, String title, String abscissa, String ordinate, Map<String, Map<Double, Double>> curves) {

    /** Those that were measured. */
    static List<Series> all(ResultFile file) {
        List<Series> all = new ArrayList<>();
        all.add(new Series("growth-classes", "Cost of the loss by the number of classes", "classes",
                "ns per element", curves(file, "classes", Series::classes,
                        result -> result.median() * 1e3 / elements(result.params().get("shape")))));
        all.add(new Series("growth-batch", "Cost of a training step of ResNet-20 by the batch", "images",
                "us per image", curves(file, "batch", Series::images, result -> result.median() / images(result))));
        all.add(new Series("growth-threads", "Speed of native by threads", "threads", "times the first",
                relative(file)));
        all.removeIf(series -> series.curves.isEmpty());
        return all;
    }

    private static Map<String, Map<Double, Double>> curves(ResultFile file, String purpose,
                                                           ToDoubleFunction<Result> place,
                                                           ToDoubleFunction<Result> cost) {
        Map<String, Map<Double, Double>> curves = new LinkedHashMap<>();
        for (Result result : file.results()) {
            if (result.purpose().equals(purpose) && result.comparable()) {
                curves.computeIfAbsent(result.implementation(), key -> new TreeMap<>())
                        .merge(place.applyAsDouble(result), cost.applyAsDouble(result), Math::min);
            }
        }
        return curves;
    }

    /** By case; quotients of samples of the same round. */
    private static Map<String, Map<Double, Double>> relative(ResultFile file) {
        Map<String, Map<Double, Double>> curves = new LinkedHashMap<>();
        ResultPage.byTitle(file, "threads").forEach((name, results) -> {
            Map<Double, Double> curve = new TreeMap<>();
            for (Result result : results) {
                curve.put(Double.valueOf(result.params().get("threads")),
                        results.get(0).primary().ratioTo(result.primary()).median());
            }
            curves.put(results.get(0).shortName(), curve);
        });
        return curves;
    }

    private static double elements(String shape) {
        return Arrays.stream(shape.split("x")).mapToDouble(Double::parseDouble).reduce(1, (a, b) -> a * b);
    }

    private static double classes(Result result) {
        return Double.parseDouble(result.params().get("shape").split("x")[1]);
    }

    private static double images(Result result) {
        return Double.parseDouble(result.params().get("shape").replaceAll("^.*-(\\d+)x.*$", "$1"));
    }
}
