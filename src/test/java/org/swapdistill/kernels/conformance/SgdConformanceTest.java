package org.swapdistill.kernels.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.swapdistill.kernels.bindings.sd_execution;
import org.swapdistill.kernels.bindings.sd_sgd_options;
import org.swapdistill.kernels.bindings.sd_sgd_parameter;
import org.swapdistill.kernels.bindings.swapdistill;
import org.swapdistill.kernels.conformance.CallBuffers.Buffer;
import org.swapdistill.kernels.reference.SgdReference;

/** Several steps of the optimizer against PyTorch's recurrence, and independence of the thread count. */
@Tag("cuda")
class SgdConformanceTest {
    private static final String BACKENDS = "org.swapdistill.kernels.conformance.KernelBackends#all";

    private static float[] descend(KernelBackend backend, int threads, SgdReference.Options options, int elements,
                                   int steps) {
        Random random = new Random(1);
        float[] value = gaussian(random, elements);
        try (CallBuffers buffers = new CallBuffers(backend);
             sd_execution execution = backend.execution(threads);
             sd_sgd_options nativeOptions = NativeOptions.sgd(options);
             sd_sgd_parameter parameter = new sd_sgd_parameter()) {
            Buffer values = buffers.inOut("value", ElementType.F32.encode(value), 0);
            Buffer gradients = buffers.inOut("gradient", new byte[4 * elements], 0);
            Buffer momentum = buffers.inOut("momentum", new byte[4 * elements], 0);
            Pointer.memset(parameter, 0, Pointer.sizeof(sd_sgd_parameter.class));
            parameter.count(elements).value(new FloatPointer(values.pointer())).gradient(gradients.pointer())
                .momentum(new FloatPointer(momentum.pointer())).gradient_dtype(swapdistill.SD_F32)
                .low_precision_dtype(swapdistill.SD_BF16).weight_decay(options.weightDecay());
            for (int step = 0; step < steps; step++) {
                gradients.write(ElementType.F32.encode(gaussian(random, elements)));
                NativeCall.succeeds(swapdistill.sd_sgd_update(execution, nativeOptions, 1, parameter,
                    Pointer.sizeof(sd_sgd_parameter.class)));
            }
            return ElementType.F32.decode(values.read());
        }
    }

    private static float[] gaussian(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void tenStepsFollowPyTorch(KernelBackend backend) {
        for (boolean nesterov : new boolean[] {false, true}) {
            SgdReference.Options options = new SgdReference.Options(0.1f, 0.9f, nesterov, 0.5f, 1e-2f);
            float[] actual = descend(backend, 1, options, 100, 10);
            Random random = new Random(1);
            float[] start = gaussian(random, 100);
            double[] value = new double[100];
            double[] buffer = new double[100];
            for (int i = 0; i < 100; i++) {
                value[i] = start[i];
            }
            for (int step = 0; step < 10; step++) {
                float[] gradients = gaussian(random, 100);
                for (int i = 0; i < 100; i++) {
                    double d = 0.5 * gradients[i] + 1e-2 * value[i];
                    buffer[i] = step == 0 ? d : 0.9 * buffer[i] + d;
                    value[i] -= 0.1 * (nesterov ? d + 0.9 * buffer[i] : buffer[i]);
                }
            }
            for (int i = 0; i < 100; i++) {
                assertEquals(value[i], actual[i], 2e-6);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void anyNumberOfThreadsGivesTheSameBits(KernelBackend backend) {
        SgdReference.Options options = new SgdReference.Options(0.1f, 0.9f, true, 1, 1e-4f);
        float[] one = descend(backend, 1, options, 70_001, 2);
        assertArrayEquals(one, descend(backend, 2, options, 70_001, 2));
        assertArrayEquals(one, descend(backend, 3, options, 70_001, 2));
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void nothingToUpdateIsNoError(KernelBackend backend) {
        SgdReference.Options options = new SgdReference.Options(0.1f, 0.9f, true, 1, 1e-4f);
        try (sd_execution execution = backend.execution(1); sd_sgd_options nativeOptions = NativeOptions.sgd(options)) {
            NativeCall.succeeds(swapdistill.sd_sgd_update(execution, nativeOptions, 0, null,
                Pointer.sizeof(sd_sgd_parameter.class)));
        }
        assertEquals(0, descend(backend, 1, options, 0, 1).length);
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void aSumOfGradientsThatIsNotFiniteLeavesEverythingAsItIs(KernelBackend backend) {
        for (float sum : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.MAX_VALUE}) {
            SgdReference.Options options = new SgdReference.Options(0.5f, 0, false, 1, 0);
            try (CallBuffers buffers = new CallBuffers(backend); sd_execution execution = backend.execution(1);
                 sd_sgd_options nativeOptions = NativeOptions.sgd(options);
                 sd_sgd_parameter parameter = new sd_sgd_parameter()) {
                Buffer values = buffers.inOut("value", ElementType.F32.encode(new float[] {1, 2, 3}), 0);
                Buffer gradients = buffers.inOut("gradient", ElementType.F32.encode(new float[] {2, 2, 2}), 0);
                Buffer sums = buffers.inOut("gradient_sum", ElementType.F32.encode(new float[] {sum}), 0);
                Pointer.memset(parameter, 0, Pointer.sizeof(sd_sgd_parameter.class));
                parameter.count(3).value(new FloatPointer(values.pointer())).gradient(gradients.pointer())
                    .gradient_dtype(swapdistill.SD_F32).low_precision_dtype(swapdistill.SD_BF16);
                NativeCall.succeeds(swapdistill.sd_sgd_update(execution,
                    nativeOptions.gradient_sum(new FloatPointer(sums.pointer())), 1, parameter,
                    Pointer.sizeof(sd_sgd_parameter.class)));
                assertArrayEquals(sum == Float.MAX_VALUE ? new float[] {0, 1, 2} : new float[] {1, 2, 3},
                    ElementType.F32.decode(values.read()));
            }
        }
    }
}
