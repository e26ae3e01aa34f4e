package org.swapdistill.benchmarks.cases;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.swapdistill.backend.Activation;
import org.swapdistill.backend.Graph;
import org.swapdistill.backend.GraphBuilder;
import org.swapdistill.backend.Window;
import org.swapdistill.nn.Architecture;

/**
 * An architecture from libtorch operations and autograd, in training mode; trained by SGD with the symmetric pair loss.
 * With a compute type below f32 convolutions and the last layer compute in it and the rest stays f32, as autocast does.
 */
final class LibtorchNetwork implements GraphBuilder {
    private static final long[] NO_DILATION = {1, 1};

    private final torch.ScalarType storedType;
    private final torch.ScalarType computeType;
    private final torch.MemoryFormat format;
    private final Map<String, Tensor> parameters = new LinkedHashMap<>();
    private final Map<String, TensorOptional> arguments = new LinkedHashMap<>();
    private final TensorOptional none = new TensorOptional();
    private final List<Operation> operations = new ArrayList<>();
    private final SGD decayingOptimizer;
    private final SGD plainOptimizer;

    private record Value(int index, int channels, int height, int width) implements Activation {
    }

    /** Makes one activation of earlier ones. */
    private interface Operation {
        Tensor apply(Tensor[] values);
    }

    /**
     * @param state parameters and running statistics; copied
     * @param computeType Float, BFloat16 or Half; Double for a reference, which is double throughout
     * @param format Contiguous or ChannelsLast
     */
    LibtorchNetwork(LibtorchDevice device, Architecture architecture, Map<String, NamedArray> state,
                    torch.ScalarType computeType, torch.MemoryFormat format, SgdSettings settings) {
        this.computeType = computeType;
        storedType = computeType == torch.ScalarType.Double ? computeType : torch.ScalarType.Float;
        this.format = format;
        TensorVector decaying = new TensorVector();
        TensorVector plain = new TensorVector();
        for (Map.Entry<String, NamedArray> entry : state.entrySet()) {
            String name = entry.getKey();
            long[] shape = entry.getValue().shape();
            Tensor tensor = device.place(Libtorch.ofFloats(entry.getValue().values(), shape).to(storedType));
            if (shape.length == 4) {
                tensor = tensor.contiguous(format);
            }
            if (!name.contains("running_")) {
                parameters.put(name, Libtorch.differentiable(tensor));
                (shape.length > 1 ? decaying : plain).push_back(tensor);
            }
            arguments.put(name, new TensorOptional(tensor));
        }
        decayingOptimizer = LibtorchSgd.optimizer(decaying, settings);
        plainOptimizer = LibtorchSgd.optimizer(plain,
                new SgdSettings(settings.learningRate(), settings.momentum(), 0));
        architecture.describe(this);
    }

    /** Images in the type and layout of this network. */
    Tensor prepare(Tensor images) {
        return images.to(computeType).contiguous(format);
    }

    /** One step: forward, loss, backward, update. Returns the loss. */
    double step(Tensor preparedImages, Tensor labelsTwice, float temperature) {
        try (PointerScope scope = new PointerScope()) {
            decayingOptimizer.zero_grad();
            plainOptimizer.zero_grad();
            Tensor logits = forward(preparedImages);
            Tensor loss = LibtorchDistillationLoss.loss(logits, labelsTwice, temperature);
            loss.backward();
            decayingOptimizer.step();
            plainOptimizer.step();
            logits.releaseReference();
            return loss.item_double();
        }
    }

    /** Parameters by name. */
    Map<String, double[]> values() {
        Map<String, double[]> values = new LinkedHashMap<>();
        parameters.forEach((name, tensor) -> values.put(name, Libtorch.toDoubles(tensor)));
        return values;
    }

    /**
     * The activations are let go on return, so that autograd frees each of them as soon as it has used it. The caller
     * releases the logits.
     */
    private Tensor forward(Tensor images) {
        try (PointerScope scope = new PointerScope()) {
            Tensor[] values = new Tensor[operations.size() + 1];
            values[0] = images;
            for (int i = 0; i < operations.size(); i++) {
                values[i + 1] = operations.get(i).apply(values);
            }
            Tensor logits = values[operations.size()];
            logits.retainReference();
            return logits;
        }
    }

    private Value append(int channels, int height, int width, Operation operation) {
        operations.add(operation);
        return new Value(operations.size(), channels, height, width);
    }

    private static int index(Activation activation) {
        return ((Value) activation).index();
    }

    @Override
    public Activation input(int channels, int height, int width) {
        return new Value(0, channels, height, width);
    }

    private Tensor computed(Tensor tensor) {
        return computeType == storedType ? tensor : tensor.to(computeType);
    }

    @Override
    public Activation convolution(String name, Activation input, int channels, Window window) {
        Tensor weight = parameters.get(name + ".weight");
        long[] stride = {window.stride(), window.stride()};
        long[] padding = {window.padding(), window.padding()};
        int in = index(input);
        return append(channels, window.outputSize(input.height()), window.outputSize(input.width()),
                values -> torch.conv2d(computed(values[in]), computed(weight), none, stride, padding, NO_DILATION, 1));
    }

    @Override
    public Activation batchNormalization(String name, Activation input, boolean relu) {
        TensorOptional scale = arguments.get(name + ".weight");
        TensorOptional shift = arguments.get(name + ".bias");
        TensorOptional mean = arguments.get(name + ".running_mean");
        TensorOptional variance = arguments.get(name + ".running_var");
        int in = index(input);
        return append(input.channels(), input.height(), input.width(), values -> {
            Tensor normalized = torch.batch_norm(values[in], scale, shift, mean, variance, true, RUNNING_MOMENTUM,
                    EPSILON, true);
            return relu ? normalized.relu_() : normalized;
        });
    }

    /** In place: neither summand's operation needs its result for the gradient. */
    @Override
    public Activation add(Activation a, Activation b, boolean relu) {
        int first = index(a);
        int second = index(b);
        return append(a.channels(), a.height(), a.width(), values -> {
            Tensor sum = values[first].add_(values[second]);
            return relu ? sum.relu_() : sum;
        });
    }

    @Override
    public Activation identityShortcut(Activation input, int channels, int stride) {
        Window window = new Window(1, stride, 0);
        int in = index(input);
        int added = channels - input.channels();
        return append(channels, window.outputSize(input.height()), window.outputSize(input.width()), values -> {
            Tensor pixels = values[in].slice(2, null, null, stride).slice(3, null, null, stride);
            return torch.constant_pad_nd(pixels, 0, 0, 0, 0, 0, added);
        });
    }

    @Override
    public Activation maxPooling(Activation input, Window window) {
        long[] kernel = {window.kernel(), window.kernel()};
        long[] stride = {window.stride(), window.stride()};
        long[] padding = {window.padding(), window.padding()};
        int in = index(input);
        return append(input.channels(), window.outputSize(input.height()), window.outputSize(input.width()),
                values -> torch.max_pool2d(values[in], kernel, stride, padding, NO_DILATION, false));
    }

    @Override
    public Activation globalAveragePooling(Activation input) {
        int in = index(input);
        return append(input.channels(), 1, 1, values -> torch.adaptive_avg_pool2d(values[in], 1, 1));
    }

    @Override
    public void linear(String name, Activation input, int classes) {
        Tensor weight = parameters.get(name + ".weight");
        Tensor bias = parameters.get(name + ".bias");
        int in = index(input);
        append(classes, 1, 1, values -> torch.linear(computed(values[in]).flatten(1, -1), computed(weight),
                new TensorOptional(computed(bias))).to(storedType));
    }

    @Override
    public Graph build() {
        throw new UnsupportedOperationException("a libtorch network runs by itself");
    }
}
