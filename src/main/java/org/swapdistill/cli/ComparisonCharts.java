package org.swapdistill.cli;

import org.swapdistill.train.Evaluation;
import org.swapdistill.train.Objective;

import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

import java.awt.Color;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Curves of a comparison: accuracy over the epochs, and accuracy over confidence. */
final class ComparisonCharts {
    /** The share of right answers among fewer images than this is noise, and not drawn. */
    private static final int LEAST_IMAGES = 10;

    private ComparisonCharts() {
    }

    /** Writes {@code accuracy.png} and {@code calibration.png}. */
    static void write(Comparison comparison, Path directory) throws IOException {
        save(accuracy(comparison), directory.resolve("accuracy.png"));
        save(calibration(comparison), directory.resolve("calibration.png"));
    }

    private static XYChart accuracy(Comparison comparison) throws IOException {
        XYChart chart = chart(comparison.set() + " accuracy, mean over the seeds", "epoch", "accuracy %");
        chart.getStyler().setLegendPosition(LegendPosition.InsideSE);
        for (Map.Entry<Objective, List<Comparison.Run>> entry : comparison.runs().entrySet()) {
            TreeMap<Integer, List<Double>> byEpoch = new TreeMap<>();
            for (Comparison.Run run : entry.getValue()) {
                readAccuracies(run.directory().resolve(TrainingSession.EPOCHS), comparison.set() + "_top1", byEpoch);
            }
            if (!byEpoch.isEmpty()) {
                double[] means = byEpoch.values().stream().mapToDouble(values -> 100 * Comparison.mean(
                    values.stream().mapToDouble(Double::doubleValue).toArray())).toArray();
                double[] epochs = byEpoch.keySet().stream().mapToDouble(Integer::doubleValue).toArray();
                addSeries(chart, entry.getKey(), epochs, means).setMarker(SeriesMarkers.NONE);
            }
        }
        return chart;
    }

    /** Adds a column of a run's log to the values of each epoch. */
    private static void readAccuracies(Path log, String column, Map<Integer, List<Double>> byEpoch)
            throws IOException {
        List<String> lines = Files.readAllLines(log);
        int index = lines.isEmpty() ? -1 : Arrays.asList(lines.get(0).split(",")).indexOf(column);
        if (index < 0) {
            throw new IOException(log + " has no column " + column);
        }
        for (String line : lines.subList(1, lines.size())) {
            String[] values = line.split(",", -1);
            try {
                if (!values[index].isEmpty()) {
                    byEpoch.computeIfAbsent(Integer.valueOf(values[0]), key -> new ArrayList<>())
                        .add(Double.valueOf(values[index]));
                }
            } catch (IndexOutOfBoundsException | NumberFormatException e) {
                throw new IOException(log + " has a damaged line: " + line);
            }
        }
    }

    private static XYChart calibration(Comparison comparison) {
        XYChart chart = chart(comparison.set() + " accuracy over confidence, all seeds", "confidence", "accuracy");
        chart.getStyler().setLegendPosition(LegendPosition.InsideNW);
        chart.getStyler().setXAxisMin(0.0);
        chart.getStyler().setXAxisMax(1.0);
        chart.getStyler().setYAxisMin(0.0);
        chart.getStyler().setYAxisMax(1.0);
        XYSeries diagonal = chart.addSeries("calibrated", new double[] {0, 1}, new double[] {0, 1});
        diagonal.setMarker(SeriesMarkers.NONE);
        diagonal.setLineColor(Color.LIGHT_GRAY);
        comparison.runs().forEach((objective, runs) -> {
            List<Double> confidences = new ArrayList<>();
            List<Double> accuracies = new ArrayList<>();
            for (int bin = 0; bin < Evaluation.BINS; bin++) {
                long count = 0;
                double confidence = 0;
                double accuracy = 0;
                for (Comparison.Run run : runs) {
                    Evaluation evaluation = comparison.evaluation(run);
                    long images = evaluation.binCounts()[bin];
                    count += images;
                    confidence += images * evaluation.binConfidences()[bin];
                    accuracy += images * evaluation.binAccuracies()[bin];
                }
                if (count >= LEAST_IMAGES) {
                    confidences.add(confidence / count);
                    accuracies.add(accuracy / count);
                }
            }
            if (!confidences.isEmpty()) {
                addSeries(chart, objective, confidences.stream().mapToDouble(Double::doubleValue).toArray(),
                    accuracies.stream().mapToDouble(Double::doubleValue).toArray()).setMarker(SeriesMarkers.CIRCLE);
            }
        });
        return chart;
    }

    /** A series in the colour that its objective has in every chart. */
    private static XYSeries addSeries(XYChart chart, Objective objective, double[] x, double[] y) {
        Color[] colors = chart.getStyler().getSeriesColors();
        Color color = colors[objective.ordinal() % colors.length];
        XYSeries series = chart.addSeries(objective.commandLineName(), x, y);
        series.setLineColor(color);
        series.setMarkerColor(color);
        return series;
    }

    private static XYChart chart(String title, String x, String y) {
        XYChart chart = new XYChartBuilder().width(900).height(600).title(title).xAxisTitle(x).yAxisTitle(y).build();
        chart.getStyler().setChartBackgroundColor(Color.WHITE);
        chart.getStyler().setMarkerSize(6);
        return chart;
    }

    private static void save(XYChart chart, Path file) throws IOException {
        BitmapEncoder.saveBitmap(chart, file.toString(), BitmapFormat.PNG);
    }
}
