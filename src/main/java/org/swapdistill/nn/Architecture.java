package org.swapdistill.nn;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.swapdistill.backend.GraphBuilder;

/**
 * A named residual network with its options. An immutable value: each {@code with} method returns a changed copy.
 *
 * <p>{@code resnet8}, {@code resnet14}, {@code resnet20}, {@code resnet32}, {@code resnet44}, {@code resnet56} and
 * {@code resnet110} are the CIFAR networks of He et al. 2016 (section 4.2): three stages of 16, 32 and 64 channels.
 * {@code resnet18}, {@code resnet34} and {@code resnet50} are those for ImageNet, as in torchvision (in bottleneck
 * blocks the 3x3 convolution has the stride). {@code wrn-16-2} and {@code wrn-28-10} are the wide residual networks of
 * Zagoruyko and Komodakis 2016, depth and widening factor in the name.
 */
public final class Architecture {
    private static final List<String> NAMES = List.of("resnet8", "resnet14", "resnet20", "resnet32", "resnet44",
            "resnet56", "resnet110", "resnet18", "resnet34", "resnet50", "wrn-16-2", "wrn-28-10");
    private static final List<String> IMAGENET_NAMES = List.of("resnet18", "resnet34", "resnet50");
    private static final Pattern WIDE = Pattern.compile("wrn-(\\d+)-(\\d+)");
    private static final int CIFAR_SIZE = 32;
    private static final int IMAGENET_SIZE = 224;

    private final String name;
    private final Stem stem;
    private final Shortcut shortcut;
    private final int classes;
    private final int inputChannels;
    private final int inputHeight;
    private final int inputWidth;
    private final int widthMultiplier;

    private Architecture(String name, Stem stem, Shortcut shortcut, int classes, int inputChannels, int inputHeight,
            int inputWidth, int widthMultiplier) {
        this.name = name;
        this.stem = stem;
        this.shortcut = shortcut;
        this.classes = classes;
        this.inputChannels = inputChannels;
        this.inputHeight = inputHeight;
        this.inputWidth = inputWidth;
        this.widthMultiplier = widthMultiplier;
    }

    /** The names that {@link #parse} knows. */
    public static List<String> names() {
        return NAMES;
    }

    /**
     * A network with its published options: 10 classes and 3x32x32 images, 1000 classes and 3x224x224 images for the
     * ImageNet networks. The shortcut is {@link Shortcut#IDENTITY} for the CIFAR networks and
     * {@link Shortcut#CONVOLUTION} for the others; the stem is {@link Stem#IMAGENET} for the ImageNet networks only.
     *
     * @throws IllegalArgumentException if the name is not among {@link #names}
     */
    public static Architecture parse(String name) {
        Objects.requireNonNull(name, "name is null");
        String known = name.toLowerCase(Locale.ROOT);
        if (!NAMES.contains(known)) {
            throw new IllegalArgumentException(
                    "architecture is \"" + name + "\"; expected one of " + String.join(", ", NAMES));
        }
        boolean imagenet = IMAGENET_NAMES.contains(known);
        boolean wide = WIDE.matcher(known).matches();
        int size = imagenet ? IMAGENET_SIZE : CIFAR_SIZE;
        return new Architecture(known, imagenet ? Stem.IMAGENET : Stem.CIFAR,
                imagenet || wide ? Shortcut.CONVOLUTION : Shortcut.IDENTITY, imagenet ? 1000 : 10, 3, size, size, 1);
    }

    /** With another number of classes, at least 2. */
    public Architecture withClasses(int count) {
        requireAtLeast("classes", count, 2);
        return new Architecture(name, stem, shortcut, count, inputChannels, inputHeight, inputWidth, widthMultiplier);
    }

    /**
     * For other images.
     *
     * @param channels at least 1
     * @param height at least {@link #minimumSize}
     * @param width at least {@link #minimumSize}
     */
    public Architecture withInput(int channels, int height, int width) {
        requireAtLeast("inputChannels", channels, 1);
        requireAtLeast("inputHeight", height, 1);
        requireAtLeast("inputWidth", width, 1);
        return new Architecture(name, stem, shortcut, classes, channels, height, width, widthMultiplier);
    }

    /**
     * With another stem.
     *
     * @throws IllegalArgumentException if it is {@link Stem#IMAGENET} and the network is not one for ImageNet
     */
    public Architecture withStem(Stem other) {
        Objects.requireNonNull(other, "stem is null");
        if (other == Stem.IMAGENET && kind() != Kind.IMAGENET) {
            throw new IllegalArgumentException("stem is IMAGENET; expected CIFAR for " + name);
        }
        return new Architecture(name, other, shortcut, classes, inputChannels, inputHeight, inputWidth,
                widthMultiplier);
    }

    /**
     * With another kind of shortcut.
     *
     * @throws IllegalArgumentException if it is {@link Shortcut#IDENTITY} and the network is a wide residual network
     */
    public Architecture withShortcut(Shortcut other) {
        Objects.requireNonNull(other, "shortcut is null");
        if (other == Shortcut.IDENTITY && kind() == Kind.WIDE) {
            throw new IllegalArgumentException("shortcut is IDENTITY; expected CONVOLUTION for " + name);
        }
        return new Architecture(name, stem, other, classes, inputChannels, inputHeight, inputWidth, widthMultiplier);
    }

    /** With so many times the published number of channels in every layer (in wide networks: but the first). */
    public Architecture withWidthMultiplier(int factor) {
        requireAtLeast("widthMultiplier", factor, 1);
        return new Architecture(name, stem, shortcut, classes, inputChannels, inputHeight, inputWidth, factor);
    }

    /** The name, for example {@code resnet20}. */
    public String name() {
        return name;
    }

    /** Number of classes. */
    public int classes() {
        return classes;
    }

    /** Channels of the images. */
    public int inputChannels() {
        return inputChannels;
    }

    /** Rows of the images. */
    public int inputHeight() {
        return inputHeight;
    }

    /** Columns of the images. */
    public int inputWidth() {
        return inputWidth;
    }

    /** The stem. */
    public Stem stem() {
        return stem;
    }

    /** The kind of shortcut. */
    public Shortcut shortcut() {
        return shortcut;
    }

    /** Factor of the published number of channels. */
    public int widthMultiplier() {
        return widthMultiplier;
    }

    /** The least number of rows and columns of an image: the distance of two pixels of the last stage. */
    public int minimumSize() {
        if (kind() != Kind.IMAGENET) {
            return 4;
        }
        return stem == Stem.IMAGENET ? 32 : 8;
    }

    /** Number of trainable parameters; nothing is built. */
    public long parameterCount() {
        ParameterCounter counter = new ParameterCounter();
        describe(counter);
        return counter.count();
    }

    /**
     * Records the network's operations.
     *
     * @throws IllegalArgumentException if the images are smaller than {@link #minimumSize}
     */
    public void describe(GraphBuilder graph) {
        int least = minimumSize();
        if (inputHeight < least || inputWidth < least) {
            throw new IllegalArgumentException("images are " + inputHeight + " x " + inputWidth + "; expected at least "
                    + least + " x " + least + " for " + name + " with the " + stem + " stem");
        }
        new ResidualNetworkDescription(this, graph).describe();
    }

    enum Kind {
        CIFAR, IMAGENET, WIDE
    }

    Kind kind() {
        if (WIDE.matcher(name).matches()) {
            return Kind.WIDE;
        }
        return IMAGENET_NAMES.contains(name) ? Kind.IMAGENET : Kind.CIFAR;
    }

    /** Number of weighted layers, as in the name. */
    int depth() {
        Matcher matcher = WIDE.matcher(name);
        return Integer.parseInt(matcher.matches() ? matcher.group(1) : name.substring("resnet".length()));
    }

    /** Factor of the channels in all stages: that of the name, if it has one, times the option. */
    int widening() {
        Matcher matcher = WIDE.matcher(name);
        return widthMultiplier * (matcher.matches() ? Integer.parseInt(matcher.group(2)) : 1);
    }

    private static void requireAtLeast(String what, int value, int least) {
        if (value < least) {
            throw new IllegalArgumentException(what + " is " + value + "; expected at least " + least);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Architecture && toString().equals(other.toString());
    }

    @Override
    public int hashCode() {
        return toString().hashCode();
    }

    /** Name and options: {@code resnet20 (10 classes, 3x32x32, CIFAR stem, IDENTITY shortcut, width x1)}. */
    @Override
    public String toString() {
        return name + " (" + classes + " classes, " + inputChannels + "x" + inputHeight + "x" + inputWidth + ", " + stem
                + " stem, " + shortcut + " shortcut, width x" + widthMultiplier + ")";
    }
}
