package org.swapdistill.backend.cuda;

import org.swapdistill.backend.MapSize;
import org.swapdistill.backend.RecordedActivation;

/** An activation of the CUDA backend; also what the recording knows of its value and its gradient. */
final class CudaActivation extends RecordedActivation {
    private Buffer value;
    private Gradient gradient;

    CudaActivation(MapSize size, boolean differentiable) {
        super(size, differentiable);
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
