package org.swapdistill.nn.reference;

/** One operation on maps. Backward adds to the gradients of its inputs and parameters. */
interface Layer {
    void forward();

    void backward();
}
