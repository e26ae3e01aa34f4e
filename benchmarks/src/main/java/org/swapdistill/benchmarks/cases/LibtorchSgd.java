package org.swapdistill.benchmarks.cases;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/** {@code torch::optim::SGD} over parameters of given sizes, each with a gradient of given values. */
final class LibtorchSgd {
    private final LibtorchDevice device;
    private final SgdSettings settings;
    private final List<Tensor> values = new ArrayList<>();
    private SGD optimizer;

    /** Copies the values and gradients. */
    LibtorchSgd(LibtorchDevice device, List<float[]> initialValues, List<float[]> gradients, SgdSettings settings) {
        this.device = device;
        this.settings = settings;
        for (int i = 0; i < initialValues.size(); i++) {
            Tensor value = Libtorch.differentiable(placed(initialValues.get(i)));
            value.mutable_grad().put(placed(gradients.get(i)));
            values.add(value);
        }
        optimizer = optimizer(new TensorVector(values.toArray(Tensor[]::new)), settings);
    }

    private Tensor placed(float[] array) {
        return device.place(Libtorch.ofFloats(array, array.length));
    }

    /** An optimizer whose velocities are not there yet. */
    static SGD optimizer(TensorVector parameters, SgdSettings settings) {
        SGDOptions options = new SGDOptions(settings.learningRate());
        options.momentum().put(settings.momentum());
        options.weight_decay().put(settings.weightDecay());
        return new SGD(parameters, options);
    }

    void step() {
        optimizer.step();
    }

    /** As at first: these values, and no velocity. */
    void reset(List<float[]> initialValues) {
        try (NoGradGuard guard = new NoGradGuard()) {
            for (int i = 0; i < values.size(); i++) {
                values.get(i).copy_(placed(initialValues.get(i)));
            }
        }
        optimizer = optimizer(new TensorVector(values.toArray(Tensor[]::new)), settings);
    }

    float[] value(int parameter) {
        return Libtorch.toFloats(values.get(parameter));
    }
}
