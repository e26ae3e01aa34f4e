package org.swapdistill.benchmarks;

import java.io.FileDescriptor;
import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormat;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;
import org.swapdistill.benchmarks.cases.UnavailableException;

/**
 * JMH with all of its options, the secondary results of {@link MachineShare}, and after the results a list of what was
 * not available and why, and of what failed, which JMH alone would only show on the way. The exit code is 1 if
 * something failed that was available.
 */
final class JmhRun {

    private JmhRun() {
    }

    static void main(String[] args) throws Exception {
        CommandLineOptions options = new CommandLineOptions(args);
        if (options.shouldHelp() || options.shouldList() || options.shouldListWithParams()
                || options.shouldListProfilers() || options.shouldListResultFormats()) {
            org.openjdk.jmh.Main.main(args);
            return;
        }
        try (PrintStream output = output(options)) {
            OutputFormat format = OutputFormatFactory.createFormatInstance(output,
                    options.verbosity().orElse(VerboseMode.NORMAL));
            Failures failures = new Failures(format);
            new Runner(new OptionsBuilder().parent(options).addProfiler(MachineShare.class).build(),
                    failures.format()).run();
            if (failures.print(output)) {
                System.exit(1);
            }
        } catch (RunnerException e) {
            System.err.println("ERROR: " + e.getMessage());
            System.exit(1);
        }
    }

    private static PrintStream output(CommandLineOptions options) throws FileNotFoundException {
        if (options.getOutput().hasValue()) {
            return new PrintStream(options.getOutput().get());
        }
        return new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    }

    /** Hears what JMH prints. */
    private static final class Failures implements InvocationHandler {
        private static final String UNAVAILABLE = UnavailableException.class.getName() + ": ";
        private static final String FAILURE = "<failure>";

        private final OutputFormat format;
        private final List<String> unavailable = new ArrayList<>();
        private final List<String> failed = new ArrayList<>();
        private String running = "";
        private boolean reasonFollows;

        Failures(OutputFormat format) {
            this.format = format;
        }

        OutputFormat format() {
            return (OutputFormat) Proxy.newProxyInstance(OutputFormat.class.getClassLoader(),
                    new Class<?>[] {OutputFormat.class}, this);
        }

        @Override
        public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
            if (arguments != null && arguments[0] instanceof BenchmarkParams params) {
                running = title(params);
            } else if (arguments != null && arguments[0] instanceof String text && !text.isBlank()) {
                hear(text);
            }
            try {
                return method.invoke(format, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }

        private void hear(String text) {
            if (text.contains(FAILURE)) {
                reasonFollows = true;
            } else if (reasonFollows) {
                reasonFollows = false;
                String reason = text.lines().findFirst().orElse("");
                if (reason.startsWith(UNAVAILABLE)) {
                    unavailable.add(running + ": " + reason.substring(UNAVAILABLE.length()));
                } else {
                    failed.add(running + ": " + reason);
                }
            }
        }

        private static String title(BenchmarkParams params) {
            String suite = params.getBenchmark().replaceAll("^.*\\.(\\w+)\\.\\w+$", "$1");
            return suite + params.getParamsKeys().stream().map(key -> key + "=" + params.getParam(key))
                    .collect(Collectors.joining(", ", " (", ")"));
        }

        /** Whether something failed that was available. */
        boolean print(PrintStream output) {
            print(output, "Not available here:", unavailable);
            print(output, "Failed:", failed);
            return !failed.isEmpty();
        }

        private static void print(PrintStream output, String title, List<String> lines) {
            if (!lines.isEmpty()) {
                output.println();
                output.println(title);
                lines.forEach(line -> output.println("  " + line));
            }
        }
    }
}
