package org.swapdistill.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** Directories of runs. */
final class OutputDirectory {
    private static final Path RUNS = Path.of("runs");
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT);

    private OutputDirectory() {
    }

    /**
     * Refuses the directory of a new run when it has files already.
     *
     * @param wanted null = {@code runs/<time>}, which is never refused
     */
    static void requireUnused(Path wanted) throws IOException {
        if (wanted == null || !Files.exists(wanted)) {
            return;
        }
        if (!Files.isDirectory(wanted)) {
            throw new IOException(wanted + " is a file; expected a directory for --output");
        }
        try (Stream<Path> files = Files.list(wanted)) {
            if (files.findAny().isPresent()) {
                throw new IOException(wanted + " has files already; choose another --output, or --resume to "
                    + "continue the run in it");
            }
        }
    }

    /**
     * Creates the directory of a new run.
     *
     * @param wanted null = {@code runs/<time>}
     * @throws IOException when it has files already, or cannot be made or written
     */
    static Path create(Path wanted) throws IOException {
        requireUnused(wanted);
        return ensure(wanted == null ? unused(RUNS.resolve(TIME.format(LocalDateTime.now()))) : wanted);
    }

    /**
     * Creates the directory if it is not there.
     *
     * @throws IOException when that fails, or files cannot be written into it
     */
    static Path ensure(Path directory) throws IOException {
        try {
            Files.createDirectories(directory);
            Files.delete(Files.createTempFile(directory, ".write", ".test"));
        } catch (IOException e) {
            throw new IOException("cannot write to the directory " + directory + ": " + e, e);
        }
        return directory;
    }

    /** The newest {@code runs/<any>/last.safetensors}, by time of modification. */
    static Optional<Path> newestCheckpoint(String name) throws IOException {
        if (!Files.isDirectory(RUNS)) {
            return Optional.empty();
        }
        try (Stream<Path> runs = Files.list(RUNS)) {
            return runs.map(run -> run.resolve(name)).filter(Files::isRegularFile)
                .max(Comparator.comparingLong(file -> file.toFile().lastModified()));
        }
    }

    private static Path unused(Path path) {
        Path candidate = path;
        for (int i = 2; Files.exists(candidate); i++) {
            candidate = path.resolveSibling(path.getFileName() + "-" + i);
        }
        return candidate;
    }
}
