package org.swapdistill.train;

import org.swapdistill.nn.Architecture;
import org.swapdistill.nn.Shortcut;
import org.swapdistill.nn.Stem;
import org.swapdistill.tensor.Tensor;

/** The architecture that a configuration and an image format describe. */
final class Students {
    private static final int LEAST_IMAGENET_STEM = 64;

    private Students() {
    }

    /**
     * The architecture of a checkpoint's student.
     *
     * @throws IllegalArgumentException when it has more parameters than the checkpoint has numbers, so that no memory
     *         is asked for what a damaged file merely claims
     */
    static Architecture architecture(Checkpoint checkpoint) {
        Architecture architecture = architecture(checkpoint.configuration(), checkpoint.imageFormat());
        long numbers = checkpoint.state().values().stream().mapToLong(Tensor::elements).sum();
        if (architecture.parameterCount() > numbers) {
            throw new IllegalArgumentException("the checkpoint's tensors have " + numbers + " numbers; expected at"
                + " least " + architecture.parameterCount() + ", the parameters of " + architecture);
        }
        return architecture;
    }

    static Architecture architecture(TrainingConfiguration configuration, ImageFormat format) {
        Architecture published = Architecture.parse(configuration.model());
        Stem stem = switch (configuration.stem()) {
            case "cifar" -> Stem.CIFAR;
            case "imagenet" -> Stem.IMAGENET;
            default -> Math.min(format.height(), format.width()) < LEAST_IMAGENET_STEM ? Stem.CIFAR : published.stem();
        };
        Shortcut shortcut = switch (configuration.shortcut()) {
            case "identity" -> Shortcut.IDENTITY;
            case "convolution" -> Shortcut.CONVOLUTION;
            default -> published.shortcut();
        };
        return published.withClasses(format.classes())
            .withInput(format.channels(), format.height(), format.width())
            .withShortcut(shortcut)
            .withStem(stem)
            .withWidthMultiplier(configuration.width());
    }
}
