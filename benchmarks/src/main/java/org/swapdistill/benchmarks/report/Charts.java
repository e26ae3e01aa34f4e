package org.swapdistill.benchmarks.report;

import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Speed against the ideal, against each peer, and how cost grows. */
final class Charts {
    private static final int WIDTH = 1200;
    private static final int HEIGHT = 800;
    private static final Font TICKS = new Font(Font.SANS_SERIF, Font.PLAIN, 11);
    private static final List<String> PEERS = List.of("reference", "java", "vector", "onednn", "libtorch");

    private Charts() {
    }

    /** Writes {@code ideal.png}, {@code peers.png} and one chart for each kind of growth, of what was measured. */
    static void write(ResultFile file, Path directory) throws IOException {
        Map<String, List<Result>> cases = ResultPage.byTitle(file, "peers");
        cases.values().removeIf(results -> results.get(0).suite().startsWith("CallOverhead")
                || ResultPage.fastest(results, "native", Environment.DEFAULT).isEmpty());
        if (!cases.isEmpty()) {
            save(ideal(cases), directory.resolve("ideal.png"));
            save(peers(cases), directory.resolve("peers.png"));
        }
        for (Series series : Series.all(file)) {
            save(growth(series), directory.resolve(series.name() + ".png"));
        }
    }

    private static CategoryChart bars(String title, String ordinate) {
        CategoryChart chart = new CategoryChartBuilder().width(WIDTH).height(HEIGHT).title(title).yAxisTitle(ordinate)
                .build();
        chart.getStyler().setChartBackgroundColor(Color.WHITE);
        chart.getStyler().setXAxisLabelRotation(45);
        chart.getStyler().setAxisTickLabelsFont(TICKS);
        chart.getStyler().setLegendPosition(LegendPosition.OutsideS);
        chart.getStyler().setLegendLayout(LegendLayout.Horizontal);
        return chart;
    }

    /** Short names of cases. */
    private static List<String> names(Map<String, List<Result>> cases) {
        return cases.values().stream().map(results -> results.get(0).shortName()).toList();
    }

    private static CategoryChart ideal(Map<String, List<Result>> cases) {
        CategoryChart chart = bars("Share of the machine's limit: copy bandwidth at ideal bytes, or rate of a matrix "
                + "product", "%");
        List<String> names = names(cases);
        for (String implementation : new String[] {"native", "libtorch", "vector", "java"}) {
            List<Double> shares = new ArrayList<>();
            for (List<Result> results : cases.values()) {
                Optional<Result> result = ResultPage.fastest(results, implementation, Environment.DEFAULT);
                shares.add(result.map(Charts::share).orElse(null));
            }
            if (shares.stream().anyMatch(share -> share != null)) {
                chart.addSeries(implementation, names, shares);
            }
        }
        return chart;
    }

    /** In percent; null where no limit was measured. */
    private static Double share(Result result) {
        String name = result.secondary().containsKey("copyBandwidthShare") ? "copyBandwidthShare"
                : "matrixProductShare";
        double share = result.secondary(name);
        return Double.isNaN(share) ? null : share;
    }

    private static CategoryChart peers(Map<String, List<Result>> cases) {
        CategoryChart chart = bars("Time of each peer, times as long as native", "times as long");
        chart.getStyler().setYAxisLogarithmic(true);
        chart.getStyler().setYAxisMin(0.1);
        List<String> names = names(cases);
        for (String peer : PEERS) {
            for (Environment environment : Environment.values()) {
                List<Double> ratios = new ArrayList<>();
                for (List<Result> results : cases.values()) {
                    Optional<Result> ours = ResultPage.fastest(results, "native", environment);
                    ratios.add(ResultPage.fastest(results, peer, environment).flatMap(theirs -> ours.map(
                            own -> theirs.primary().ratioTo(own.primary()).median())).orElse(null));
                }
                if (ratios.stream().anyMatch(ratio -> ratio != null)) {
                    chart.addSeries(peer.equals("libtorch") ? peer + ", " + environment.title() : peer, names,
                            ratios);
                }
            }
        }
        return chart;
    }

    private static XYChart growth(Series series) {
        XYChart chart = new XYChartBuilder().width(WIDTH).height(HEIGHT).title(series.title())
                .xAxisTitle(series.abscissa()).yAxisTitle(series.ordinate()).build();
        chart.getStyler().setChartBackgroundColor(Color.WHITE);
        chart.getStyler().setLegendPosition(LegendPosition.OutsideS);
        chart.getStyler().setXAxisLogarithmic(!series.abscissa().equals("threads"));
        chart.getStyler().setYAxisMin(0.0);
        series.curves().forEach((name, curve) -> chart.addSeries(name, new ArrayList<>(curve.keySet()),
                new ArrayList<>(curve.values())).setMarker(SeriesMarkers.CIRCLE));
        return chart;
    }

    private static void save(Chart<?, ?> chart, Path file) throws IOException {
        BitmapEncoder.saveBitmap(chart, file.toString(), BitmapFormat.PNG);
    }
}
