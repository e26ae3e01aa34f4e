package org.swapdistill.kernels.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.swapdistill.kernels.bindings.sd_execution;
import org.swapdistill.kernels.bindings.sd_sgd_options;
import org.swapdistill.kernels.bindings.sd_sgd_parameter;
import org.swapdistill.kernels.bindings.swapdistill;
import org.swapdistill.kernels.conformance.CallBuffers.Buffer;
import org.swapdistill.kernels.reference.SgdReference;

/** Random cases of the optimizer: several parameters of different sizes and types in one call. */
final class SgdFuzzer extends KernelFuzzer {
    private static final float[] MOMENTA = {0, 0.9f, 0.5f};
    private static final float[] RATES = {0.1f, 0, 1e-3f, 2};
    private static final float[] DECAYS = {0, 5e-4f, 0.1f};
    private static final float[] SCALES = {1, 0x1p-10f, -0.7f};

    SgdFuzzer(int cases) {
        super("sgd_update", cases);
    }

    @Override
    Configuration draw(Random random) {
        return Configuration.empty()
            .set("parameters", random.nextInt(30) == 0 ? 0 : size(random, 1, 40))
            .set("largest", size(random, 1, random.nextInt(10) == 0 ? 100_000 : 3000))
            .set("momentum", random.nextInt(3)).set("nesterov", random.nextInt(2)).set("rate", random.nextInt(4))
            .set("scale", random.nextInt(3)).set("decays", random.nextInt(2)).set("types", random.nextInt(4))
            .set("lowPrecision", random.nextInt(3)).set("offset", any(random, 0, 0, 1, 3)).set("spread", any(random, 0, 0, 1, 3))
            .set("threads", 1 + random.nextInt(3)).set("data", random.nextInt(1 << 20));
    }

    @Override
    List<String> largeCases() {
        return List.of(
            "parameters=3,largest=1500000,momentum=1,nesterov=1,rate=0,scale=1,decays=1,types=3,lowPrecision=1,"
                + "offset=1,spread=0,threads=2,data=7");
    }

    @Override
    int simplest(String number) {
        return switch (number) {
            case "parameters", "largest", "threads" -> 1;
            default -> 0;
        };
    }

    /** The values of one parameter with the buffers of the call. */
    private record Parameter(SgdReference.Options options, float[] value, float[] gradient, float[] momentum,
                             ElementType lowType, Buffer valueBuffer, Buffer momentumBuffer, Buffer lowBuffer) {
        void check(String name) {
            SgdReference.State expected = SgdReference.update(options, value, gradient, momentum);
            SgdReference.NaiveState naive = SgdReference.naiveUpdate(options, value, gradient, momentum);
            byte[] valueBytes = valueBuffer.read();
            float[] newValue = ElementType.F32.decode(valueBytes);
            check(name + ".value", newValue, expected.value(), expected.valueMagnitude(), naive.value());
            if (momentumBuffer != null) {
                check(name + ".momentum", ElementType.F32.decode(momentumBuffer.read()), expected.momentum(),
                    expected.momentumMagnitude(), naive.momentum());
            }
            if (lowBuffer != null) {
                PatchSwapFuzzer.assertEqual(name + ".low_precision", lowType.encode(newValue), lowBuffer.read());
            }
        }

        /** Each element is a sum of four products at most: eight half units in the last place of it are generous. */
        private static void check(String name, float[] actual, double[] expected, double[] magnitude, float[] naive) {
            for (int i = 0; i < actual.length; i++) {
                Tolerance.checkValue(name + "[" + i + "]", actual[i], expected[i], magnitude[i],
                    Tolerance.error(naive[i], expected[i]), ElementType.F32);
            }
        }
    }

    @Override
    void check(Configuration c, KernelBackend backend) {
        Random random = new Random(c.get("data"));
        float momentum = MOMENTA[c.get("momentum")];
        int count = c.get("parameters");
        long structBytes = Pointer.sizeof(sd_sgd_parameter.class);
        try (CallBuffers buffers = new CallBuffers(backend);
             sd_execution execution = backend.execution(c.get("threads"));
             sd_sgd_parameter table = new sd_sgd_parameter(Math.max(1, count))) {
            List<Parameter> parameters = new ArrayList<>();
            SgdReference.Options shared = new SgdReference.Options(RATES[c.get("rate")], momentum,
                c.is("nesterov") && momentum > 0, SCALES[c.get("scale")], 0);
            for (int i = 0; i < count; i++) {
                Parameter parameter = parameter(c, random, buffers, shared, table.position(i));
                parameters.add(parameter);
            }
            table.position(0);
            try (sd_sgd_options options = NativeOptions.sgd(shared)) {
                if (random.nextBoolean()) {
                    float[] rates = {shared.learningRate(), shared.gradientScale()};
                    options.rates(new FloatPointer(buffers.input("rates", ElementType.F32.encode(rates), 4).pointer()))
                        .learning_rate(7).gradient_scale(-7);
                }
                NativeCall.succeeds(swapdistill.sd_sgd_update(execution, options, count, table, structBytes));
            }
            buffers.verify();
            for (int i = 0; i < count; i++) {
                parameters.get(i).check("parameter " + i);
            }
        }
    }

    private static Parameter parameter(Configuration c, Random random, CallBuffers buffers,
                                       SgdReference.Options shared, sd_sgd_parameter struct) {
        int elements = random.nextInt(8) == 0 ? 0 : 1 + random.nextInt(c.get("largest"));
        ElementType gradientType = ElementType.values()[c.get("types") == 3 ? random.nextInt(3) : c.get("types")];
        ElementType lowType = c.get("lowPrecision") == 2 ? ElementType.F16 : ElementType.BF16;
        SgdReference.Options options = new SgdReference.Options(shared.learningRate(), shared.momentum(),
            shared.nesterov(), shared.gradientScale(), c.is("decays") ? DECAYS[random.nextInt(3)] : 0);
        int offset = c.get("offset");
        int spread = c.get("spread");
        float[] value = normal(random, elements, ElementType.F32);
        float[] gradient = normal(random, elements, gradientType);
        float[] velocity = shared.momentum() == 0 ? new float[elements] : normal(random, elements, ElementType.F32);
        Buffer valueBuffer = buffers.inOut("value", ElementType.F32.encode(value), offset * 4);
        Buffer gradientBuffer = buffers.input("gradient", gradientType.encode(gradient),
            (offset + spread) * gradientType.bytes());
        Buffer momentumBuffer = shared.momentum() == 0 ? null
            : buffers.inOut("momentum", ElementType.F32.encode(velocity), (offset + 2 * spread) * 4);
        Buffer lowBuffer = !c.is("lowPrecision") ? null : buffers.output("low_precision", 2 * elements,
            (offset + 3 * spread) * 2);
        struct.count(elements).value(new FloatPointer(valueBuffer.pointer())).gradient(gradientBuffer.pointer())
            .momentum(momentumBuffer == null ? null : new FloatPointer(momentumBuffer.pointer()))
            .low_precision(lowBuffer == null ? null : lowBuffer.pointer()).gradient_dtype(gradientType.code())
            .low_precision_dtype(lowType.code()).weight_decay(options.weightDecay());
        return new Parameter(options, value, gradient, velocity, lowType, valueBuffer, momentumBuffer, lowBuffer);
    }

    private static float[] normal(Random random, int count, ElementType type) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = type.rounded(random.nextGaussian());
        }
        return values;
    }
}
