package org.swapdistill.benchmarks.cases;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.swapdistill.nn.Architecture;
import org.swapdistill.nn.Stem;

/**
 * A student and a batch.
 *
 * @param architecture with the stem for CIFAR where images are small, 10 classes there and 1000 elsewhere
 * @param batch images of a step: twice as many as pairs
 */
record TrainingShape(Architecture architecture, int batch) {
    private static final Pattern TEXT = Pattern.compile("([a-z0-9-]+)-(\\d+)x3x(\\d+)x\\3");
    private static final int LARGE = 64;

    /** For example {@code resnet20-128x3x32x32}. */
    static TrainingShape parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (!matcher.matches() || Integer.parseInt(matcher.group(2)) % 2 != 0) {
            throw new IllegalArgumentException("shape is \"" + text
                    + "\"; expected model - images x 3 x side x side with an even number of images,"
                    + " such as resnet20-128x3x32x32");
        }
        int side = Integer.parseInt(matcher.group(3));
        return new TrainingShape(student(matcher.group(1), side), Integer.parseInt(matcher.group(2)));
    }

    /** The named network for images of a size. */
    static Architecture student(String name, int side) {
        Architecture architecture = Architecture.parse(name).withInput(3, side, side);
        return side >= LARGE || architecture.stem() == Stem.CIFAR ? architecture
                : architecture.withStem(Stem.CIFAR).withClasses(10);
    }

    @Override
    public String toString() {
        return architecture.name() + ", batch " + batch + ", 3x" + architecture.inputHeight() + "x"
                + architecture.inputWidth();
    }
}
