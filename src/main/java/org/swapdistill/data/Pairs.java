package org.swapdistill.data;

/**
 * The same-class pairs of one epoch: image {@code anchors[i]} goes with image {@code partners[i]}.
 *
 * @param anchors every index of the dataset once, in the order of the epoch
 * @param partners for each anchor the index of another image of its class; the anchor itself where its class has only
 *         one image
 */
public record Pairs(int[] anchors, int[] partners) {
    /** Checks that both arrays have one element per pair. */
    public Pairs {
        if (anchors.length != partners.length) {
            throw new IllegalArgumentException("partners has " + partners.length + " elements; expected "
                    + anchors.length + " like anchors");
        }
    }

    /** The number of pairs. */
    public int size() {
        return anchors.length;
    }
}
