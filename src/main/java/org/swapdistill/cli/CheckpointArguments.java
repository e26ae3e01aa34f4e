package org.swapdistill.cli;

import org.swapdistill.train.Checkpoint;
import org.swapdistill.train.CheckpointWriter;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The checkpoints that commands are given: a file, or the directory of a run for its {@code last.safetensors}. */
final class CheckpointArguments {
    private CheckpointArguments() {
    }

    static Checkpoint read(Path path) throws IOException {
        return Checkpoint.read(file(path));
    }

    /** @throws IOException when the directory of a run has no checkpoint */
    static Path file(Path path) throws IOException {
        Path file = path.resolve(CheckpointWriter.LAST);
        if (Files.isDirectory(path) && !Files.exists(file)) {
            throw new IOException(path + " has no " + CheckpointWriter.LAST + ": either it is not the directory of a "
                + "run, or the run ended before it wrote a checkpoint, which it does after its first epochs "
                + "(--checkpoint-every) and when it is interrupted");
        }
        return Files.isDirectory(path) ? file : path;
    }
}
