package org.swapdistill.nn;

import org.swapdistill.backend.Activation;
import org.swapdistill.backend.GraphBuilder;
import org.swapdistill.backend.Window;

/** Records the operations of one architecture, with torchvision's names. */
final class ResidualNetworkDescription {
    /** Channels of a bottleneck block's output, as a multiple of those of its 3x3 convolution. */
    private static final int EXPANSION = 4;

    private final Architecture architecture;
    private final GraphBuilder graph;

    ResidualNetworkDescription(Architecture architecture, GraphBuilder graph) {
        this.architecture = architecture;
        this.graph = graph;
    }

    void describe() {
        Activation images = graph.input(architecture.inputChannels(), architecture.inputHeight(),
                architecture.inputWidth());
        Activation features;
        switch (architecture.kind()) {
            case CIFAR:
                features = cifar(images);
                break;
            case IMAGENET:
                features = imagenet(images);
                break;
            default:
                features = wide(images);
        }
        graph.linear("fc", graph.globalAveragePooling(features), architecture.classes());
    }

    private Activation cifar(Activation images) {
        int blocks = (architecture.depth() - 2) / 6;
        int width = 16 * architecture.widening();
        Activation x = convolutionAndNormalization("conv1", "bn1", images, width, Window.centred(3, 1), true);
        for (int stage = 1; stage <= 3; stage++) {
            x = stage("layer" + stage, x, width << (stage - 1), blocks, stage == 1 ? 1 : 2, false);
        }
        return x;
    }

    private Activation imagenet(Activation images) {
        int width = 64 * architecture.widening();
        Activation x;
        if (architecture.stem() == Stem.IMAGENET) {
            x = convolutionAndNormalization("conv1", "bn1", images, width, Window.centred(7, 2), true);
            x = graph.maxPooling(x, Window.centred(3, 2));
        } else {
            x = convolutionAndNormalization("conv1", "bn1", images, width, Window.centred(3, 1), true);
        }
        int[] blocks = architecture.depth() == 18 ? new int[] {2, 2, 2, 2} : new int[] {3, 4, 6, 3};
        boolean bottleneck = architecture.depth() == 50;
        for (int stage = 1; stage <= 4; stage++) {
            x = stage("layer" + stage, x, width << (stage - 1), blocks[stage - 1], stage == 1 ? 1 : 2, bottleneck);
        }
        return x;
    }

    private Activation stage(String name, Activation x, int width, int blocks, int stride, boolean bottleneck) {
        for (int block = 0; block < blocks; block++) {
            String prefix = name + "." + block;
            int step = block == 0 ? stride : 1;
            x = bottleneck ? bottleneckBlock(prefix, x, width, step) : basicBlock(prefix, x, width, step);
        }
        return x;
    }

    private Activation basicBlock(String name, Activation x, int width, int stride) {
        Activation shortcut = shortcut(name, x, width, stride);
        Activation y = convolutionAndNormalization(name + ".conv1", name + ".bn1", x, width,
                Window.centred(3, stride), true);
        y = convolutionAndNormalization(name + ".conv2", name + ".bn2", y, width, Window.centred(3, 1), false);
        return graph.add(y, shortcut, true);
    }

    private Activation bottleneckBlock(String name, Activation x, int width, int stride) {
        Activation shortcut = shortcut(name, x, width * EXPANSION, stride);
        Activation y = convolutionAndNormalization(name + ".conv1", name + ".bn1", x, width,
                Window.centred(1, 1), true);
        y = convolutionAndNormalization(name + ".conv2", name + ".bn2", y, width, Window.centred(3, stride), true);
        y = convolutionAndNormalization(name + ".conv3", name + ".bn3", y, width * EXPANSION, Window.centred(1, 1),
                false);
        return graph.add(y, shortcut, true);
    }

    private Activation shortcut(String name, Activation x, int channels, int stride) {
        if (stride == 1 && x.channels() == channels) {
            return x;
        }
        if (architecture.shortcut() == Shortcut.IDENTITY) {
            return graph.identityShortcut(x, channels, stride);
        }
        return convolutionAndNormalization(name + ".downsample.0", name + ".downsample.1", x, channels,
                Window.centred(1, stride), false);
    }

    private Activation convolutionAndNormalization(String convolution, String normalization, Activation x, int channels,
            Window window, boolean relu) {
        return graph.batchNormalization(normalization, graph.convolution(convolution, x, channels, window), relu);
    }

    /** Blocks with the normalization before the convolution; the shortcut's convolution has none. */
    private Activation wide(Activation images) {
        int blocks = (architecture.depth() - 4) / 6;
        Activation x = graph.convolution("conv1", images, 16, Window.centred(3, 1));
        for (int stage = 1; stage <= 3; stage++) {
            int width = (16 * architecture.widening()) << (stage - 1);
            for (int block = 0; block < blocks; block++) {
                x = wideBlock("layer" + stage + "." + block, x, width, stage > 1 && block == 0 ? 2 : 1);
            }
        }
        return graph.batchNormalization("bn1", x, true);
    }

    private Activation wideBlock(String name, Activation x, int width, int stride) {
        Activation y = graph.batchNormalization(name + ".bn1", x, true);
        boolean sameShape = stride == 1 && x.channels() == width;
        Activation shortcut = sameShape
                ? x : graph.convolution(name + ".downsample.0", y, width, Window.centred(1, stride));
        y = graph.convolution(name + ".conv1", y, width, Window.centred(3, stride));
        y = graph.batchNormalization(name + ".bn2", y, true);
        y = graph.convolution(name + ".conv2", y, width, Window.centred(3, 1));
        return graph.add(y, shortcut, false);
    }
}
