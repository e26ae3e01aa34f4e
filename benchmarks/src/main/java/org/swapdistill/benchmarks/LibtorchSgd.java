package org.swapdistill.benchmarks;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/** {@code torch::optim::SGD} over parameters of given sizes, each with a gradient of given values. */
final class LibtorchSgd {
    private final List<Tensor> values = new ArrayList<>();
    private final SGD optimizer;

    /** Copies the values and gradients. */
    LibtorchSgd(List<float[]> initialValues, List<float[]> gradients, double learningRate, double momentum,
                double weightDecay) {
        TensorVector parameters = new TensorVector();
        for (int i = 0; i < initialValues.size(); i++) {
            float[] initial = initialValues.get(i);
            Tensor value = Libtorch.differentiable(Libtorch.ofFloats(initial, initial.length));
            value.mutable_grad().put(Libtorch.ofFloats(gradients.get(i), initial.length));
            values.add(value);
            parameters.push_back(value);
        }
        SGDOptions options = new SGDOptions(learningRate);
        options.momentum().put(momentum);
        options.weight_decay().put(weightDecay);
        optimizer = new SGD(parameters, options);
    }

    Contender contender() {
        return new Contender("torch::optim::SGD", Contender.Kind.LIBTORCH, Libtorch.scoped(optimizer::step));
    }

    float[] value(int parameter) {
        return Libtorch.toFloats(values.get(parameter));
    }
}
