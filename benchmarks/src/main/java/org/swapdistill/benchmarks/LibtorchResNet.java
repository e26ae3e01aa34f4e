package org.swapdistill.benchmarks;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * A CIFAR ResNet (He et al. 2016) with parameter-free shortcuts, in training mode, from libtorch operations and
 * autograd, named as torchvision names its parameters; trained by SGD with the symmetric pair loss.
 */
final class LibtorchResNet {
    private static final int STAGES = 3;
    private static final double NORM_MOMENTUM = 0.1;
    private static final double NORM_EPSILON = 1e-5;

    private final int blocksPerStage;
    private final torch.ScalarType type;
    private final torch.MemoryFormat format;
    private final Map<String, Tensor> parameters = new LinkedHashMap<>();
    private final Map<String, TensorOptional> normArguments = new LinkedHashMap<>();
    private final TensorOptional none = new TensorOptional();
    private final SGD decayingOptimizer;
    private final SGD plainOptimizer;

    /**
     * @param state parameters and running statistics; copied
     * @param type of the arithmetic: Float, or Double for a reference
     * @param format Contiguous or ChannelsLast
     */
    LibtorchResNet(int blocksPerStage, Map<String, NamedArray> state, torch.ScalarType type,
                   torch.MemoryFormat format, TrainingStepSettings settings) {
        this.blocksPerStage = blocksPerStage;
        this.type = type;
        this.format = format;
        TensorVector decaying = new TensorVector();
        TensorVector plain = new TensorVector();
        for (Map.Entry<String, NamedArray> entry : state.entrySet()) {
            String name = entry.getKey();
            long[] shape = entry.getValue().shape();
            Tensor tensor = Libtorch.ofFloats(entry.getValue().values(), shape).to(type);
            if (shape.length == 4) {
                tensor = tensor.contiguous(format);
            }
            if (!name.contains("running_")) {
                parameters.put(name, Libtorch.differentiable(tensor));
                (shape.length > 1 ? decaying : plain).push_back(tensor);
            }
            normArguments.put(name, new TensorOptional(tensor));
        }
        decayingOptimizer = optimizer(decaying, settings, settings.weightDecay());
        plainOptimizer = optimizer(plain, settings, 0);
    }

    private static SGD optimizer(TensorVector parameters, TrainingStepSettings settings, double weightDecay) {
        SGDOptions options = new SGDOptions(settings.learningRate());
        options.momentum().put(settings.momentum());
        options.weight_decay().put(weightDecay);
        return new SGD(parameters, options);
    }

    /** Images in the type and layout of this network. */
    Tensor prepare(Tensor images) {
        return images.to(type).contiguous(format);
    }

    /** One step: forward, loss, backward, update. The gradients stay until the next step. */
    double step(Tensor preparedImages, Tensor labelsTwice, float temperature) {
        try (PointerScope scope = new PointerScope()) {
            Tensor loss = backward(preparedImages, labelsTwice, temperature);
            decayingOptimizer.step();
            plainOptimizer.step();
            return loss.item_double();
        }
    }

    /** Forward, loss and backward without an update. */
    Tensor backward(Tensor preparedImages, Tensor labelsTwice, float temperature) {
        decayingOptimizer.zero_grad();
        plainOptimizer.zero_grad();
        Tensor loss = LibtorchDistillationLoss.loss(forward(preparedImages), labelsTwice, temperature);
        loss.backward();
        return loss;
    }

    /** Gradient of the last step by parameter name. */
    Map<String, double[]> gradients() {
        Map<String, double[]> gradients = new LinkedHashMap<>();
        parameters.forEach((name, tensor) -> gradients.put(name, Libtorch.toDoubles(tensor.grad())));
        return gradients;
    }

    /** Parameters by name. */
    Map<String, double[]> values() {
        Map<String, double[]> values = new LinkedHashMap<>();
        parameters.forEach((name, tensor) -> values.put(name, Libtorch.toDoubles(tensor)));
        return values;
    }

    private Tensor forward(Tensor images) {
        Tensor x = normalized(convolved(images, "conv1.weight", 1), "bn1").relu_();
        for (int stage = 1; stage <= STAGES; stage++) {
            for (int block = 0; block < blocksPerStage; block++) {
                x = block(x, "layer" + stage + "." + block + ".", stage > 1 && block == 0 ? 2 : 1);
            }
        }
        Tensor pooled = torch.adaptive_avg_pool2d(x, 1, 1).flatten(1, -1);
        return torch.linear(pooled, parameters.get("fc.weight"), normArguments.get("fc.bias"));
    }

    private Tensor block(Tensor x, String name, int stride) {
        Tensor hidden = normalized(convolved(x, name + "conv1.weight", stride), name + "bn1").relu_();
        Tensor residual = normalized(convolved(hidden, name + "conv2.weight", 1), name + "bn2");
        return residual.add_(stride == 1 ? x : shortcut(x)).relu_();
    }

    /** Every second row and column, then as many channels of zeros again. */
    private Tensor shortcut(Tensor x) {
        long added = x.size(1);
        Tensor pixels = x.slice(2, null, null, 2).slice(3, null, null, 2);
        return torch.constant_pad_nd(pixels, 0, 0, 0, 0, 0, added);
    }

    private Tensor convolved(Tensor x, String name, long stride) {
        return torch.conv2d(x, parameters.get(name), none, new long[] {stride, stride}, new long[] {1, 1},
                new long[] {1, 1}, 1);
    }

    private Tensor normalized(Tensor x, String name) {
        return torch.batch_norm(x, normArguments.get(name + ".weight"), normArguments.get(name + ".bias"),
                normArguments.get(name + ".running_mean"), normArguments.get(name + ".running_var"), true,
                NORM_MOMENTUM, NORM_EPSILON, false);
    }
}
