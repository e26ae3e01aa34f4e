package org.swapdistill.data;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/**
 * Labelled 8-bit images of one size, all in one block of host memory, which the dataset owns.
 *
 * <p>Immutable but for {@link #close}, and safe for any thread. A {@linkplain #subset subset} and the parts of a
 * {@linkplain #split split} hold copies, so that each dataset is closed on its own.
 */
public final class Dataset implements AutoCloseable {
    private static final int FINGERPRINT_CHUNK = 1 << 26;

    private final Tensor images;
    private final int[] labels;
    private final List<String> classNames;
    private String fingerprint;

    /** Two parts of one dataset; each is closed on its own. */
    public record Split(Dataset first, Dataset second) implements AutoCloseable {
        /** Closes both parts. */
        @Override
        public void close() {
            first.close();
            second.close();
        }
    }

    private Dataset(Tensor images, int[] labels, List<String> classNames) {
        this.images = images;
        this.labels = labels;
        this.classNames = classNames;
    }

    /**
     * A dataset of images that are in memory already.
     *
     * @param images U8 [M, C, H, W] on the host, M at least 1; belongs to the dataset from here on, unless this method
     *         throws
     * @param labels the class of each image, [M], in [0, classNames.size()); copied
     * @param classNames the classes in the order of their numbers, at least one, none twice; copied
     */
    public static Dataset of(Tensor images, int[] labels, List<String> classNames) {
        Objects.requireNonNull(images, "images");
        Objects.requireNonNull(labels, "labels");
        List<String> names = List.copyOf(classNames);
        Shape shape = images.shape();
        if (images.dtype() != DType.U8 || shape.rank() != 4 || !images.device().isCpu()) {
            throw new IllegalArgumentException("images is " + images + "; expected U8 [M, C, H, W] on cpu");
        }
        if (shape.elements() == 0 || shape.size(0) > ImageBlock.MOST_IMAGES) {
            throw new IllegalArgumentException("images has shape " + shape + "; expected 1 to "
                    + ImageBlock.MOST_IMAGES + " images of at least one pixel");
        }
        if (labels.length != shape.size(0)) {
            throw new IllegalArgumentException("labels has " + labels.length + " elements; expected " + shape.size(0)
                    + ", one per image");
        }
        if (names.isEmpty()) {
            throw new IllegalArgumentException("classNames is empty; expected at least one class");
        }
        HashSet<String> seen = new HashSet<>();
        for (String name : names) {
            if (name.isBlank() || !seen.add(name)) {
                throw new IllegalArgumentException("classNames has '" + name + "'"
                        + (name.isBlank() ? "" : " twice") + "; expected different names that are not blank");
            }
        }
        ClassIndex.starts(labels, names.size());
        return new Dataset(images, labels.clone(), names);
    }

    /** The images, U8 [M, C, H, W]. They belong to the dataset: do not close or change them. */
    public Tensor images() {
        return images;
    }

    /** The class of each image, [M]; a copy. */
    public int[] labels() {
        return labels.clone();
    }

    /** The class of one image. */
    public int label(int image) {
        return labels[Objects.checkIndex(image, labels.length)];
    }

    /** The names of the classes; immutable. */
    public List<String> classNames() {
        return classNames;
    }

    /** The number of classes. */
    public int classes() {
        return classNames.size();
    }

    /** The number of images. */
    public int size() {
        return labels.length;
    }

    /** The number of channels of an image. */
    public int channels() {
        return (int) images.shape().size(1);
    }

    /** The height of an image in pixels. */
    public int height() {
        return (int) images.shape().size(2);
    }

    /** The width of an image in pixels. */
    public int width() {
        return (int) images.shape().size(3);
    }

    /** The number of images of each class. */
    public int[] classSizes() {
        int[] starts = ClassIndex.starts(labels, classes());
        int[] sizes = new int[classes()];
        for (int c = 0; c < sizes.length; c++) {
            sizes[c] = starts[c + 1] - starts[c];
        }
        return sizes;
    }

    /**
     * SHA-256, in lower-case hexadecimal, of the text {@code "[M, C, H, W]\n"}, the labels as little-endian 32-bit
     * integers and the images. Class names do not enter. Computed at the first call.
     */
    public synchronized String fingerprint() {
        if (fingerprint == null) {
            MessageDigest digest = Sha256.digest();
            digest.update((images.shape() + "\n").getBytes(StandardCharsets.UTF_8));
            byte[] word = new byte[4];
            for (int label : labels) {
                for (int i = 0; i < 4; i++) {
                    word[i] = (byte) (label >>> (8 * i));
                }
                digest.update(word);
            }
            Tensor bytes = images.reshape(images.elements());
            for (long start = 0; start < bytes.elements(); start += FINGERPRINT_CHUNK) {
                long end = Math.min(start + FINGERPRINT_CHUNK, bytes.elements());
                digest.update(bytes.slice(start, end).asByteBuffer());
            }
            fingerprint = Sha256.hex(digest);
        }
        return fingerprint;
    }

    /**
     * A class-balanced part: {@code perClass} images of every class that has images, chosen at random and kept in their
     * order. The choice is a function of the labels and the seed only.
     *
     * @param perClass at least 1, and no more than the smallest class has
     * @return a copy, which the caller closes
     */
    public Dataset subset(int perClass, long seed) {
        if (perClass < 1) {
            throw new IllegalArgumentException("perClass is " + perClass + "; expected at least 1");
        }
        requireClassSizes("perClass", perClass, 0);
        boolean[] chosen = choose(constant(perClass), seed);
        return select(chosen, true);
    }

    /**
     * Splits off {@code perClassForSecond} images of every class that has images, chosen at random, as the second part;
     * the first part is the rest. Both keep the order of the images. The choice is a function of the labels and the
     * seed only.
     *
     * @param perClassForSecond at least 1, and less than the smallest class has
     * @return copies, which the caller closes
     */
    public Split split(int perClassForSecond, long seed) {
        if (perClassForSecond < 1) {
            throw new IllegalArgumentException("perClassForSecond is " + perClassForSecond
                    + "; expected at least 1");
        }
        requireClassSizes("perClassForSecond", perClassForSecond, 1);
        return split(choose(constant(perClassForSecond), seed));
    }

    /**
     * Splits off about the given fraction of every class, rounded to the nearest number of images but at least one; a
     * class of one image stays in the first part.
     */
    Split split(double fractionForSecond, long seed) {
        int[] counts = classSizes();
        for (int c = 0; c < counts.length; c++) {
            long wanted = Math.max(1, Math.round(counts[c] * fractionForSecond));
            counts[c] = (int) Math.max(0, Math.min(wanted, counts[c] - 1));
        }
        return split(choose(counts, seed));
    }

    private Split split(boolean[] forSecond) {
        Dataset first = select(forSecond, false);
        try {
            return new Split(first, select(forSecond, true));
        } catch (RuntimeException | Error e) {
            first.close();
            throw e;
        }
    }

    private int[] constant(int perClass) {
        int[] counts = classSizes();
        for (int c = 0; c < counts.length; c++) {
            counts[c] = counts[c] == 0 ? 0 : perClass;
        }
        return counts;
    }

    private void requireClassSizes(String argument, int perClass, int rest) {
        int[] sizes = classSizes();
        for (int c = 0; c < sizes.length; c++) {
            if (sizes[c] > 0 && sizes[c] - rest < perClass) {
                throw new IllegalArgumentException(argument + " is " + perClass + "; expected at most "
                        + (sizes[c] - rest) + " because class '" + classNames.get(c) + "' has " + sizes[c]
                        + " images");
            }
        }
    }

    /** Marks {@code counts[c]} random images of each class c. */
    private boolean[] choose(int[] counts, long seed) {
        int[] starts = ClassIndex.starts(labels, classes());
        int[] members = ClassIndex.members(labels, starts);
        boolean[] chosen = new boolean[labels.length];
        for (int c = 0; c < counts.length; c++) {
            int[] order = Arrays.copyOfRange(members, starts[c], starts[c + 1]);
            Philox.shuffle(order, seed, c, Philox.SUBSET);
            for (int i = 0; i < counts[c]; i++) {
                chosen[order[i]] = true;
            }
        }
        return chosen;
    }

    /** A copy of the images whose mark is {@code wanted}. */
    private Dataset select(boolean[] marks, boolean wanted) {
        int count = 0;
        for (boolean mark : marks) {
            count += mark == wanted ? 1 : 0;
        }
        int[] selected = new int[count];
        int[] selectedLabels = new int[count];
        int next = 0;
        for (int i = 0; i < marks.length; i++) {
            if (marks[i] == wanted) {
                selectedLabels[next] = labels[i];
                selected[next++] = i;
            }
        }
        Tensor copy = Tensor.allocate(DType.U8, count, channels(), height(), width());
        try {
            for (int i = 0; i < count; i++) {
                ByteBuffer from = images.slice(selected[i], selected[i] + 1L).asByteBuffer();
                copy.slice(i, i + 1L).asByteBuffer().put(from);
            }
            return of(copy, selectedLabels, classNames);
        } catch (RuntimeException | Error e) {
            copy.close();
            throw e;
        }
    }

    /** Frees the images. Closing again does nothing. */
    @Override
    public void close() {
        images.close();
    }

    /** For example {@code 6000 images [1, 28, 28] of 10 classes}. */
    @Override
    public String toString() {
        return size() + " images [" + channels() + ", " + height() + ", " + width() + "] of " + classes()
                + " classes";
    }
}
