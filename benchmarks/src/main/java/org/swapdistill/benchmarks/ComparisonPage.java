package org.swapdistill.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.Loader;
import org.swapdistill.kernels.KernelLibrary;

/** Turns samples into a Markdown page: the machine, the comparison, and every contender. */
final class ComparisonPage {
    private final int threads;
    private final double loadBefore;

    ComparisonPage(int threads, double loadBefore) {
        this.threads = threads;
        this.loadBefore = loadBefore;
    }

    String render(Map<Environment, List<Samples>> results) {
        StringBuilder page = new StringBuilder();
        page.append("Machine: ").append(processor()).append(", ").append(threads).append(" threads, ")
                .append(System.getProperty("os.name")).append(' ').append(System.getProperty("os.arch"))
                .append(", JDK ").append(Runtime.version().feature())
                .append(String.format(Locale.ROOT, "; load average before the runs at most %.1f.%n%n", loadBefore))
                .append("SwapDistill ").append(KernelLibrary.version()).append(" (")
                .append(KernelLibrary.bestInstructionSet()).append("), libtorch ").append(libtorchVersion())
                .append(". Medians, quartiles in parentheses.\n\n");
        appendSummary(page, results);
        page.append("\nAll contenders:\n\n");
        appendDetails(page, results);
        return page.toString();
    }

    private static void appendSummary(StringBuilder page, Map<Environment, List<Samples>> results) {
        page.append("| case | SwapDistill, ms |");
        for (Environment environment : results.keySet()) {
            page.append(" best libtorch, ").append(environment.title()).append(", ms | times as long |");
        }
        page.append(" GB/s at ideal bytes | share of copy bandwidth |\n| --- | --- |")
                .append(" --- | --- |".repeat(results.size())).append(" --- | --- |\n");
        List<Samples> tuned = results.get(Environment.TUNED);
        for (String name : byCase(tuned).keySet()) {
            Samples ours = ofKind(byCase(tuned).get(name), Contender.Kind.SWAPDISTILL);
            page.append("| ").append(name).append(" | ").append(ours.milliseconds());
            for (List<Samples> samples : results.values()) {
                List<Samples> contenders = byCase(samples).get(name);
                Samples peer = ofKind(contenders, Contender.Kind.LIBTORCH);
                page.append(" | ").append(Statistics.digits(peer.milliseconds().median())).append(" (")
                        .append(peer.contender()).append(") | ")
                        .append(peer.timesAsLongAs(ofKind(contenders, Contender.Kind.SWAPDISTILL)));
            }
            if (ours.bytes() > 0) {
                Samples copy = ofKind(byCase(tuned).get(name), Contender.Kind.COPY);
                page.append(" | ").append(Statistics.digits(ours.gigabytesPerSecond())).append(" | ")
                        .append(ours.shareOf(copy).times(100)).append(" %");
            } else {
                page.append(" | - | -");
            }
            page.append(" |\n");
        }
    }

    private static void appendDetails(StringBuilder page, Map<Environment, List<Samples>> results) {
        page.append("| environment | case | contender | ms | times SwapDistill's time | GB/s at ideal bytes |\n")
                .append("| --- | --- | --- | --- | --- | --- |\n");
        results.forEach((environment, all) -> byCase(all).forEach((name, contenders) -> {
            Samples ours = ofKind(contenders, Contender.Kind.SWAPDISTILL);
            for (Samples samples : contenders) {
                boolean comparable = samples.kind() != Contender.Kind.COPY
                        && samples.kind() != Contender.Kind.WIDENING;
                page.append("| ").append(environment.title()).append(" | ").append(name).append(" | ")
                        .append(title(samples)).append(" | ").append(samples.milliseconds()).append(" | ")
                        .append(comparable ? samples.timesAsLongAs(ours).toString() : "-").append(" | ")
                        .append(samples.bytes() > 0 ? Statistics.digits(samples.gigabytesPerSecond()) : "-")
                        .append(" |\n");
            }
        }));
    }

    private static String title(Samples samples) {
        return switch (samples.kind()) {
            case SWAPDISTILL -> "SwapDistill " + samples.contender();
            case LIBTORCH, LIBTORCH_MANUAL -> "libtorch: " + samples.contender();
            case COPY -> "copy: " + samples.contender();
            case WIDENING -> "conversion from u8 to f32: " + samples.contender();
        };
    }

    /** The fastest of a kind. */
    private static Samples ofKind(List<Samples> contenders, Contender.Kind kind) {
        return contenders.stream().filter(samples -> samples.kind() == kind)
                .min(Comparator.comparingDouble(samples -> samples.milliseconds().median())).orElseThrow();
    }

    private static Map<String, List<Samples>> byCase(List<Samples> all) {
        return all.stream().collect(Collectors.groupingBy(Samples::caseName, LinkedHashMap::new, Collectors.toList()));
    }

    private static String libtorchVersion() {
        try {
            return Loader.getVersion("org.bytedeco", "pytorch");
        } catch (IOException e) {
            return "of an unknown version";
        }
    }

    private static String processor() {
        Path file = Path.of("/proc/cpuinfo");
        try {
            if (Files.isReadable(file)) {
                for (String line : Files.readAllLines(file)) {
                    if (line.startsWith("model name")) {
                        return line.substring(line.indexOf(':') + 1).strip();
                    }
                }
            }
        } catch (IOException e) {
            return "unknown processor (" + file + ": " + e.getMessage() + ")";
        }
        return "unknown processor";
    }
}
