package org.swapdistill.benchmarks.report;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.swapdistill.benchmarks.cases.Implementation;
import org.swapdistill.benchmarks.machine.Processor;
import org.swapdistill.kernels.KernelLibrary;

/**
 * The short form of all suites: the same cases and implementations, timed in turns within one process instead of one
 * after the other; once with libtorch as it comes and once with the allocator tuned for it, each in a process of its
 * own. Writes a JSON file, a Markdown page and charts.
 */
public final class ShortForm {
    private static final String USAGE = """
            Usage: java -jar benchmarks.jar short [OPTION VALUE]...
              --threads  of all who can be told; 0 = all processors (0)
              --seconds  for the rounds of one case in one environment (3)
              --minutes  after which no further case is begun (13)
              --cases    a regular expression for the names of cases (everything)
              --output   directory of results.json, results.md and the charts (target/benchmarks)
            """;
    /** Of the time, for libtorch as it comes; the rest is for the tuned allocator. */
    private static final double SHARE_OF_DEFAULT = 0.62;

    private ShortForm() {
    }

    /** Runs the short form; see {@code --help}. */
    public static void main(String[] args) throws IOException, InterruptedException {
        if (List.of(args).contains("--help")) {
            System.out.print(USAGE);
            return;
        }
        Map<String, String> known = new LinkedHashMap<>();
        known.put("--threads", "0");
        known.put("--seconds", "3");
        known.put("--minutes", "13");
        known.put("--cases", "");
        known.put("--output", "target/benchmarks");
        Arguments arguments = new Arguments(args, known);
        int threads = (int) arguments.number("--threads", 0);
        Path directory = Path.of(arguments.text("--output"));
        Files.createDirectories(directory);
        run(threads == 0 ? Runtime.getRuntime().availableProcessors() : threads, arguments, directory);
    }

    private static void run(int threads, Arguments arguments, Path directory)
            throws IOException, InterruptedException {
        double seconds = arguments.number("--seconds", 0.01);
        double deadline = 60 * arguments.number("--minutes", 0.1);
        String selection = arguments.text("--cases");
        if (Stream.of(Environment.values()).flatMap(environment -> Plan.groups(environment, threads).stream()
                .map(Plan.Group::name)).noneMatch(Pattern.compile(selection).asPredicate())
                && !PeakMemory.selected(selection)) {
            throw new IllegalArgumentException("--cases is \"" + selection + "\", which no case matches; expected a"
                    + " regular expression for some of " + String.join(", ", Plan.groups(Environment.DEFAULT, threads)
                            .stream().map(Plan.Group::name).toList()) + ", " + PeakMemory.NAME);
        }
        ResultFile all = ResultFile.empty();
        all.machine().putAll(machine(threads));
        double busiest = 0;
        long begin = System.nanoTime();
        for (Environment environment : Environment.values()) {
            busiest = Math.max(busiest, ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
            double elapsed = (System.nanoTime() - begin) * 1e-9;
            double end = environment == Environment.DEFAULT ? SHARE_OF_DEFAULT * deadline : deadline - elapsed;
            Path part = directory.resolve("results-" + environment.name().toLowerCase(Locale.ROOT) + ".json");
            start(environment, threads, Measurement.class, environment.name(), Integer.toString(threads),
                    Double.toString(seconds), Double.toString(end), selection, part.toString());
            take(all, part);
        }
        PeakMemory.measure(all, threads, selection, directory);
        all.machine().put("load average before the runs", String.format(Locale.ROOT, "%.1f", busiest));
        all.write(directory.resolve("results.json"));
        ResultPage.write(all, directory.resolve("results.md"));
        Charts.write(all, directory);
        System.out.printf("Written after %.0f s: results.json, results.md and charts in %s%n",
                (System.nanoTime() - begin) * 1e-9, directory);
    }

    /** Adds the content of a part, and deletes it. */
    private static void take(ResultFile all, Path part) throws IOException {
        ResultFile content = ResultFile.read(part);
        all.results().addAll(content.results());
        for (String line : content.notMeasured()) {
            if (!all.notMeasured().contains(line)) {
                all.notMeasured().add(line);
            }
        }
        Files.delete(part);
    }

    /** Runs a program of this package in an environment, as the suites' forks run, and waits for its end. */
    static void start(Environment environment, int threads, Class<?> program, String... args)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp", System.getProperty("java.class.path"),
                // Whether or not the JVM has the Vector API, which the module graph must name.
                "--add-modules=ALL-SYSTEM",
                // Tensors are freed by scopes; without the limit JavaCPP would not read the process size at every one.
                "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0", "-Dorg.bytedeco.javacpp.maxBytes=0"));
        String cache = System.getProperty("org.bytedeco.javacpp.cachedir");
        if (cache != null) {
            command.add("-Dorg.bytedeco.javacpp.cachedir=" + cache);
        }
        command.add(program.getName());
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
        environment.applyTo(builder.environment(), threads);
        int status = builder.start().waitFor();
        if (status != 0) {
            throw new IllegalStateException(program.getSimpleName() + " in the environment \"" + environment.title()
                    + "\" ended with exit code " + status);
        }
    }

    private static Map<String, String> machine(int threads) {
        Map<String, String> machine = new LinkedHashMap<>();
        machine.put("date", LocalDate.now().toString());
        machine.put("processor", Processor.description());
        machine.put("threads", Integer.toString(threads));
        machine.put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        machine.put("JVM", System.getProperty("java.vm.name") + " " + Runtime.version());
        machine.put("SwapDistill", KernelLibrary.version() + ", " + KernelLibrary.bestInstructionSet());
        for (Implementation implementation : new Implementation[] {Implementation.LIBTORCH, Implementation.ONEDNN}) {
            String artifact = implementation == Implementation.LIBTORCH ? "pytorch" : "dnnl";
            try {
                machine.put(implementation.toString(), Loader.getVersion("org.bytedeco", artifact));
            } catch (IOException e) {
                machine.put(implementation.toString(), "unknown version");
            }
        }
        return machine;
    }
}
