package org.swapdistill.backend.cuda;

/** Sum of two activations, with an optional ReLU. */
final class AddOperation implements Operation {
    private final CudaActivation a;
    private final CudaActivation b;
    private final CudaActivation output;
    private final boolean relu;

    AddOperation(CudaActivation a, CudaActivation b, CudaActivation output, boolean relu) {
        this.a = a;
        this.b = b;
        this.output = output;
        this.relu = relu;
    }

    CudaActivation a() {
        return a;
    }

    CudaActivation b() {
        return b;
    }

    boolean relu() {
        return relu;
    }

    @Override
    public CudaActivation output() {
        return output;
    }

    @Override
    public void recordForward(Recorder recorder) {
        Buffer value = recorder.bufferFor(output);
        output.setValue(value);
        recorder.sum(output, a.value(), b.value(), value);
        if (relu) {
            recorder.relu(output, value);
        }
    }

    @Override
    public void recordBackward(Recorder recorder) {
        Gradient gradient = output.gradient();
        if (relu) {
            Buffer masked = recorder.reluBackward(output);
            if (masked != gradient.buffer()) {
                gradient = new Gradient(masked);
            }
        }
        share(recorder, a, gradient);
        share(recorder, b, gradient);
    }

    /** Both summands have this gradient. Where one has no other yet, the memory is shared instead of copied. */
    private static void share(Recorder recorder, CudaActivation summand, Gradient gradient) {
        if (!summand.differentiable()) {
            return;
        }
        Gradient earlier = summand.gradient();
        if (earlier == null) {
            summand.setGradient(gradient);
        } else if (earlier.exclusive()) {
            recorder.add(summand, gradient.buffer(), earlier.buffer(), Scalars.ONE);
        } else {
            Buffer fresh = recorder.bufferFor(summand);
            recorder.sum(summand, gradient.buffer(), earlier.buffer(), fresh);
            summand.setGradient(new Gradient(fresh));
        }
    }

    @Override
    public String toString() {
        return relu ? "addition with ReLU" : "addition";
    }
}
