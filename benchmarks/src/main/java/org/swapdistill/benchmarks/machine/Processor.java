package org.swapdistill.benchmarks.machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The processor by name. */
public final class Processor {
    private static final Path FILE = Path.of("/proc/cpuinfo");

    private Processor() {
    }

    /** Name and number of processors, as the system reports them. */
    public static String description() {
        return name() + ", " + Runtime.getRuntime().availableProcessors() + " processors";
    }

    private static String name() {
        try {
            if (Files.isReadable(FILE)) {
                for (String line : Files.readAllLines(FILE)) {
                    if (line.startsWith("model name")) {
                        return line.substring(line.indexOf(':') + 1).strip();
                    }
                }
            }
        } catch (IOException e) {
            return "unknown processor (" + FILE + ": " + e.getMessage() + ")";
        }
        return "unknown processor";
    }
}
