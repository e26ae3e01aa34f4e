package org.swapdistill.backend.cuda;

import org.swapdistill.backend.Activation;

/** An activation of the CUDA backend; also what the recording knows of its value and its gradient. */
final class CudaActivation implements Activation {
    private final CudaGraphBuilder owner;
    private final int channels;
    private final int height;
    private final int width;
    /** Whether {@code backward} has to compute its gradient: not for the images. */
    private final boolean differentiable;
    private int consumers;
    private Buffer value;
    private Gradient gradient;

    CudaActivation(CudaGraphBuilder owner, int channels, int height, int width, boolean differentiable) {
        this.owner = owner;
        this.channels = channels;
        this.height = height;
        this.width = width;
        this.differentiable = differentiable;
    }

    @Override
    public int channels() {
        return channels;
    }

    @Override
    public int height() {
        return height;
    }

    @Override
    public int width() {
        return width;
    }

    CudaGraphBuilder owner() {
        return owner;
    }

    boolean differentiable() {
        return differentiable;
    }

    void addConsumer() {
        consumers++;
    }

    /** Number of operations that read it. */
    int consumers() {
        return consumers;
    }

    Buffer value() {
        return value;
    }

    void setValue(Buffer buffer) {
        value = buffer;
    }

    /** The sum of the gradients contributed so far; null if there is none. */
    Gradient gradient() {
        return gradient;
    }

    void setGradient(Gradient next) {
        releaseGradient();
        gradient = next;
        next.addReader();
    }

    /** The gradient has been read for the last time. */
    void releaseGradient() {
        if (gradient != null) {
            gradient.removeReader();
            gradient = null;
        }
    }
}
