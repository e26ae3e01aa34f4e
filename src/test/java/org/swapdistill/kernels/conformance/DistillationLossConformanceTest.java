package org.swapdistill.kernels.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.swapdistill.kernels.reference.DistillationLossReference;
import org.swapdistill.kernels.reference.LossInputs;
import org.swapdistill.kernels.reference.LossOptions;
import org.swapdistill.kernels.reference.LossOptions.Divergence;
import org.swapdistill.kernels.reference.LossOptions.Reduction;
import org.swapdistill.kernels.reference.LossOptions.Target;
import org.swapdistill.kernels.reference.LossResult;

/** Properties of the distillation loss beside agreement with the reference on random cases. */
@Tag("cuda")
class DistillationLossConformanceTest {
    private static final String BACKENDS = "org.swapdistill.kernels.conformance.KernelBackends#all";
    private static final LossOptions PAIR = LossOptions.defaults().withTemperature(4, true);

    private static LossInputs normal(int outer, int classes, int inner, double scale, long seed) {
        Random random = new Random(seed);
        int rows = outer * inner;
        float[] logits = new float[rows * classes];
        float[] target = new float[rows * classes];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = Math.round(scale * random.nextGaussian() * 64) / 64f;
            target[i] = Math.round(scale * random.nextGaussian() * 64) / 64f;
        }
        return new LossInputs(outer, classes, inner, logits, target, random.longs(rows, 0, classes).toArray(), null,
            null);
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void divergencesHaveTheirDirection(KernelBackend backend) {
        float[] student = {0, 0};
        float[] target = {(float) Math.log(9), 0};
        double forward = 0.9 * Math.log(0.9 / 0.5) + 0.1 * Math.log(0.1 / 0.5);
        double reverse = 0.5 * Math.log(0.5 / 0.9) + 0.5 * Math.log(0.5 / 0.1);
        LossInputs inputs = new LossInputs(1, 2, 1, student, target, new long[] {0}, null, null);
        LossOptions options = LossOptions.defaults().withWeights(0, 1);
        LossOptions toTarget = options.with(Target.LOGITS, Divergence.FORWARD_KL, false);
        LossOutputs single = LossCall.on(backend).run(toTarget, inputs);
        assertEquals(forward, single.loss(), 1e-6);
        single = LossCall.on(backend).run(toTarget.with(Target.LOGITS, Divergence.REVERSE_KL, false), inputs);
        assertEquals(reverse, single.loss(), 1e-6);
        LossOutputs pair = LossCall.on(backend).run(options, inputs);
        assertEquals(forward, pair.values(LossOutput.DIVERGENCE)[0], 1e-6, "D(s_b, s_a)");
        assertEquals(reverse, pair.values(LossOutput.DIVERGENCE)[1], 1e-6, "D(s_a, s_b)");
        assertEquals((forward + reverse) / 2, pair.loss(), 1e-6);
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void bothDirectionsAddUpToTheIdentity(KernelBackend backend) {
        LossInputs inputs = normal(6, 50, 1, 2, 1);
        LossOutputs outputs = LossCall.on(backend).run(PAIR.with(Reduction.NONE), inputs);
        float[] divergence = outputs.values(LossOutput.DIVERGENCE);
        for (int row = 0; row < 6; row++) {
            double[] sa = softmax(inputs.logits(), row * 50, 50, 4);
            double[] sb = softmax(inputs.target(), row * 50, 50, 4);
            double expected = 0;
            for (int k = 0; k < 50; k++) {
                expected += (sa[k] - sb[k]) * (inputs.logits()[row * 50 + k] - inputs.target()[row * 50 + k]) / 4;
            }
            assertEquals(expected, divergence[row] + divergence[6 + row], 1e-5 * expected + 1e-6);
        }
    }

    private static double[] softmax(float[] logits, int start, int classes, double temperature) {
        double[] result = new double[classes];
        double sum = 0;
        for (int k = 0; k < classes; k++) {
            result[k] = Math.exp(logits[start + k] / temperature);
            sum += result[k];
        }
        for (int k = 0; k < classes; k++) {
            result[k] /= sum;
        }
        return result;
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void temperatureSquaredIsAFactorOfTheDivergenceAlone(KernelBackend backend) {
        LossInputs inputs = normal(5, 9, 1, 1, 2);
        float distillation = LossCall.on(backend).run(PAIR.withWeights(0, 1).withTemperature(4, false), inputs).loss();
        float squared = LossCall.on(backend).run(PAIR.withWeights(0, 1), inputs).loss();
        assertEquals(16 * distillation, squared, 1e-5 * squared);
        float crossEntropy = LossCall.on(backend).run(PAIR.withWeights(1, 0), inputs).loss();
        float both = LossCall.on(backend).run(PAIR, inputs).loss();
        assertEquals(crossEntropy + squared, both, 1e-5 * both);
    }

    /** Slopes of the native float loss itself, by Richardson's extrapolation of central differences. */
    @ParameterizedTest
    @MethodSource(BACKENDS)
    void gradientsAreTheSlopesOfTheLoss(KernelBackend backend) {
        for (Target target : Target.values()) {
            for (Divergence divergence : Divergence.values()) {
                for (boolean coupled : new boolean[] {false, true}) {
                    if (coupled ? target == Target.NONE || target == Target.PROBABILITIES : target == Target.PAIR) {
                        continue; // the gradient of a detached pair is no slope; the reference covers it
                    }
                    LossOptions options = LossOptions.defaults().with(target, divergence, coupled)
                        .withTemperature(2, true).withLabelSmoothing(0.1f);
                    checkSlopes(LossCall.on(backend), options);
                }
            }
        }
    }

    private static void checkSlopes(LossCall call, LossOptions options) {
        LossInputs inputs = normal(4, 7, 3, 1, 3);
        if (options.target() == Target.PROBABILITIES) {
            for (int row = 0; row < inputs.rows(); row++) {
                for (int k = 0; k < 7; k++) {
                    inputs.target()[inputs.start(row) + 3 * k] = (k + 1) / 28f;
                }
            }
        }
        LossOutputs outputs = call.run(options, inputs);
        Random random = new Random(4);
        for (int direction = 0; direction < 6; direction++) {
            boolean ofTarget = options.hasTargetGradient() && direction % 2 == 1;
            float[] gradient = outputs.values(ofTarget ? LossOutput.TARGET_GRADIENT : LossOutput.LOGITS_GRADIENT);
            int[] signs = new int[gradient.length];
            double expected = 0;
            for (int i = 0; i < signs.length; i++) {
                signs[i] = random.nextInt(3) - 1;
                expected += signs[i] * (double) gradient[i];
            }
            double near = slope(call, options, inputs, ofTarget, signs, 0x1p-5f);
            double far = slope(call, options, inputs, ofTarget, signs, 0x1p-4f);
            assertEquals((4 * near - far) / 3, expected, 3e-4, options.toString());
        }
    }

    private static double slope(LossCall call, LossOptions options, LossInputs inputs, boolean ofTarget, int[] signs,
                                float step) {
        double[] ends = new double[2];
        for (int end = 0; end < 2; end++) {
            float[] logits = inputs.logits().clone();
            float[] target = inputs.target().clone();
            for (int i = 0; i < signs.length; i++) {
                (ofTarget ? target : logits)[i] += (end == 0 ? step : -step) * signs[i];
            }
            ends[end] = call.run(options, new LossInputs(inputs.outer(), inputs.classes(), inputs.inner(), logits,
                target, inputs.labels(), null, null)).loss();
        }
        return (ends[0] - ends[1]) / (2 * step);
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void shiftedLogitsGiveTheSameLossAndGradients(KernelBackend backend) {
        LossInputs inputs = normal(3, 33, 1, 2, 5);
        float[] shifted = inputs.logits().clone();
        for (int i = 0; i < shifted.length; i++) {
            shifted[i] += 8192; // exact: the logits are multiples of 1/64
        }
        LossOutputs plain = LossCall.on(backend).run(PAIR, inputs);
        LossOutputs moved = LossCall.on(backend).run(PAIR, new LossInputs(3, 33, 1, shifted, inputs.target(),
            inputs.labels(), null, null));
        assertEquals(plain.loss(), moved.loss(), 1e-5 * plain.loss());
        float[] expected = plain.values(LossOutput.LOGITS_GRADIENT);
        float[] actual = moved.values(LossOutput.LOGITS_GRADIENT);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], 1e-6);
        }
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void equalRowsHaveNoDivergence(KernelBackend backend) {
        LossInputs inputs = normal(4, 101, 1, 3, 6);
        LossInputs equal = new LossInputs(4, 101, 1, inputs.logits(), inputs.logits().clone(), inputs.labels(), null,
            null);
        for (Divergence divergence : Divergence.values()) {
            LossOptions options = PAIR.with(Target.PAIR, divergence, true).withWeights(0, 1);
            LossOutputs outputs = LossComparison.check(LossCall.on(backend), options, equal);
            assertEquals(0, outputs.loss(), 2e-5);
            for (float gradient : outputs.values(LossOutput.LOGITS_GRADIENT)) {
                assertEquals(0, gradient, 1e-6);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void largeLogitsStayFinite(KernelBackend backend) {
        LossInputs inputs = normal(5, 20, 2, 1, 7);
        for (int i = 0; i < inputs.logits().length; i++) {
            inputs.logits()[i] = i % 3 == 0 ? 1e4f : -1e4f;
            inputs.target()[i] = i % 4 == 0 ? 1e4f : -1e4f;
        }
        for (Divergence divergence : Divergence.values()) {
            LossOutputs outputs = LossComparison.check(LossCall.on(backend),
                PAIR.with(Target.PAIR, divergence, true), inputs);
            assertTrue(Float.isFinite(outputs.loss()));
        }
    }

    /** Factors of the gradient beyond the range of float times a difference of 0. */
    @ParameterizedTest
    @MethodSource(BACKENDS)
    void factorsBeyondTheRangeOfFloatLeaveGradientsFinite(KernelBackend backend) {
        for (int[] shape : new int[][] {{3, 4, 1}, {3, 300, 1}, {2, 9001, 1}, {1, 4, 3}, {1, 300, 3}}) {
            for (double scale : new double[] {0, 1}) {
                LossInputs plain = normal(shape[0], shape[1], shape[2], scale, 24);
                LossInputs equal = new LossInputs(shape[0], shape[1], shape[2], plain.logits(),
                    plain.logits().clone(), plain.labels(), null, new float[] {3});
                for (Divergence divergence : Divergence.values()) {
                    for (boolean coupled : new boolean[] {false, true}) {
                        LossOptions options = PAIR.with(Target.PAIR, divergence, coupled);
                        assertFinite(LossCall.on(backend), options.withWeights(1, 1e10f).withTemperature(1e30f, true),
                            equal);
                        assertFinite(LossCall.on(backend),
                            options.withWeights(1, 1).withTemperature(Float.MIN_VALUE, false), equal);
                    }
                }
            }
        }
    }

    /** The gradients; and the loss, unless rounding errors of Jensen-Shannon alone leave the range times T^2. */
    private static void assertFinite(LossCall call, LossOptions options, LossInputs inputs) {
        String what = options + ", " + inputs.outer() + " x " + inputs.classes() + " x " + inputs.inner();
        LossOutputs outputs = call.run(options, inputs);
        for (LossOutput output : new LossOutput[] {LossOutput.LOGITS_GRADIENT, LossOutput.TARGET_GRADIENT}) {
            for (float gradient : outputs.values(output)) {
                assertTrue(Float.isFinite(gradient), () -> output + " has " + gradient + ", " + what);
            }
        }
        if (options.divergence() != Divergence.JENSEN_SHANNON) {
            assertTrue(Float.isFinite(outputs.loss()), () -> "the loss is " + outputs.loss() + ", " + what);
        }
    }

    /** Finite logits are no masked ones, also where their distance leaves the range of float. */
    @ParameterizedTest
    @MethodSource(BACKENDS)
    @Tag("long")
    void logitsFartherApartThanTheRangeOfFloatAreNotMasked(KernelBackend backend) {
        EnumSet<LossOutput> gradients = EnumSet.of(LossOutput.LOGITS_GRADIENT, LossOutput.TARGET_GRADIENT);
        EnumSet<LossOutput> noSums = EnumSet.complementOf(EnumSet.of(LossOutput.LOSS, LossOutput.CROSS_ENTROPY));
        for (ElementType type : new ElementType[] {ElementType.F32, ElementType.BF16}) {
            for (int[] shape : new int[][] {{3, 4, 1}, {3, 300, 1}, {3, 9001, 1}, {1, 4, 3}, {1, 300, 3}}) {
                LossInputs inputs = farApart(shape, type);
                LossCall call = LossCall.on(backend).withType(type);
                for (float temperature : new float[] {1, 3}) {
                    LossOptions options = PAIR.withLabelSmoothing(0.1f).withTemperature(temperature, false);
                    assertCrossEntropy(call, options.withWeights(1, 0), inputs);
                    LossComparison.check(call.with(gradients), options, inputs);
                    LossComparison.check(call.with(noSums), options.with(Target.PAIR, Divergence.JENSEN_SHANNON, true),
                        inputs);
                    for (Divergence divergence : Divergence.values()) {
                        assertFinite(call, options.with(Target.PAIR, divergence, false), inputs);
                        assertFinite(call, options.with(Target.PAIR, divergence, false).with(Reduction.SUM), inputs);
                    }
                }
            }
        }
    }

    /** The naive method, by whose error others are judged, overflows here. */
    private static void assertCrossEntropy(LossCall call, LossOptions options, LossInputs inputs) {
        LossResult expected = DistillationLossReference.compute(options, inputs);
        LossOutputs outputs = call.run(options, inputs);
        assertEquals(expected.loss[0], outputs.loss(), 1e-5 * expected.loss[0]);
        float[] crossEntropy = outputs.values(LossOutput.CROSS_ENTROPY);
        for (int i = 0; i < crossEntropy.length; i++) {
            assertEquals(expected.rowCrossEntropy[i], crossEntropy[i], 1e-5 * expected.rowCrossEntropy[i], "row " + i);
        }
    }

    /** Three rows: the student's far apart, both far apart, neither. */
    private static LossInputs farApart(int[] shape, ElementType type) {
        LossInputs inputs = normal(shape[0], shape[1], shape[2], 0.25, 25);
        float far = type.rounded(3e38);
        for (int row = 0; row < 2; row++) {
            for (float[] logits : row == 0 ? new float[][] {inputs.logits()}
                : new float[][] {inputs.logits(), inputs.target()}) {
                logits[inputs.start(row)] = far;
                logits[inputs.start(row) + shape[2]] = -far;
            }
            inputs.labels()[row] = 0;
        }
        return inputs;
    }

    /** Dense predictions of odd sizes: the rows of each class begin elsewhere in a sector. */
    @ParameterizedTest
    @MethodSource(BACKENDS)
    void stridedRowsBeginAnywhere(KernelBackend backend) {
        LossFuzzer fuzzer = new LossFuzzer(0);
        String rest = ",labels64=0,divergence=0,coupled=1,reduction=2,temperature=2,unsquared=0,ceWeight=0,kdWeight=2,"
            + "smoothing=1,ignore=1,noLabels=0,rowWeights=1,upstream=1,stride=1,logits=0,masked=1,equal=0,outputs=127,"
            + "threads=2,data=2,";
        for (int[] shape : new int[][] {{2, 19, 1089}, {1, 3, 5131}, {3, 24, 161}, {40, 5, 27}, {2, 65, 801},
            {9, 100, 49}, {14, 157, 3}, {2, 70, 48}}) {
            for (int type = 0; type < 3; type++) {
                fuzzer.check(Configuration.parse("outer=" + shape[0] + ",classes=" + shape[1] + ",inner=" + shape[2]
                    + rest + "dtype=" + type + ",target=" + (type + 1) % 4 + ",inPlace=" + type % 2 + ",offset=" + type
                    + ",spread=" + (type + 1)),
                    backend);
            }
        }
    }

    /** A row that is poisoned in one class is NaN; every bit of every other row is as if it were not there. */
    @Tag("long")
    @ParameterizedTest
    @MethodSource(BACKENDS)
    void poisonStaysInItsRow(KernelBackend backend) {
        for (float poison : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            for (int classes : new int[] {2, 17, 100, 2500}) {
                for (int inner : new int[] {1, 6}) {
                    int[] places = classes < 2500 || !backend.isEmulated() ? new int[] {0, classes / 2, classes - 1}
                        : new int[] {classes - 1};
                    for (Divergence divergence : Divergence.values()) {
                        checkPoison(LossCall.on(backend), poison, places, classes, inner,
                            PAIR.with(Target.PAIR, divergence, true));
                    }
                    checkPoison(LossCall.on(backend).withType(ElementType.BF16), poison, places, classes, inner,
                        PAIR.with(Target.LOGITS, Divergence.FORWARD_KL, false));
                    checkPoison(LossCall.on(backend).withType(ElementType.F16), poison, places, classes, inner,
                        PAIR.with(Target.NONE, Divergence.FORWARD_KL, false));
                }
            }
        }
    }

    /** Where the call cannot look at the labels; the other backends refuse them. */
    @ParameterizedTest
    @MethodSource(BACKENDS)
    @Tag("long")
    void aLabelOutsideTheClassesGivesARowOfNaN(KernelBackend backend) {
        assumeFalse(backend.checksContents(), "a label outside is refused");
        for (int[] shape : new int[][] {{3, 10, 1}, {3, 2501, 1}, {1, 7, 3}}) {
            LossInputs clean = normal(shape[0], shape[1], shape[2], 1, 9);
            for (long label : new long[] {shape[1], -1, Integer.MIN_VALUE, Integer.MAX_VALUE, 1 + (1L << 32)}) {
                long[] labels = clean.labels().clone();
                labels[1] = label;
                LossInputs dirty = new LossInputs(shape[0], shape[1], shape[2], clean.logits(), clean.target(), labels,
                    null, null);
                for (ElementType type : new ElementType[] {ElementType.I32, ElementType.I64}) {
                    if (type == ElementType.I64 || (int) label == label) {
                        LossCall call = LossCall.on(backend).withLabelType(type);
                        assertLabelPoisons(call, clean, dirty, "label " + label + " of " + shape[1] + " as " + type);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void aLabelOutsideTheClassesOfARowOfWeightZeroSpoilsItsStatisticsAlone(KernelBackend backend) {
        assumeFalse(backend.checksContents(), "a label outside is refused");
        for (int[] shape : new int[][] {{3, 4, 1}, {3, 101, 1}, {3, 9001, 1}, {1, 7, 3}}) {
            LossInputs plain = normal(shape[0], shape[1], shape[2], 1, 9);
            float[] weights = {0.5f, 0, 1};
            long[] labels = plain.labels().clone();
            labels[1] = shape[1] + 3;
            LossInputs clean = new LossInputs(shape[0], shape[1], shape[2], plain.logits(), plain.target(),
                plain.labels(), weights, null);
            LossInputs dirty = new LossInputs(shape[0], shape[1], shape[2], plain.logits(), plain.target(), labels,
                weights, null);
            for (Reduction reduction : Reduction.values()) {
                LossOutputs expected = LossCall.on(backend).run(PAIR.with(reduction), clean);
                LossOutputs actual = LossCall.on(backend).run(PAIR.with(reduction), dirty);
                for (LossOutput output : new LossOutput[] {LossOutput.LOSS, LossOutput.LOGITS_GRADIENT,
                    LossOutput.TARGET_GRADIENT}) {
                    assertArrayEquals(expected.values(output), actual.values(output),
                        output + " of " + Arrays.toString(shape) + ", " + reduction);
                }
                float[] crossEntropy = actual.values(LossOutput.CROSS_ENTROPY);
                for (int i = 0; i < crossEntropy.length; i++) {
                    assertEquals(i % 3 == 1 ? Float.NaN : expected.values(LossOutput.CROSS_ENTROPY)[i],
                        crossEntropy[i]);
                }
            }
        }
    }

    private static void assertLabelPoisons(LossCall call, LossInputs clean, LossInputs dirty, String what) {
        LossOptions none = PAIR.with(Reduction.NONE);
        LossOutputs expected = call.run(none, clean);
        LossOutputs actual = call.run(none, dirty);
        assertTrue(Float.isNaN(call.run(PAIR, dirty).loss()), what);
        for (LossOutput output : new LossOutput[] {LossOutput.LOSS, LossOutput.LOGITS_GRADIENT,
            LossOutput.TARGET_GRADIENT, LossOutput.CROSS_ENTROPY}) {
            float[] values = expected.values(output);
            boolean ofClasses = output == LossOutput.LOGITS_GRADIENT || output == LossOutput.TARGET_GRADIENT;
            for (int i = 0; i < values.length; i++) {
                int row = ofClasses
                    ? i / (clean.inner() * clean.classes()) * clean.inner() + i % clean.inner() : i % clean.rows();
                assertEquals(row == 1 ? Float.NaN : values[i], actual.values(output)[i], what + ", " + output + " " + i);
            }
        }
    }

    /** A target that is NaN makes its rows NaN also with a weight of 0, when its gradient is wanted. */
    @ParameterizedTest
    @MethodSource(BACKENDS)
    void aTargetWhoseGradientIsWantedCounts(KernelBackend backend) {
        LossCall call = LossCall.on(backend).with(EnumSet.of(LossOutput.LOSS, LossOutput.LOGITS_GRADIENT,
            LossOutput.TARGET_GRADIENT));
        LossOptions options = PAIR.with(Target.LOGITS, Divergence.FORWARD_KL, true).withWeights(1, 0);
        for (int inner : new int[] {1, 6}) {
            for (int classes : new int[] {2, 100, 600}) {
                LossInputs inputs = normal(2, classes, inner, 1, classes);
                inputs.target()[0] = Float.NaN;
                LossOutputs outputs = call.run(options, inputs);
                String what = classes + " x " + inner;
                assertTrue(Double.isNaN(outputs.loss()), what);
                assertTrue(Float.isNaN(outputs.values(LossOutput.LOGITS_GRADIENT)[0]), what);
                assertTrue(Float.isNaN(outputs.values(LossOutput.TARGET_GRADIENT)[0]), what);
            }
        }
    }

    /** The sum of two cross-entropies, or one before its weight, may leave the range of f32 where the loss does not. */
    @ParameterizedTest
    @MethodSource(BACKENDS)
    void aLossWithinTheRangeOfF32IsFinite(KernelBackend backend) {
        LossCall call = LossCall.on(backend).with(EnumSet.of(LossOutput.LOSS));
        LossInputs pair = new LossInputs(1, 2, 1, new float[] {-1e38f, 1e38f}, new float[] {-1e38f, 1e38f},
            new long[] {0}, null, null);
        assertEquals(2e38, call.run(PAIR.withWeights(1, 0), pair).loss(), 1e33);
        LossInputs one = new LossInputs(1, 2, 1, new float[] {-2e38f, 2e38f}, new float[2], new long[] {0}, null, null);
        LossOptions weighted = PAIR.with(Target.NONE, Divergence.FORWARD_KL, false).withWeights(0.1f, 0);
        assertEquals(4e37, call.run(weighted, one).loss(), 1e32);
    }

    /** With a weight of 0 and nothing else that asks for it, a target that is NaN changes no bit. */
    @ParameterizedTest
    @MethodSource(BACKENDS)
    void aTargetWithoutWeightDoesNotCount(KernelBackend backend) {
        LossCall call = LossCall.on(backend).with(EnumSet.complementOf(EnumSet.of(LossOutput.DIVERGENCE)));
        LossOptions options = PAIR.with(Target.LOGITS, Divergence.FORWARD_KL, false).withWeights(1, 0);
        for (int inner : new int[] {1, 6}) {
            for (int classes : new int[] {3, 100}) {
                LossInputs clean = normal(5, classes, inner, 1, classes);
                LossInputs poisoned = normal(5, classes, inner, 1, classes);
                Arrays.fill(poisoned.target(), Float.NaN);
                call.run(options, clean).assertSameBits(call.run(options, poisoned), classes + " x " + inner);
            }
        }
    }

    @Tag("long")
    @ParameterizedTest
    @MethodSource(BACKENDS)
    void poisonStaysInItsRowOfTheMostClasses(KernelBackend backend) {
        /* The emulation is slow: there the fewer classes take the same kernels. */
        boolean few = backend.isEmulated();
        int classes = few ? 20_011 : 262_144;
        for (float poison : few ? new float[] {Float.NaN} : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
            int[] places = few ? new int[] {classes - 1} : new int[] {0, classes / 2, classes - 1};
            checkPoison(LossCall.on(backend), poison, places, classes, 1, PAIR);
            checkPoison(LossCall.on(backend).withType(ElementType.F16), poison, places, classes, 1,
                PAIR.with(Target.PAIR, Divergence.REVERSE_KL, true));
        }
    }

    /** At each of the places in turn; minus infinity poisons a row when all its classes have it. */
    private static void checkPoison(LossCall call, float poison, int[] places, int classes, int inner,
                                    LossOptions options) {
        int bad = 1;
        LossInputs clean = normal(3, classes, inner, 1, 8);
        LossOptions none = options.with(Reduction.NONE);
        LossOutputs expected = call.run(none, clean);
        for (boolean inTarget : options.sides() == 2 ? new boolean[] {false, true} : new boolean[] {false}) {
            for (int at : places) {
                float[] logits = clean.logits().clone();
                float[] target = clean.target().clone();
                for (int k = 0; k < classes; k++) {
                    if (poison == Float.NEGATIVE_INFINITY || k == at) {
                        (inTarget ? target : logits)[clean.start(bad) + k * inner] = poison;
                    }
                }
                LossInputs dirty = new LossInputs(3, classes, inner, logits, target, clean.labels(), null, null);
                String what = poison + " in class " + at + " of " + classes + ", " + options;
                assertPoisoned(what, expected, call.run(none, dirty), clean, bad);
                assertTrue(Float.isNaN(call.run(options.with(Reduction.MEAN), dirty).loss()), what);
                assertTrue(Float.isNaN(call.run(options.with(Reduction.SUM), dirty).loss()), what);
            }
        }
    }

    private static void assertPoisoned(String what, LossOutputs clean, LossOutputs dirty, LossInputs inputs, int bad) {
        for (int row = 0; row < inputs.rows(); row++) {
            float loss = dirty.values(LossOutput.LOSS)[row];
            if (row == bad) {
                assertTrue(Float.isNaN(loss), what + ": loss " + loss);
                int side = Float.isNaN(dirty.values(LossOutput.LOG_SUM_EXP)[row]) ? 0 : 1;
                assertEquals(0, dirty.hits()[side * inputs.rows() + row], what + ": hit");
            } else {
                assertEquals(clean.values(LossOutput.LOSS)[row], loss, what);
            }
        }
        for (LossOutput output : new LossOutput[] {LossOutput.LOGITS_GRADIENT, LossOutput.TARGET_GRADIENT}) {
            if (!dirty.has(output)) {
                continue;
            }
            float[] cleanValues = clean.values(output);
            float[] values = dirty.values(output);
            for (int i = 0; i < values.length; i++) {
                int row = i / (inputs.classes() * inputs.inner()) * inputs.inner() + i % inputs.inner();
                if (row == bad) {
                    assertTrue(Float.isNaN(values[i]), what + ": " + output + " element " + i + " is " + values[i]);
                } else {
                    assertEquals(cleanValues[i], values[i], what);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void aClassMaskedInTheTargetAlone(KernelBackend backend) {
        LossInputs inputs = normal(4, 30, 1, 1, 9);
        inputs.target()[30 + 4] = Float.NEGATIVE_INFINITY;
        for (Divergence divergence : Divergence.values()) {
            LossOptions options = PAIR.with(Target.LOGITS, divergence, false).with(Reduction.NONE);
            if (divergence == Divergence.REVERSE_KL) {
                assertInfiniteLossWithFiniteGradient(LossCall.on(backend).run(options, inputs), 1);
            } else {
                LossComparison.check(LossCall.on(backend), options, inputs);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void aClassMaskedInTheStudentAlone(KernelBackend backend) {
        LossInputs inputs = normal(4, 30, 1, 1, 10);
        int masked = inputs.labels()[1] == 4 ? 5 : 4;
        inputs.logits()[30 + masked] = Float.NEGATIVE_INFINITY;
        for (Divergence divergence : Divergence.values()) {
            LossOptions options = PAIR.with(Target.LOGITS, divergence, false).with(Reduction.NONE);
            LossOutputs outputs = LossComparison.check(LossCall.on(backend), options, inputs);
            if (divergence == Divergence.FORWARD_KL) {
                assertInfiniteLossWithFiniteGradient(outputs, 1);
            }
        }
        // In a pair one of the two directions of KL is infinite whichever side is masked.
        for (Divergence divergence : new Divergence[] {Divergence.FORWARD_KL, Divergence.REVERSE_KL}) {
            LossOutputs outputs = LossCall.on(backend).run(PAIR.with(Target.PAIR, divergence, false)
                .with(Reduction.NONE), inputs);
            assertInfiniteLossWithFiniteGradient(outputs, 1);
            for (float gradient : outputs.values(LossOutput.TARGET_GRADIENT)) {
                assertTrue(Float.isFinite(gradient));
            }
        }
    }

    private static void assertInfiniteLossWithFiniteGradient(LossOutputs outputs, int infiniteRow) {
        float[] loss = outputs.values(LossOutput.LOSS);
        for (int row = 0; row < loss.length; row++) {
            assertTrue(row == infiniteRow ? loss[row] == Float.POSITIVE_INFINITY : Float.isFinite(loss[row]),
                "row " + row + " is " + loss[row]);
        }
        for (float gradient : outputs.values(LossOutput.LOGITS_GRADIENT)) {
            assertTrue(Float.isFinite(gradient));
        }
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void aMaskedLabelIsAnInfiniteLossWithAFiniteGradient(KernelBackend backend) {
        LossInputs inputs = normal(4, 30, 1, 1, 11);
        inputs.logits()[30 + (int) inputs.labels()[1]] = Float.NEGATIVE_INFINITY;
        LossOptions options = PAIR.with(Target.NONE, Divergence.FORWARD_KL, false).with(Reduction.NONE);
        assertInfiniteLossWithFiniteGradient(LossComparison.check(LossCall.on(backend), options, inputs), 1);
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    @Tag("long")
    void fewestAndMostClassesAndRows(KernelBackend backend) {
        for (int rows : new int[] {1, 3}) {
            LossComparison.check(LossCall.on(backend).withThreads(2), PAIR, normal(rows, 2, 1, 2, 12));
            LossComparison.check(LossCall.on(backend).withThreads(2),
                PAIR.with(Target.PAIR, Divergence.FORWARD_KL, true), normal(rows, 262_144, 1, 2, 13));
        }
        LossComparison.check(LossCall.on(backend).withThreads(2), PAIR, normal(41, 401, 1, 2, 14));
        LossComparison.check(LossCall.on(backend).withThreads(2), PAIR, normal(3, 41, 401, 2, 15));
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void noRowsGiveALossOfZero(KernelBackend backend) {
        for (Reduction reduction : new Reduction[] {Reduction.SUM, Reduction.MEAN}) {
            LossOutputs outputs = LossCall.on(backend).run(PAIR.with(reduction), normal(0, 10, 3, 1, 16));
            assertEquals(0, outputs.loss());
        }
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void ignoredRowsCountForNothing(KernelBackend backend) {
        for (Reduction reduction : Reduction.values()) {
            LossInputs inputs = normal(6, 12, 2, 1, 17);
            Arrays.fill(inputs.labels(), -1);
            Arrays.fill(inputs.logits(), 0, 24, Float.NaN);
            LossOptions options = PAIR.with(reduction).withIgnoreIndex(-1);
            LossOutputs outputs = LossCall.on(backend).run(options, inputs);
            for (LossOutput output : EnumSet.complementOf(EnumSet.of(LossOutput.HIT))) {
                for (float value : outputs.values(output)) {
                    assertEquals(0, value, output.toString());
                }
            }
            for (byte hit : outputs.hits()) {
                assertEquals(0, hit);
            }
        }
    }

    /** 0 times infinity, or times NaN, is a gradient and a share of the loss of 0. */
    @Tag("long")
    @ParameterizedTest
    @MethodSource(BACKENDS)
    void aRowOfWeightZeroHasNoLossAndGradientsOfZero(KernelBackend backend) {
        for (int[] shape : new int[][] {{3, 30, 1}, {3, 2501, 1}, {1, 30, 3}, {3, 300, 2}}) {
            for (Divergence divergence : Divergence.values()) {
                for (Target target : Target.values()) {
                    LossOptions options = target == Target.NONE ? PAIR.withWeights(1, 0) : PAIR;
                    for (float poison : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
                        for (LossCall call : new LossCall[] {LossCall.on(backend), LossCall.on(backend).withInPlace()}) {
                            checkWeightless(call, options.with(target, divergence, false), poison, shape);
                        }
                    }
                }
            }
        }
    }

    /** Minus infinity at the label makes the cross-entropy infinite, and the divergence where it is not in the target. */
    private static void checkWeightless(LossCall call, LossOptions options, float poison, int[] shape) {
        int bad = 1;
        LossInputs plain = normal(shape[0], shape[1], shape[2], 1, 23);
        if (options.target() == Target.PROBABILITIES) {
            Arrays.fill(plain.target(), 1f / shape[1]);
        }
        float[] weights = new float[plain.rows()];
        Arrays.fill(weights, 0.5f);
        weights[bad] = 0;
        float[] spoilt = plain.logits().clone();
        spoilt[plain.start(bad) + (int) plain.labels()[bad] * shape[2]] = poison;
        LossInputs clean = new LossInputs(shape[0], shape[1], shape[2], plain.logits(), plain.target(),
            plain.labels(), weights, null);
        LossInputs dirty = new LossInputs(shape[0], shape[1], shape[2], spoilt, plain.target(), plain.labels(),
            weights, null);
        for (Reduction reduction : Reduction.values()) {
            LossOutputs expected = call.run(options.with(reduction), clean);
            LossOutputs actual = shape[1] > 30 ? call.run(options.with(reduction), dirty)
                : LossComparison.check(call, options.with(reduction), dirty);
            for (LossOutput output : new LossOutput[] {LossOutput.LOSS, LossOutput.LOGITS_GRADIENT,
                LossOutput.TARGET_GRADIENT}) {
                if (expected.has(output)) {
                    assertArrayEquals(expected.values(output), actual.values(output), 0f,
                        output + " with " + poison + ", " + Arrays.toString(shape) + ", " + options.with(reduction));
                }
            }
            float crossEntropy = actual.values(LossOutput.CROSS_ENTROPY)[bad];
            assertTrue(!Float.isFinite(crossEntropy), "the statistics stay: cross-entropy is " + crossEntropy);
        }
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void gradientsInPlaceAreTheSameBits(KernelBackend backend) {
        for (ElementType type : new ElementType[] {ElementType.F32, ElementType.F16, ElementType.BF16}) {
            for (int[] shape : new int[][] {{9, 100, 1}, {3, 50_000, 1}, {4, 21, 35}}) {
                LossInputs inputs = normal(shape[0], shape[1], shape[2], 1, 18);
                LossCall call = LossCall.on(backend).withType(type).withThreads(2);
                call.run(PAIR, inputs).assertSameBits(call.withInPlace().run(PAIR, inputs), "in place");
            }
        }
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    @Tag("long")
    void anyNumberOfThreadsGivesTheSameBits(KernelBackend backend) {
        for (int[] shape : new int[][] {{301, 10, 1}, {1, 262_144, 1}, {2, 100_001, 1}, {5, 19, 333}, {40, 1000, 1}}) {
            LossInputs inputs = normal(shape[0], shape[1], shape[2], 1, 19);
            LossOutputs one = LossCall.on(backend).run(PAIR, inputs);
            for (int threads : backend.isEmulated() ? new int[] {2} : new int[] {2, 3, 7, 0}) {
                one.assertSameBits(LossCall.on(backend).withThreads(threads).run(PAIR, inputs), threads + " threads");
            }
        }
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    @Tag("long")
    void repeatedCallsGiveTheSameBits(KernelBackend backend) {
        LossInputs inputs = normal(64, 100, 1, 1, 20);
        LossOutputs first = LossCall.on(backend).withThreads(2).run(PAIR, inputs);
        for (int i = 0; i < 250; i++) {
            first.assertSameBits(LossCall.on(backend).withThreads(2).run(PAIR, inputs), "repetition " + i);
        }
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    @Tag("long")
    void callsFromSeveralThreadsDoNotDisturbOneAnother(KernelBackend backend) {
        LossInputs inputs = normal(33, 500, 1, 1, 22);
        LossOutputs alone = LossCall.on(backend).run(PAIR, inputs);
        IntStream.range(0, 40).parallel().forEach(i ->
            alone.assertSameBits(LossCall.on(backend).withThreads(1 + i % 3).run(PAIR, inputs), "call " + i));
    }

    /** A kernel may take a shorter way when fewer outputs are wanted, to the same loss but for rounding. */
    @ParameterizedTest
    @MethodSource(BACKENDS)
    void theLossDoesNotDependOnTheOtherOutputs(KernelBackend backend) {
        LossInputs inputs = normal(20, 300, 1, 1, 21);
        float all = LossCall.on(backend).run(PAIR, inputs).loss();
        float alone = LossCall.on(backend).with(EnumSet.of(LossOutput.LOSS)).run(PAIR, inputs).loss();
        assertEquals(all, alone, 1e-6 * all);
    }
}
