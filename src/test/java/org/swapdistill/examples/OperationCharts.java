package org.swapdistill.examples;

import org.swapdistill.kernels.DistillationLoss.Divergence;
import org.swapdistill.kernels.SgdUpdate;

import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.SeriesMarkers;

import java.awt.BasicStroke;
import java.awt.Color;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Draws the charts of docs/operations with values that the kernels compute. */
public final class OperationCharts {
    static final Color[] COLORS = {new Color(0, 114, 178), new Color(213, 94, 0), new Color(0, 158, 115),
        new Color(204, 121, 167), new Color(86, 86, 86)};
    private static final int WIDTH = 480;
    private static final int HEIGHT = 380;
    private static final int SHOWN_STEPS = 30;
    private static final double[] CONTOURS = {1, 5, 15, 30, 50};
    private static final int CONTOUR_POINTS = 120;

    private OperationCharts() {
    }

    /** @param arguments the directory to write to */
    public static void main(String[] arguments) throws IOException {
        write(Path.of(arguments[0]));
    }

    /** Writes distillation-temperature.png, distillation-divergence.png and sgd-update.png. */
    static void write(Path directory) throws IOException {
        Files.createDirectories(directory);
        save(temperatures(), directory.resolve("distillation-temperature.png"));
        save(divergences(), directory.resolve("distillation-divergence.png"));
        save(trajectories(), directory.resolve("sgd-update.png"));
    }

    private static List<XYChart> temperatures() {
        Map<String, LossCurves> curves = new LinkedHashMap<>();
        for (int temperature : new int[] {1, 2, 4, 16}) {
            curves.put("T = " + temperature, LossCurves.of(Divergence.FORWARD_KL, temperature, true));
        }
        curves.put("T = 4, without T²", LossCurves.of(Divergence.FORWARD_KL, 4, false));
        return lossAndGradient("T² KL(t || s)", curves);
    }

    private static List<XYChart> divergences() {
        Map<String, LossCurves> curves = new LinkedHashMap<>();
        curves.put("forward KL", LossCurves.of(Divergence.FORWARD_KL, 2, true));
        curves.put("reverse KL", LossCurves.of(Divergence.REVERSE_KL, 2, true));
        curves.put("Jensen-Shannon", LossCurves.of(Divergence.JENSEN_SHANNON, 2, true));
        return lossAndGradient("T² D(t, s), T = 2", curves);
    }

    private static List<XYChart> lossAndGradient(String title, Map<String, LossCurves> curves) {
        XYChart loss = chart(title, "student's logit of class 0", "loss");
        XYChart gradient = chart("its gradient", "student's logit of class 0", "gradient with respect to the logit");
        loss.getStyler().setLegendPosition(LegendPosition.InsideN);
        gradient.getStyler().setLegendPosition(LegendPosition.InsideNW);
        curves.forEach((name, curve) -> {
            line(loss, name, curve.logit(), curve.loss());
            line(gradient, name, curve.logit(), curve.gradient());
        });
        return List.of(loss, gradient);
    }

    private static List<XYChart> trajectories() {
        XYChart plane = chart("path of the first " + SHOWN_STEPS + " steps", "x", "y");
        XYChart value = chart("value", "step", "f(x, y)");
        value.getStyler().setYAxisLogarithmic(true).setYAxisDecimalPattern("0E0").setLegendPosition(LegendPosition.InsideSW);
        plane.getStyler().setLegendVisible(false);
        for (double level : CONTOURS) {
            contour(plane, level);
        }
        Map<String, SgdUpdate> updates = new LinkedHashMap<>();
        updates.put("no momentum", SgdUpdate.builder().momentum(0).build());
        updates.put("momentum 0.8", SgdUpdate.builder().momentum(0.8f).build());
        updates.put("Nesterov's, 0.8", SgdUpdate.builder().momentum(0.8f).nesterov(true).build());
        double[] steps = new double[SgdTrajectory.STEPS + 1];
        for (int step = 0; step < steps.length; step++) {
            steps[step] = step;
        }
        int color = 0;
        for (Map.Entry<String, SgdUpdate> entry : updates.entrySet()) {
            SgdTrajectory trajectory = SgdTrajectory.of(entry.getValue());
            XYSeries path = plane.addSeries(entry.getKey(), Arrays.copyOf(trajectory.x(), SHOWN_STEPS + 1),
                Arrays.copyOf(trajectory.y(), SHOWN_STEPS + 1));
            path.setMarker(SeriesMarkers.CIRCLE).setMarkerColor(COLORS[color]);
            path.setLineColor(COLORS[color]).setLineStyle(SeriesLines.SOLID);
            line(value, entry.getKey(), steps, trajectory.value());
            color++;
        }
        return List.of(plane, value);
    }

    /** Adds the ellipse on which f has a value. */
    private static void contour(XYChart chart, double level) {
        double[] x = new double[CONTOUR_POINTS + 1];
        double[] y = new double[CONTOUR_POINTS + 1];
        for (int i = 0; i <= CONTOUR_POINTS; i++) {
            double angle = 2 * Math.PI * i / CONTOUR_POINTS;
            x[i] = Math.sqrt(2 * level) * Math.cos(angle);
            y[i] = Math.sqrt(2 * level / SgdTrajectory.CURVATURE) * Math.sin(angle);
        }
        chart.addSeries("f = " + level, x, y).setMarker(SeriesMarkers.NONE).setLineColor(Color.LIGHT_GRAY)
            .setLineStyle(new BasicStroke(1));
    }

    private static void line(XYChart chart, String name, double[] x, double[] y) {
        Color color = COLORS[chart.getSeriesMap().size()];
        chart.addSeries(name, x, y).setMarker(SeriesMarkers.NONE).setLineColor(color).setLineStyle(SeriesLines.SOLID);
    }

    private static XYChart chart(String title, String x, String y) {
        XYChart chart = new XYChartBuilder().width(WIDTH).height(HEIGHT).title(title).xAxisTitle(x).yAxisTitle(y).build();
        chart.getStyler().setMarkerSize(4).setChartBackgroundColor(Color.WHITE);
        return chart;
    }

    private static void save(List<XYChart> charts, Path file) throws IOException {
        BitmapEncoder.saveBitmap(charts, 1, charts.size(), file.toString(), BitmapFormat.PNG);
    }
}
