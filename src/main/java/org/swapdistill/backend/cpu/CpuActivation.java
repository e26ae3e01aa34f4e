package org.swapdistill.backend.cpu;

import org.swapdistill.backend.Activation;

/** An activation of the CPU backend; also what the recording knows of its value and its gradient. */
final class CpuActivation implements Activation {
    private final CpuGraphBuilder owner;
    private final int channels;
    private final int height;
    private final int width;
    /** Whether {@code backward} has to compute its gradient: not for the images. */
    private final boolean differentiable;
    /** Whether the operation that made it reads it again in {@code backward}. */
    private final boolean readByItsOperation;
    private int consumers;
    private Operand value;
    private Operand gradient;
    private boolean gradientShared;

    CpuActivation(CpuGraphBuilder owner, int channels, int height, int width, boolean differentiable,
            boolean readByItsOperation) {
        this.owner = owner;
        this.channels = channels;
        this.height = height;
        this.width = width;
        this.differentiable = differentiable;
        this.readByItsOperation = readByItsOperation;
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

    CpuGraphBuilder owner() {
        return owner;
    }

    boolean differentiable() {
        return differentiable;
    }

    void addConsumer() {
        consumers++;
    }

    /** Whether the one operation that consumes it may overwrite it, if that operation does not read it again. */
    boolean overwritable() {
        return consumers == 1 && !readByItsOperation && differentiable;
    }

    Operand value() {
        return value;
    }

    void setValue(Operand operand) {
        value = operand;
    }

    /** The sum of the gradients contributed so far; null if there is none. */
    Operand gradient() {
        return gradient;
    }

    /** Whether another activation's gradient is the same memory, so that it must not be overwritten. */
    boolean gradientShared() {
        return gradientShared;
    }

    void setGradient(Operand operand, boolean shared) {
        gradient = operand;
        gradientShared = shared;
    }
}
