package org.swapdistill.benchmarks;

import java.io.IOException;
import java.util.Arrays;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.swapdistill.benchmarks.machine.LibraryCache;
import org.swapdistill.benchmarks.report.ResultComparison;
import org.swapdistill.benchmarks.report.ShortForm;

/**
 * The program of {@code benchmarks.jar}: {@code short} runs the short form of everything, {@code compare} compares two
 * result files, and anything else is for JMH.
 */
public final class Main {
    private static final String COMMANDS = """
            Besides JMH's options:
              short [--help]                 everything in at most 15 minutes: JSON, Markdown and charts
              compare BEFORE.json AFTER.json ratios of two result files, and what became slower
            """;

    private Main() {
    }

    /** Runs a command, or JMH. Arguments that make no sense end it with a sentence and exit code 2. */
    public static void main(String[] args) throws Exception {
        System.setProperty("java.awt.headless", "true");
        String command = args.length == 0 ? "" : args[0];
        String[] rest = Arrays.copyOfRange(args, Math.min(1, args.length), args.length);
        try {
            switch (command) {
                case "short" -> {
                    LibraryCache.refresh();
                    ShortForm.main(rest);
                }
                case "compare" -> ResultComparison.main(rest);
                default -> {
                    if (command.equals("-h")) {
                        System.out.println(COMMANDS);
                    }
                    JmhRun.main(args);
                }
            }
        } catch (IllegalArgumentException | IOException | CommandLineOptionException e) {
            System.err.println(e.getMessage());
            System.exit(2);
        }
    }
}
