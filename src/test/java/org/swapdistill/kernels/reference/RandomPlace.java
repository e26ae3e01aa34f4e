package org.swapdistill.kernels.reference;

/** The place of a batch in a training run; the integers are unsigned and wrap. */
public record RandomPlace(long seed, int epoch, int step, int firstPair) {
    /** The place of the rest of the batch when its first {@code pairs} pairs are done by another call. */
    public RandomPlace after(int pairs) {
        return new RandomPlace(seed, epoch, step, firstPair + pairs);
    }
}
