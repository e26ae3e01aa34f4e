package org.swapdistill.kernels.conformance;

import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.swapdistill.kernels.reference.LossInputs;
import org.swapdistill.kernels.reference.LossOptions;
import org.swapdistill.kernels.reference.LossOptions.Divergence;
import org.swapdistill.kernels.reference.LossOptions.Reduction;
import org.swapdistill.kernels.reference.LossOptions.Target;

/** Random cases of the distillation loss. */
final class LossFuzzer extends KernelFuzzer {
    private static final int MOST_ELEMENTS = 40_000;
    private static final int[] LARGE_CLASSES = {50_257, 128_256, 151_936, 262_144, 262_143};
    private static final float[] TEMPERATURES = {1, 4, 0.5f, 2.7f, 20};
    private static final float[] WEIGHTS = {1, 0, 0.3f, 2};
    private static final float[] SMOOTHINGS = {0, 0.1f, 0.5f, 1};

    LossFuzzer(int cases) {
        super("distillation_loss", cases);
    }

    @Override
    Configuration draw(Random random) {
        int classes;
        int inner = random.nextInt(3) == 0 ? size(random, 2, 70) : 1;
        if (random.nextInt(100) == 0) {
            classes = any(random, LARGE_CLASSES);
            inner = Math.min(inner, 2);
        } else {
            classes = size(random, 2, random.nextInt(8) == 0 ? 3000 : 300);
        }
        int most = Math.max(1, MOST_ELEMENTS / classes / inner);
        return Configuration.empty()
            .set("outer", random.nextInt(40) == 0 ? 0 : size(random, 1, Math.min(most, 130)))
            .set("classes", classes)
            .set("inner", Math.max(1, Math.min(inner, MOST_ELEMENTS / classes)))
            .set("dtype", random.nextInt(3)).set("labels64", random.nextInt(2))
            .set("target", random.nextInt(4)).set("divergence", random.nextInt(3)).set("coupled", random.nextInt(2))
            .set("reduction", random.nextInt(3)).set("temperature", random.nextInt(TEMPERATURES.length))
            .set("unsquared", random.nextInt(2)).set("ceWeight", random.nextInt(WEIGHTS.length))
            .set("kdWeight", random.nextInt(WEIGHTS.length)).set("smoothing", any(random, 0, 0, 1, 2, 3))
            .set("ignore", random.nextInt(2)).set("noLabels", any(random, 0, 0, 0, 1))
            .set("rowWeights", random.nextInt(3)).set("upstream", random.nextInt(4))
            .set("stride", any(random, 1, 0, 2, -1, -3)).set("logits", random.nextInt(7))
            .set("masked", any(random, 0, 0, 1)).set("equal", any(random, 0, 0, 0, 1))
            .set("outputs", random.nextInt(3) == 0 ? 1 + random.nextInt(127) : 127).set("inPlace", random.nextInt(2))
            .set("offset", any(random, 0, 0, 1, 3, 5)).set("spread", any(random, 0, 0, 1, 3)).set("threads", 1 + random.nextInt(3))
            .set("data", random.nextInt(1 << 20));
    }

    @Override
    List<String> largeCases() {
        return List.of(
            "outer=24,classes=100003,inner=1,dtype=0,labels64=0,target=3,divergence=0,coupled=0,reduction=2,"
                + "temperature=1,unsquared=0,ceWeight=0,kdWeight=0,smoothing=0,ignore=0,noLabels=0,rowWeights=0,"
                + "upstream=0,stride=1,logits=1,masked=0,equal=0,outputs=127,inPlace=0,offset=3,spread=0,threads=2,data=1",
            "outer=2101,classes=1001,inner=1,dtype=0,labels64=1,target=3,divergence=0,coupled=0,reduction=2,"
                + "temperature=1,unsquared=0,ceWeight=0,kdWeight=0,smoothing=0,ignore=1,noLabels=0,rowWeights=2,"
                + "upstream=3,stride=1,logits=0,masked=0,equal=0,outputs=127,inPlace=0,offset=1,spread=0,threads=3,data=4",
            "outer=4500,classes=1000,inner=1,dtype=0,labels64=0,target=1,divergence=0,coupled=0,reduction=1,"
                + "temperature=0,unsquared=0,ceWeight=3,kdWeight=2,smoothing=0,ignore=0,noLabels=0,rowWeights=0,"
                + "upstream=0,stride=1,logits=1,masked=0,equal=0,outputs=99,inPlace=0,offset=0,spread=0,threads=2,data=6",
            "outer=1400,classes=3001,inner=1,dtype=2,labels64=1,target=3,divergence=0,coupled=1,reduction=1,"
                + "temperature=3,unsquared=0,ceWeight=2,kdWeight=3,smoothing=1,ignore=1,noLabels=0,rowWeights=1,"
                + "upstream=1,stride=1,logits=0,masked=1,equal=0,outputs=127,inPlace=0,offset=5,spread=0,threads=2,data=3",
            "outer=6,classes=19,inner=40003,dtype=0,labels64=0,target=3,divergence=2,coupled=1,reduction=2,"
                + "temperature=2,unsquared=1,ceWeight=0,kdWeight=2,smoothing=0,ignore=1,noLabels=0,rowWeights=0,"
                + "upstream=0,stride=1,logits=0,masked=0,equal=0,outputs=127,inPlace=0,offset=1,spread=0,threads=2,data=2");
    }

    @Override
    int simplest(String number) {
        return switch (number) {
            case "outer", "inner", "threads", "stride" -> 1;
            case "classes" -> 2;
            case "outputs" -> 127;
            default -> 0;
        };
    }

    @Override
    void check(Configuration c, KernelBackend backend) {
        LossOptions options = options(c);
        ElementType dtype = ElementType.values()[c.get("dtype")];
        LossInputs inputs = inputs(c, options, dtype);
        if (c.is("noLabels")) {
            options = options.withWeights(0, options.distillationWeight());
            options = new LossOptions(options.target(), options.divergence(), options.coupled(), options.reduction(),
                options.temperature(), options.scaleByTemperatureSquared(), 0, options.distillationWeight(),
                options.labelSmoothing(), false, options.ignoreIndex());
        }
        Set<LossOutput> outputs = EnumSet.noneOf(LossOutput.class);
        for (LossOutput output : LossOutput.values()) {
            if ((c.get("outputs") >> output.ordinal() & 1) == 1) {
                outputs.add(output);
            }
        }
        LossCall call = new LossCall(backend, c.get("threads"), dtype,
            c.is("labels64") ? ElementType.I64 : ElementType.I32, outputs, c.is("inPlace"), c.get("offset"),
            c.get("spread"), c.get("stride"));
        LossComparison.check(call, options, inputs);
    }

    private static LossOptions options(Configuration c) {
        Target target = Target.values()[c.get("target")];
        boolean coupled = c.is("coupled") && (target == Target.LOGITS || target == Target.PAIR);
        long ignoreIndex = c.get("data") % 2 == 0 ? 0 : -100;
        return new LossOptions(target, Divergence.values()[c.get("divergence")], coupled,
            Reduction.values()[c.get("reduction")], TEMPERATURES[c.get("temperature")], !c.is("unsquared"),
            WEIGHTS[c.get("ceWeight")], target == Target.NONE ? 0 : WEIGHTS[c.get("kdWeight")],
            SMOOTHINGS[c.get("smoothing")], c.is("ignore"), ignoreIndex);
    }

    private static LossInputs inputs(Configuration c, LossOptions options, ElementType dtype) {
        Random random = new Random(c.get("data"));
        int outer = c.get("outer");
        int classes = c.get("classes");
        int inner = c.get("inner");
        int rows = outer * inner;
        float[] logits = logits(c, random, dtype);
        float[] target = options.target() == Target.NONE ? null
            : c.is("equal") ? logits.clone() : logits(c, random, dtype);
        long[] labels = new long[rows];
        for (int row = 0; row < rows; row++) {
            labels[row] = options.hasIgnoreIndex() && random.nextInt(3) == 0 ? options.ignoreIndex()
                : random.nextInt(classes);
        }
        if (c.is("masked")) {
            mask(random, logits, target, labels, classes, inner, options);
        }
        if (options.target() == Target.PROBABILITIES) {
            toProbabilities(target, outer, classes, inner, dtype, random.nextInt(4) == 0 ? 0.75 : 1);
        }
        return new LossInputs(outer, classes, inner, logits, target, c.is("noLabels") ? null : labels,
            weights(random, c.get("rowWeights"), rows), upstream(random, c, options, rows));
    }

    private static float[] logits(Configuration c, Random random, ElementType dtype) {
        float[] values = new float[c.get("outer") * c.get("classes") * c.get("inner")];
        for (int i = 0; i < values.length; i++) {
            double value = switch (c.get("logits")) {
                case 1 -> 5 * random.nextGaussian();
                case 2 -> 30 * random.nextGaussian();
                case 3 -> random.nextInt(4) - 2;
                case 4 -> random.nextBoolean() ? 1e4 : -1e4;
                case 5 -> 0.25;
                case 6 -> 1e4 + random.nextGaussian();
                default -> random.nextGaussian();
            };
            values[i] = dtype.rounded(value);
        }
        return values;
    }

    /** Masks some classes of each row on both sides, never the label and never all. */
    private static void mask(Random random, float[] logits, float[] target, long[] labels, int classes, int inner,
                             LossOptions options) {
        for (int i = 0; i < logits.length; i++) {
            int k = i / inner % classes;
            int row = i / (inner * classes) * inner + i % inner;
            boolean isLabel = labels[row] == k || options.hasIgnoreIndex() && labels[row] == options.ignoreIndex();
            if (!isLabel && random.nextInt(4) == 0) {
                logits[i] = Float.NEGATIVE_INFINITY;
                if (target != null) {
                    target[i] = Float.NEGATIVE_INFINITY;
                }
            }
        }
    }

    /** Softmax of each row times {@code mass}, rounded to the type: the sum is near {@code mass}, not equal to it. */
    private static void toProbabilities(float[] logits, int outer, int classes, int inner, ElementType dtype,
                                        double mass) {
        for (int row = 0; row < outer * inner; row++) {
            int start = row / inner * classes * inner + row % inner;
            double max = Double.NEGATIVE_INFINITY;
            for (int k = 0; k < classes; k++) {
                max = Math.max(max, logits[start + k * inner]);
            }
            double sum = 0;
            for (int k = 0; k < classes; k++) {
                sum += Math.exp(logits[start + k * inner] - max);
            }
            for (int k = 0; k < classes; k++) {
                int element = start + k * inner;
                boolean masked = logits[element] == Float.NEGATIVE_INFINITY;
                double value = mass * Math.exp(logits[element] - max) / sum;
                // An exact 0 where the student has mass would make reverse KL infinite: a case of its own elsewhere.
                logits[element] = masked ? 0 : Math.max(dtype.rounded(value), dtype.rounded(0x1p-14));
            }
        }
    }

    private static float[] weights(Random random, int kind, int rows) {
        if (kind == 0) {
            return null;
        }
        float[] weights = new float[rows];
        for (int row = 0; row < rows; row++) {
            weights[row] = kind == 2 && random.nextInt(3) == 0 ? 0 : 2 * random.nextFloat();
        }
        return weights;
    }

    private static float[] upstream(Random random, Configuration c, LossOptions options, int rows) {
        boolean perRow = options.reduction() == Reduction.NONE && c.get("stride") != 0 && rows > 0;
        return switch (c.get("upstream")) {
            case 1 -> new float[] {-1.5f};
            case 2 -> new float[perRow ? rows : 1];
            case 3 -> {
                float[] values = new float[perRow ? rows : 1];
                for (int row = 0; row < values.length; row++) {
                    values[row] = (float) random.nextGaussian();
                }
                yield values;
            }
            default -> null;
        };
    }
}
