package org.swapdistill.data;

/** The images of each class, as a counting sort of the labels. */
final class ClassIndex {
    private ClassIndex() {
    }

    /** Where the images of each class begin in {@link #members}; one element more than there are classes. */
    static int[] starts(int[] labels, int classes) {
        int[] starts = new int[classes + 1];
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0 || labels[i] >= classes) {
                throw new IllegalArgumentException("labels[" + i + "] is " + labels[i] + "; expected 0 to "
                        + (classes - 1));
            }
            starts[labels[i] + 1]++;
        }
        for (int c = 0; c < classes; c++) {
            starts[c + 1] += starts[c];
        }
        return starts;
    }

    /** The indices of the images, by class and ascending within a class. */
    static int[] members(int[] labels, int[] starts) {
        int[] next = starts.clone();
        int[] members = new int[labels.length];
        for (int i = 0; i < labels.length; i++) {
            members[next[labels[i]]++] = i;
        }
        return members;
    }
}
