package org.swapdistill.backend;

/**
 * Records the operations of a network, in the order in which they run, and makes a {@link Graph} of them. The batch
 * size, and whether the graph trains, were given to {@link Backend#newGraph}.
 *
 * <p>The methods follow PyTorch's definitions of the operations. Names are those of the parameters' owners, as in
 * torchvision: a convolution named {@code layer1.0.conv1} owns {@code layer1.0.conv1.weight}. Two operations may not
 * have the same name.
 *
 * <p>An argument that does not fit is an {@link IllegalArgumentException}; an activation of another builder too. Not
 * thread safe.
 */
public interface GraphBuilder {
    /** Name and kind of what a parameter is to its operation. */
    enum ParameterKind {
        /** Weights of a convolution [O, I, kernel, kernel] or of an inner product [O, I]. */
        WEIGHT,
        /** Bias of an inner product, [O]. */
        BIAS,
        /** Scale of a batch normalization, [C]; PyTorch calls it weight. */
        SCALE,
        /** Shift of a batch normalization, [C]; PyTorch calls it bias. */
        SHIFT
    }

    /** Factor of the batch's statistics in the running statistics of a batch normalization, as PyTorch's default. */
    float RUNNING_MOMENTUM = 0.1f;
    /** What a batch normalization adds to the variance, as PyTorch's default. */
    float EPSILON = 1e-5f;

    /** The images: to be called first, once. */
    Activation input(int channels, int height, int width);

    /** A convolution without bias; owns {@code name.weight} [channels, input.channels, kernel, kernel]. */
    Activation convolution(String name, Activation input, int channels, Window window);

    /**
     * Batch normalization over images, rows and columns, with scale and shift, and then a ReLU if {@code relu}. Owns
     * {@code name.weight} and {@code name.bias} [C], and the running statistics {@code name.running_mean} and
     * {@code name.running_var}. When training, normalizes by the batch's mean and (biased) variance, and moves the
     * running statistics by {@link #RUNNING_MOMENTUM} towards the mean and the unbiased variance; otherwise normalizes
     * by the running statistics.
     */
    Activation batchNormalization(String name, Activation input, boolean relu);

    /** Sum of two activations of one shape, and then a ReLU if {@code relu}. */
    Activation add(Activation a, Activation b, boolean relu);

    /**
     * The shortcut without parameters of the CIFAR ResNets (He et al. 2016, option A): every {@code stride}-th row and
     * column, from the first, and zeros in the channels beyond the input's.
     */
    Activation identityShortcut(Activation input, int channels, int stride);

    /** Maximum over each window; padding counts as minus infinity. */
    Activation maxPooling(Activation input, Window window);

    /** Mean over rows and columns: [N, C, 1, 1]. */
    Activation globalAveragePooling(Activation input);

    /**
     * An inner product with bias, whose result are the graph's logits; to be called last, once. Owns
     * {@code name.weight} [classes, features] and {@code name.bias} [classes], where features is
     * {@code input.channels * input.height * input.width}.
     */
    void linear(String name, Activation input, int classes);

    /**
     * Creates everything that a step needs. The builder cannot be used afterwards.
     *
     * @throws IllegalStateException if {@link #linear} was not called
     */
    Graph build();
}
