package org.swapdistill.train;

import java.io.IOException;

/**
 * Hears what a {@link Trainer} does, on the trainer's thread. An exception of a listener ends the run and surfaces
 * in {@link Trainer#run()}.
 */
public interface TrainingListener {
    /** The run starts, or continues from a checkpoint. */
    default void started(Trainer trainer) throws IOException {
    }

    /** One optimizer step has ended; the trainer's figures include it. */
    default void stepFinished(Trainer trainer) throws IOException {
    }

    /** An epoch and its evaluation have ended; a checkpoint written now continues with the next epoch. */
    default void epochFinished(Trainer trainer, EpochSummary summary) throws IOException {
    }

    /** The run was asked to stop and does, between two steps; a checkpoint written now continues exactly here. */
    default void interrupted(Trainer trainer) throws IOException {
    }
}
