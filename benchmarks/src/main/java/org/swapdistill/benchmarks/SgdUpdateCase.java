package org.swapdistill.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.SgdUpdate;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/** {@link SgdUpdate} of all parameters of a ResNet-18 with a CIFAR stem: 62 arrays, 11.2 million elements, f32. */
final class SgdUpdateCase implements Case {
    private static final float LEARNING_RATE = 0.01f;
    private static final float MOMENTUM = 0.9f;
    private static final float WEIGHT_DECAY = 5e-4f;

    private final Execution execution;
    private final SgdUpdate update;
    private final SgdUpdate.Parameters parameters;
    private final List<float[]> initialValues = new ArrayList<>();
    private final List<float[]> gradients = new ArrayList<>();
    private final List<Tensor> owned = new ArrayList<>();
    private final List<Tensor> values = new ArrayList<>();
    private final LibtorchSgd peer;

    SgdUpdateCase(int threads) {
        execution = Execution.cpu(threads);
        update = SgdUpdate.builder().momentum(MOMENTUM).build();
        Random random = new Random(4);
        SgdUpdate.Parameters.Builder builder = SgdUpdate.Parameters.builder();
        for (int size : resNet18Sizes()) {
            float[] value = normal(random, size);
            float[] gradient = normal(random, size);
            initialValues.add(value);
            gradients.add(gradient);
            Tensor valueTensor = own(Tensor.of(value, size));
            values.add(valueTensor);
            builder.add(valueTensor, own(Tensor.of(gradient, size)), own(Tensor.allocate(DType.F32, size)),
                    null, WEIGHT_DECAY);
        }
        parameters = builder.build();
        peer = new LibtorchSgd(initialValues, gradients, LEARNING_RATE, MOMENTUM, WEIGHT_DECAY);
    }

    private Tensor own(Tensor tensor) {
        owned.add(tensor);
        return tensor;
    }

    private static float[] normal(Random random, int elements) {
        float[] values = new float[elements];
        for (int i = 0; i < elements; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static List<Integer> resNet18Sizes() {
        List<Integer> sizes = new ArrayList<>();
        addConvolution(sizes, 3, 64, 3);
        int inputs = 64;
        for (int outputs : new int[] {64, 128, 256, 512}) {
            for (int block = 0; block < 2; block++) {
                addConvolution(sizes, inputs, outputs, 3);
                addConvolution(sizes, outputs, outputs, 3);
                if (inputs != outputs) {
                    addConvolution(sizes, inputs, outputs, 1);
                }
                inputs = outputs;
            }
        }
        sizes.add(inputs * 10);
        sizes.add(10);
        return sizes;
    }

    /** Weights and the two parameters of the batch normalization that follows. */
    private static void addConvolution(List<Integer> sizes, int inputs, int outputs, int kernel) {
        sizes.add(inputs * outputs * kernel * kernel);
        sizes.add(outputs);
        sizes.add(outputs);
    }

    @Override
    public String name() {
        return "sgd_update f32, momentum and weight decay, ResNet-18 (" + elements() / 1000 / 1000.0
                + " M in " + values.size() + " arrays)";
    }

    private long elements() {
        return values.stream().mapToLong(Tensor::elements).sum();
    }

    @Override
    public List<Contender> contenders() {
        return List.of(new Contender("SgdUpdate", Contender.Kind.SWAPDISTILL, this::step), peer.contender());
    }

    private void step() {
        update.apply(execution, LEARNING_RATE, 1, parameters);
    }

    /** Value, gradient and velocity read; value and velocity written. */
    @Override
    public long idealBytes() {
        return 5 * elements() * Float.BYTES;
    }

    /** Two steps, so that the velocity of the first matters. */
    @Override
    public void verify() {
        step();
        step();
        Contender libtorch = peer.contender();
        libtorch.work().run();
        libtorch.work().run();
        for (int i = 0; i < values.size(); i++) {
            double[] expected = expected(initialValues.get(i), gradients.get(i));
            double limit = 4 * Math.ulp((float) Check.largestMagnitude(expected));
            Check.atMost("SgdUpdate, parameter " + i, Check.largestError(values.get(i).toFloats(), expected), limit);
            Check.atMost(libtorch.name() + ", parameter " + i, Check.largestError(peer.value(i), expected), limit);
        }
    }

    private static double[] expected(float[] initial, float[] gradient) {
        double[] result = new double[initial.length];
        for (int i = 0; i < result.length; i++) {
            double value = initial[i];
            double velocity = 0;
            for (int step = 0; step < 2; step++) {
                velocity = MOMENTUM * velocity + gradient[i] + WEIGHT_DECAY * value;
                value -= LEARNING_RATE * velocity;
            }
            result[i] = value;
        }
        return result;
    }

    @Override
    public void close() {
        owned.forEach(Tensor::close);
    }
}
