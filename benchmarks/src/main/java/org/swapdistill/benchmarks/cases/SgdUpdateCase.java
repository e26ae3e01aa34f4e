package org.swapdistill.benchmarks.cases;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.SgdUpdate;
import org.swapdistill.kernels.reference.SgdReference;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/**
 * {@link SgdUpdate} with momentum and weight decay on all parameters of a network. With gradients in bf16 a copy of the
 * values in bf16 is written too, as in training with mixed precision.
 */
public final class SgdUpdateCase extends Case {
    private static final SgdSettings SETTINGS = new SgdSettings(0.01f, 0.9f, 5e-4f);
    private static final int SIDE = 32;
    /** Units in the last place of the largest value: one for each rounding of a value in two steps. */
    private static final double ROUNDINGS = 4;

    private final String model;
    private final DType gradientType;
    private final int threads;
    private final List<float[]> initialValues = new ArrayList<>();
    private final List<float[]> gradients = new ArrayList<>();

    /**
     * Draws values and gradients.
     *
     * @param model a network for images of 32x32, such as {@code resnet18}; or a number of elements in one array
     * @param gradientType F32 or BF16
     * @param threads at least 1
     */
    public SgdUpdateCase(String model, DType gradientType, int threads) {
        this.model = model;
        this.gradientType = gradientType;
        this.threads = threads;
        List<Integer> sizes = model.matches("\\d+") ? List.of(Integer.valueOf(model))
                : NetworkDescription.of(TrainingShape.student(model, SIDE)).parameterSizes();
        for (int i = 0; i < sizes.size(); i++) {
            initialValues.add(Inputs.normal(9 + 2L * i, sizes.get(i), 1));
            try (Tensor gradient = Tensor.allocate(gradientType, sizes.get(i))) {
                gradient.copyFrom(Inputs.normal(10 + 2L * i, sizes.get(i), 1));
                gradients.add(gradient.toFloats());
            }
        }
    }

    @Override
    public String name() {
        return String.format(Locale.ROOT, "sgd_update %s, momentum and weight decay, %s (%,d elements in %d arrays)",
                gradientType.name().toLowerCase(Locale.ROOT), model, elements(), initialValues.size());
    }

    private long elements() {
        return initialValues.stream().mapToLong(values -> values.length).sum();
    }

    /** Value, gradient and velocity read; value and velocity, and a copy of the value if there is one, written. */
    @Override
    public Bound bound() {
        return Bound.bytes(elements() * (gradientType == DType.F32 ? 5.0 * Float.BYTES : 4.0 * Float.BYTES + 4));
    }

    @Override
    List<Contender> make(Implementation implementation) {
        if (gradientType != DType.F32 && implementation != Implementation.NATIVE
                && implementation != Implementation.CUDA) {
            throw new UnavailableException(implementation, "written for gradients in f32");
        }
        return switch (implementation) {
            case REFERENCE -> onArrays(implementation, (values, velocities) -> reference(values, velocities));
            case JAVA -> inJava(implementation, new JavaSgdArithmetic());
            case VECTOR -> inJava(implementation, new VectorSgdArithmetic());
            case NATIVE, CUDA -> onTensors(implementation);
            case LIBTORCH, LIBTORCH_CUDA -> libtorch(implementation);
            case ONEDNN -> onednn();
        };
    }

    private interface ArrayUpdate {
        void update(List<float[]> values, List<float[]> velocities);
    }

    private void reference(List<float[]> values, List<float[]> velocities) {
        for (int i = 0; i < values.size(); i++) {
            SgdReference.State state = SgdReference.update(options(), values.get(i), gradients.get(i),
                    velocities.get(i));
            for (int j = 0; j < values.get(i).length; j++) {
                values.get(i)[j] = (float) state.value()[j];
                velocities.get(i)[j] = (float) state.momentum()[j];
            }
        }
    }

    private static SgdReference.Options options() {
        return new SgdReference.Options(SETTINGS.learningRate(), SETTINGS.momentum(), false, 1,
                SETTINGS.weightDecay());
    }

    private List<Contender> inJava(Implementation implementation, SgdArithmetic arithmetic) {
        ThreadTeam team = own(new ThreadTeam(threads));
        JavaSgd update = new JavaSgd(initialValues, arithmetic, SETTINGS);
        return onArrays(implementation, (values, velocities) -> update.apply(team, values, gradients, velocities));
    }

    private List<Contender> onArrays(Implementation implementation, ArrayUpdate update) {
        List<float[]> values = initialValues.stream().map(float[]::clone).toList();
        List<float[]> velocities = initialValues.stream().map(array -> new float[array.length]).toList();
        Runnable work = () -> update.update(values, velocities);
        return List.of(Contender.onHost(implementation, "arrays", work, () -> {
            for (int i = 0; i < values.size(); i++) {
                System.arraycopy(initialValues.get(i), 0, values.get(i), 0, values.get(i).length);
                Arrays.fill(velocities.get(i), 0);
            }
            compareAfterTwo(implementation.toString(), work, values::get);
        }));
    }

    private List<Contender> onTensors(Implementation implementation) {
        KernelDevice device = own(KernelDevice.of(implementation, threads));
        Execution execution = device.execution();
        SgdUpdate update = SgdUpdate.builder().momentum(SETTINGS.momentum()).build();
        SgdUpdate.Parameters.Builder builder = SgdUpdate.Parameters.builder();
        List<Tensor> values = new ArrayList<>();
        List<Tensor> velocities = new ArrayList<>();
        for (int i = 0; i < initialValues.size(); i++) {
            int size = initialValues.get(i).length;
            Tensor hostGradient = Tensor.allocate(gradientType, size);
            hostGradient.copyFrom(gradients.get(i));
            values.add(placed(device, Tensor.of(initialValues.get(i), size)));
            velocities.add(placed(device, Tensor.allocate(DType.F32, size)));
            builder.add(values.get(i), placed(device, hostGradient), velocities.get(i),
                    gradientType == DType.F32 ? null : placed(device, Tensor.allocate(gradientType, size)),
                    SETTINGS.weightDecay());
        }
        SgdUpdate.Parameters parameters = builder.build();
        Runnable work = () -> update.apply(execution, SETTINGS.learningRate(), 1, parameters);
        return List.of(new Contender(implementation, "SgdUpdate", true, device.stopwatch(), work, () -> {
            for (int i = 0; i < values.size(); i++) {
                try (Tensor initial = Tensor.of(initialValues.get(i), initialValues.get(i).length);
                        Tensor zeros = Tensor.allocate(DType.F32, initialValues.get(i).length)) {
                    device.write(initial, values.get(i));
                    device.write(zeros, velocities.get(i));
                }
            }
            compareAfterTwo(implementation.toString(), work, i -> {
                try (Tensor value = device.read(values.get(i))) {
                    return value.toFloats();
                }
            });
        }));
    }

    private Tensor placed(KernelDevice device, Tensor host) {
        try (host) {
            return own(device.copyOf(host));
        }
    }

    private List<Contender> libtorch(Implementation implementation) {
        LibtorchDevice device = own(LibtorchDevice.of(implementation, threads));
        LibtorchSgd optimizer = new LibtorchSgd(device, initialValues, gradients, SETTINGS);
        Runnable work = Libtorch.scoped(optimizer::step);
        return List.of(new Contender(implementation, "torch::optim::SGD", true, device.stopwatch(), work, () -> {
            optimizer.reset(initialValues);
            compareAfterTwo(implementation.toString(), work, optimizer::value);
        }));
    }

    private List<Contender> onednn() {
        OneDnnSgd update = own(new OneDnnSgd(initialValues, gradients, SETTINGS, threads));
        return List.of(Contender.onHost(Implementation.ONEDNN, "two weighted sums", update::step, () -> {
            update.reset(initialValues);
            compareAfterTwo("onednn", update::step, update::value);
        }));
    }

    /** Two steps, so that the velocity of the first matters. */
    private void compareAfterTwo(String who, Runnable step, IntFunction<float[]> value) {
        step.run();
        step.run();
        for (int i = 0; i < initialValues.size(); i++) {
            float[] zeros = new float[initialValues.get(i).length];
            SgdReference.State first = SgdReference.update(options(), initialValues.get(i), gradients.get(i), zeros);
            SgdReference.State exact = SgdReference.update(options(), floats(first.value()), gradients.get(i),
                    floats(first.momentum()));
            double limit = ROUNDINGS * Math.ulp((float) Check.largestMagnitude(exact.value()));
            Check.atMost(who + ", parameter " + i, Check.largestError(value.apply(i), exact.value()), limit);
        }
    }

    private static float[] floats(double[] values) {
        float[] result = new float[values.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = (float) values[i];
        }
        return result;
    }
}
