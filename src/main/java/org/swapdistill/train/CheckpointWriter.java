package org.swapdistill.train;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Keeps {@value #LAST} (every so many epochs, after the last one, and when the run is interrupted) and
 * {@value #BEST} (when the validation accuracy has improved; never without a validation set) in a directory.
 */
public final class CheckpointWriter implements TrainingListener {
    /** Where training continues. */
    public static final String LAST = "last.safetensors";
    /** The student of the best validation accuracy. */
    public static final String BEST = "best.safetensors";

    private final Path directory;
    private final int every;

    /**
     * @param directory must exist
     * @param every epochs between two checkpoints, at least 1
     */
    public CheckpointWriter(Path directory, int every) {
        if (every < 1) {
            throw new IllegalArgumentException("checkpointEvery is " + every + "; expected at least 1");
        }
        this.directory = directory;
        this.every = every;
    }

    @Override
    public void epochFinished(Trainer trainer, EpochSummary summary) throws IOException {
        if (summary.best()) {
            trainer.writeCheckpoint(directory.resolve(BEST));
        }
        int done = summary.epoch() + 1;
        if (done % every == 0 || done == trainer.configuration().epochs()) {
            trainer.writeCheckpoint(directory.resolve(LAST));
        }
    }

    @Override
    public void interrupted(Trainer trainer) throws IOException {
        trainer.writeCheckpoint(directory.resolve(LAST));
    }
}
