package org.swapdistill.cli;

import org.swapdistill.train.CheckpointWriter;
import org.swapdistill.train.EpochLog;
import org.swapdistill.train.EpochSummary;
import org.swapdistill.train.RunResult;
import org.swapdistill.train.Trainer;
import org.swapdistill.train.TrainingData;
import org.swapdistill.train.TrainingListener;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;

/** Trains one student into a directory: checkpoints, {@code epochs.csv} and, at the end, {@code result.json}. */
final class TrainingSession {
    static final String EPOCHS = "epochs.csv";

    private final Path directory;
    private final int checkpointEvery;
    private final PrintWriter out;
    private final boolean terminal;

    TrainingSession(Path directory, int checkpointEvery, PrintWriter out, boolean terminal) {
        this.directory = directory;
        this.checkpointEvery = checkpointEvery;
        this.out = out;
        this.terminal = terminal;
    }

    /** Trains to the end. The result is empty when the run was interrupted. */
    Optional<RunResult> run(Trainer trainer, TrainingData data) throws IOException {
        try (ProgressReport progress = new ProgressReport(out, terminal);
                Interruption interruption = new Interruption(trainer::requestStop)) {
            trainer.addListener(progress);
            trainer.addListener(new EpochLog(directory.resolve(EPOCHS)));
            trainer.addListener(new CheckpointWriter(directory, checkpointEvery));
            trainer.addListener(new TrainingListener() {
                @Override
                public void epochFinished(Trainer ended, EpochSummary summary)
                        throws IOException {
                    if (ended.epoch() == ended.configuration().epochs()) {
                        RunResult.of(ended, data, summary).write(directory.resolve(RunResult.FILE));
                    }
                }
            });
            if (trainer.run() == Trainer.Outcome.INTERRUPTED) {
                out.println("interrupted at epoch " + (trainer.epoch() + 1) + ", step " + trainer.step() + " of "
                    + trainer.stepsPerEpoch() + "; continue with: train --resume "
                    + directory.resolve(CheckpointWriter.LAST));
                return Optional.empty();
            }
        }
        return Optional.of(RunResult.read(directory.resolve(RunResult.FILE)));
    }
}
