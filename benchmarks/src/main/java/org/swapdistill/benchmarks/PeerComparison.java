package org.swapdistill.benchmarks;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Compares this library with libtorch and with the machine's copy bandwidth: once with libtorch as it comes and once
 * with the allocator tuned for it, each in a process of its own, and writes one Markdown page.
 */
public final class PeerComparison {
    private static final String USAGE = """
            Usage: PeerComparison [--threads N] [--seconds S] [--output FILE] [CASE...]
              --threads  of every contender (all processors)
              --seconds  for the rounds of one case in one environment (12)
              --output   of the Markdown page (target/peer-comparison.md); the samples go beside it
              CASE       a case, or the beginning of the names of several (all):
            """;

    private PeerComparison() {
    }

    /** Runs the comparison; see {@code --help}. */
    public static void main(String[] args) throws IOException, InterruptedException {
        int threads = Runtime.getRuntime().availableProcessors();
        double seconds = 12;
        Path output = Path.of("target", "peer-comparison.md");
        List<String> cases = new ArrayList<>();
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--help" -> {
                    System.out.print(USAGE);
                    Cases.all().keySet().forEach(name -> System.out.println("               " + name));
                    return;
                }
                case "--threads" -> threads = (int) positive(args, ++i);
                case "--seconds" -> seconds = positive(args, ++i);
                case "--output" -> output = Path.of(value(args, ++i));
                default -> cases.addAll(named(args[i]));
            }
        }
        compare(threads, seconds, output, cases.isEmpty() ? List.copyOf(Cases.all().keySet()) : cases);
    }

    private static void compare(int threads, double seconds, Path output, List<String> cases)
            throws IOException, InterruptedException {
        Files.createDirectories(output.toAbsolutePath().getParent());
        Map<Environment, List<Samples>> results = new EnumMap<>(Environment.class);
        double busiest = 0;
        for (Environment environment : Environment.values()) {
            System.out.println(environment.title() + ":");
            busiest = Math.max(busiest, ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
            Path samples = output.resolveSibling(
                    "samples-" + environment.name().toLowerCase(Locale.ROOT) + ".tsv");
            measure(environment, threads, seconds, samples, cases);
            results.put(environment, Samples.read(samples));
        }
        String page = new ComparisonPage(threads, busiest).render(results);
        Files.writeString(output, page);
        System.out.println();
        System.out.println(page);
        System.out.println("Written to " + output);
    }

    private static void measure(Environment environment, int threads, double seconds, Path samples,
                                List<String> cases) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp", System.getProperty("java.class.path"),
                // Tensors are freed by scopes; without the limit JavaCPP would not read the process size at every one.
                "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0", "-Dorg.bytedeco.javacpp.maxBytes=0",
                Measurement.class.getName(), Integer.toString(threads), Double.toString(seconds), samples.toString()));
        command.addAll(cases);
        ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
        environment.applyTo(builder.environment(), threads);
        int status = builder.start().waitFor();
        if (status != 0) {
            throw new IllegalStateException("the measurement in the environment \"" + environment.title()
                    + "\" ended with exit code " + status);
        }
    }

    private static List<String> named(String beginning) {
        List<String> names = Cases.all().keySet().stream().filter(name -> name.startsWith(beginning)).toList();
        if (names.isEmpty()) {
            throw new IllegalArgumentException("case is \"" + beginning + "\"; expected the beginning of one of "
                    + String.join(", ", Cases.all().keySet()));
        }
        return names;
    }

    private static String value(String[] args, int index) {
        if (index == args.length) {
            throw new IllegalArgumentException(args[index - 1] + " is the last argument; expected a value after it");
        }
        return args[index];
    }

    private static double positive(String[] args, int index) {
        String text = value(args, index);
        try {
            double number = Double.parseDouble(text);
            if (number >= 1 && number <= 1e6) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Reported below, as other values that make no sense.
        }
        throw new IllegalArgumentException(args[index - 1] + " is \"" + text + "\"; expected a number from 1 on");
    }
}
