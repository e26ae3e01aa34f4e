package org.swapdistill.cli;

import org.swapdistill.train.Checkpoint;
import org.swapdistill.train.CheckpointWriter;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads the checkpoints that commands are given. */
final class CheckpointArguments {
    private CheckpointArguments() {
    }

    /** @param path a checkpoint file, or the directory of a run: its {@code last.safetensors} */
    static Checkpoint read(Path path) throws IOException {
        return Checkpoint.read(Files.isDirectory(path) ? path.resolve(CheckpointWriter.LAST) : path);
    }
}
