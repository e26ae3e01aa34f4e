package org.swapdistill.backend.cuda;

/** One operation of a graph under construction; records its commands. */
interface Operation {
    /** What it computes; null for the logits. */
    CudaActivation output();

    /** Records what computes the output's value, and sets it. */
    void recordForward(Recorder recorder);

    /** Records what computes the parameters' gradients, and contributes to the gradients of the inputs. */
    void recordBackward(Recorder recorder);

    /** For messages, for example {@code convolution layer1.0.conv1.weight}. */
    @Override
    String toString();
}
