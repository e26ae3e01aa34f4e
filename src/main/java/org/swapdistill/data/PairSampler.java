package org.swapdistill.data;

import java.util.Objects;

/**
 * Draws the same-class pairs of an epoch: every image is an anchor once, in random order, and its partner is uniform
 * among the other images of its class (an image that is alone in its class is its own partner).
 *
 * <p>The pairs are a function of the labels, the seed and the epoch, and of nothing that was drawn before, so that a
 * resumed run draws what an uninterrupted one would. The random numbers are Philox4x32-10 like the native library's,
 * with purposes of their own: 16 for the order and 17 for the partners. Immutable and safe for any thread.
 */
public final class PairSampler {
    private final int[] labels;
    /** The images of class c are members[starts[c]] .. members[starts[c + 1] - 1], in ascending order. */
    private final int[] members;
    private final int[] starts;
    /** The place of an image among the members of its class. */
    private final int[] ranks;
    private final long seed;

    /**
     * A sampler for a training set.
     *
     * @param labels the class of each image, in [0, classes); copied
     * @param classes the number of classes, at least 1; classes may be empty
     * @param seed any value
     */
    public PairSampler(int[] labels, int classes, long seed) {
        Objects.requireNonNull(labels, "labels");
        if (labels.length == 0) {
            throw new IllegalArgumentException("labels is empty; expected at least one image");
        }
        if (classes < 1) {
            throw new IllegalArgumentException("classes is " + classes + "; expected at least 1");
        }
        this.labels = labels.clone();
        this.seed = seed;
        this.starts = ClassIndex.starts(this.labels, classes);
        this.members = ClassIndex.members(this.labels, starts);
        this.ranks = new int[labels.length];
        for (int c = 0; c < classes; c++) {
            for (int i = starts[c]; i < starts[c + 1]; i++) {
                ranks[members[i]] = i - starts[c];
            }
        }
    }

    /** The number of images, which is the number of pairs of an epoch. */
    public int size() {
        return labels.length;
    }

    /**
     * The pairs of an epoch.
     *
     * @param epoch at least 0
     */
    public Pairs pairs(int epoch) {
        if (epoch < 0) {
            throw new IllegalArgumentException("epoch is " + epoch + "; expected at least 0");
        }
        int[] anchors = new int[labels.length];
        for (int i = 0; i < anchors.length; i++) {
            anchors[i] = i;
        }
        Philox.shuffle(anchors, seed, epoch, Philox.ORDER);
        int[] partners = new int[anchors.length];
        int[] words = new int[4];
        for (int i = 0; i < anchors.length; i++) {
            partners[i] = partner(anchors[i], epoch, words);
        }
        return new Pairs(anchors, partners);
    }

    private int partner(int image, int epoch, int[] words) {
        int start = starts[labels[image]];
        int others = starts[labels[image] + 1] - start - 1;
        if (others == 0) {
            return image;
        }
        int choice = Philox.uniform(seed, epoch, image, Philox.PARTNER, others, words);
        return members[start + choice + (choice >= ranks[image] ? 1 : 0)];
    }
}
