package org.swapdistill.backend;

/**
 * Makes the operations of one graph for a device. Called by {@link CheckedGraphBuilder} only, which has checked what
 * {@link GraphBuilder} asks of the arguments and has computed the size of every result; so a factory refuses no more
 * than what its device cannot do, with an {@link IllegalArgumentException}.
 *
 * @param <A> the device's activations
 */
public interface OperationFactory<A extends RecordedActivation> {
    /** The images. */
    A input(MapSize size);

    /** See {@link GraphBuilder#convolution}. */
    A convolution(String name, A input, MapSize output, Window window);

    /** See {@link GraphBuilder#batchNormalization}. */
    A batchNormalization(String name, A input, boolean relu);

    /** See {@link GraphBuilder#add}. */
    A add(A a, A b, boolean relu);

    /** See {@link GraphBuilder#identityShortcut}. */
    A identityShortcut(A input, MapSize output, int stride);

    /** See {@link GraphBuilder#maxPooling}. */
    A maxPooling(A input, MapSize output, Window window);

    /** See {@link GraphBuilder#globalAveragePooling}. */
    A globalAveragePooling(A input, MapSize output);

    /** See {@link GraphBuilder#linear}. */
    void linear(String name, A input, int classes);

    /** Creates everything that a step needs, from what was made so far. */
    Graph build();
}
