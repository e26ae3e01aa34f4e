package org.swapdistill.backend.cpu;

import org.swapdistill.backend.MapSize;
import org.swapdistill.backend.RecordedActivation;

/** An activation of the CPU backend; also what the recording knows of its value and its gradient. */
final class CpuActivation extends RecordedActivation {
    /** Whether the operation that made it reads it again in {@code backward}. */
    private final boolean readByItsOperation;
    private Operand value;
    private Operand gradient;
    private boolean gradientShared;

    CpuActivation(MapSize size, boolean differentiable, boolean readByItsOperation) {
        super(size, differentiable);
        this.readByItsOperation = readByItsOperation;
    }

    /** Whether the one operation that consumes it may overwrite it, if that operation does not read it again. */
    boolean overwritable() {
        return consumers() == 1 && !readByItsOperation && differentiable();
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
