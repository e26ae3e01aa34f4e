package org.swapdistill.train;

import static org.swapdistill.train.ConfigurationChecks.between;
import static org.swapdistill.train.ConfigurationChecks.number;
import static org.swapdistill.train.ConfigurationChecks.oneOf;
import static org.swapdistill.train.ConfigurationChecks.present;
import static org.swapdistill.train.ConfigurationChecks.require;

import org.swapdistill.data.DataOptions;
import org.swapdistill.data.DataSource;
import org.swapdistill.data.ImageSize;
import org.swapdistill.tensor.DType;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * Everything that determines a training run, apart from the images themselves and the machine. Immutable.
 *
 * <p>{@link #toMap()} and {@link #fromMap(Map)} carry it through a checkpoint's metadata without loss.
 */
public final class TrainingConfiguration {
    private final Builder values;

    private TrainingConfiguration(Builder values) {
        this.values = values;
    }

    /** A builder with the defaults of the command line. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that starts from this configuration. */
    public Builder toBuilder() {
        return values.copy();
    }

    /** Name of the student, such as {@code resnet20}. */
    public String model() {
        return values.model;
    }

    /**
     * What a residual block's shortcut does where the shape changes: {@code identity}, {@code convolution} or
     * {@code auto} (as published).
     */
    public String shortcut() {
        return values.shortcut;
    }

    /**
     * First layers: {@code cifar} (3x3 convolution), {@code imagenet} (7x7 convolution and pooling) or {@code auto}
     * ({@code imagenet} for the ImageNet networks on images of 64 pixels and more).
     */
    public String stem() {
        return values.stem;
    }

    /** Multiplies the number of channels of every layer. */
    public int width() {
        return values.width;
    }

    /** What is minimised, and whether patches are swapped. */
    public Objective objective() {
        return values.objective;
    }

    /** Number of epochs; in one epoch every training image is an anchor once. */
    public int epochs() {
        return values.epochs;
    }

    /** Images per optimizer step: half of them anchors, half their partners. Even. */
    public int batchSize() {
        return values.batchSize;
    }

    /** Pairs per optimizer step. */
    public int pairsPerBatch() {
        return values.batchSize / 2;
    }

    /** Base learning rate of the schedule. */
    public double learningRate() {
        return values.learningRate;
    }

    /** How the learning rate changes during the run. */
    public ScheduleType schedule() {
        return values.schedule;
    }

    /** Linear warm-up in epochs, also fractions of one. */
    public double warmUpEpochs() {
        return values.warmUpEpochs;
    }

    /** Epochs between the decays of {@link ScheduleType#STEP}. */
    public int decayEvery() {
        return values.decayEvery;
    }

    /** Epochs at which {@link ScheduleType#MULTI_STEP} decays; increasing. */
    public List<Integer> milestones() {
        return values.milestones;
    }

    /** Factor of each decay of {@link ScheduleType#STEP} and {@link ScheduleType#MULTI_STEP}. */
    public double decayFactor() {
        return values.decayFactor;
    }

    /** Momentum of SGD, at least 0 and less than 1. */
    public double momentum() {
        return values.momentum;
    }

    /** Whether the momentum is Nesterov's. */
    public boolean nesterov() {
        return values.nesterov;
    }

    /** Factor of the L2 penalty on the weights. */
    public double weightDecay() {
        return values.weightDecay;
    }

    /** Whether batch-norm parameters and biases decay too. */
    public boolean decayAll() {
        return values.decayAll;
    }

    /** Temperature T of the distillation term. */
    public double temperature() {
        return values.temperature;
    }

    /** Weight w of the distillation term, for the objectives that distil. */
    public double distillationWeight() {
        return values.distillationWeight;
    }

    /** Label smoothing of {@link Objective#LABEL_SMOOTHING}. */
    public double labelSmoothing() {
        return values.labelSmoothing;
    }

    /** Side of a patch in pixels. */
    public int patchSize() {
        return values.patchSize;
    }

    /** Probability that a pair is swapped at all, for the objectives that swap. */
    public double swapProbability() {
        return values.swapProbability;
    }

    /** Probability of each patch position; not used when {@link #positionCount()} is present. */
    public double positionProbability() {
        return values.positionProbability;
    }

    /** Fixed number of patch positions, if that rule is chosen. */
    public OptionalInt positionCount() {
        return values.positionCount < 0 ? OptionalInt.empty() : OptionalInt.of(values.positionCount);
    }

    /** Where the images come from, as {@link org.swapdistill.data.DataSource#open(String, DataOptions)} takes it. */
    public String data() {
        return values.data;
    }

    /** What the images of a folder are brought to; the other formats have a size of their own. */
    public ImageSize imageSize() {
        return values.imageSize;
    }

    /** Training images per class, drawn by {@link #dataSeed()}; 0 = all. */
    public int trainPerClass() {
        return values.trainPerClass;
    }

    /** Images per class taken out of the training set for validation; 0 = no validation set. */
    public int validationPerClass() {
        return values.validationPerClass;
    }

    /** Seed of the validation split and of the training subset: not the seed of the run, so that runs share them. */
    public long dataSeed() {
        return values.dataSeed;
    }

    /** Black border in pixels before the random crop; 0 = no crop. */
    public int cropPadding() {
        return values.cropPadding;
    }

    /** Probability of mirroring a training image. */
    public double flipProbability() {
        return values.flipProbability;
    }

    /** Seed of initialisation, sampling, crops, flips and masks. */
    public long seed() {
        return values.seed;
    }

    /** F32, or BF16 or F16 with f32 master weights; F16 with a scaled loss. */
    public DType precision() {
        return values.precision;
    }

    /** The student is evaluated after every so many epochs, and after the last. */
    public int evaluateEvery() {
        return values.evaluateEvery;
    }

    /** Whether the test set is evaluated. */
    public boolean evaluateTest() {
        return values.evaluateTest;
    }

    /** Whether the training set is evaluated without augmentation after the last epoch. */
    public boolean evaluateTraining() {
        return values.evaluateTraining;
    }

    /** Label smoothing as the objective uses it: 0 unless it smooths labels. */
    public double effectiveLabelSmoothing() {
        return objective().smoothsLabels() ? labelSmoothing() : 0;
    }

    /** Distillation weight as the objective uses it: 0 unless it distils. */
    public double effectiveDistillationWeight() {
        return objective().distils() ? distillationWeight() : 0;
    }

    /**
     * The learning rate of each step.
     *
     * @param stepsPerEpoch optimizer steps of one epoch, at least 1
     */
    public LearningRateSchedule learningRateSchedule(int stepsPerEpoch) {
        if (stepsPerEpoch < 1) {
            throw new IllegalArgumentException("stepsPerEpoch is " + stepsPerEpoch + "; expected at least 1");
        }
        LearningRateSchedule schedule = switch (schedule()) {
            case CONSTANT -> LearningRateSchedule.constant(learningRate());
            case STEP -> LearningRateSchedule.step(learningRate(), (long) decayEvery() * stepsPerEpoch, decayFactor());
            case MULTI_STEP -> LearningRateSchedule.multiStep(learningRate(),
                milestones().stream().mapToLong(epoch -> (long) epoch * stepsPerEpoch).toArray(), decayFactor());
            case COSINE -> LearningRateSchedule.cosine(learningRate(), (long) epochs() * stepsPerEpoch);
        };
        return schedule.withWarmUp(Math.round(warmUpEpochs() * stepsPerEpoch));
    }

    /** Names and values, sorted by name; {@link #fromMap(Map)} is the inverse. */
    public Map<String, String> toMap() {
        return ConfigurationMap.of(this);
    }

    /**
     * The configuration that {@link #toMap()} wrote.
     *
     * @throws IllegalArgumentException when a name is missing or unknown, or a value is not valid
     */
    public static TrainingConfiguration fromMap(Map<String, String> map) {
        return ConfigurationMap.read(map);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TrainingConfiguration that && toMap().equals(that.toMap());
    }

    @Override
    public int hashCode() {
        return toMap().hashCode();
    }

    @Override
    public String toString() {
        return "TrainingConfiguration" + toMap();
    }

    /** Collects the values of a {@link TrainingConfiguration}; {@link #build()} checks them. */
    public static final class Builder implements Cloneable {
        private String model = "resnet20";
        private String shortcut = "auto";
        private String stem = "auto";
        private int width = 1;
        private Objective objective = Objective.SELF_DISTILLATION;
        private int epochs = 6;
        private int batchSize = 128;
        private double learningRate = 0.1;
        private ScheduleType schedule = ScheduleType.COSINE;
        private double warmUpEpochs = 1;
        private int decayEvery = 30;
        private List<Integer> milestones = List.of();
        private double decayFactor = 0.1;
        private double momentum = 0.9;
        private boolean nesterov = true;
        private double weightDecay = 5e-4;
        private boolean decayAll;
        private double temperature = 4;
        private double distillationWeight = 1;
        private double labelSmoothing = 0.1;
        private int patchSize = 14;
        private double swapProbability = 0.5;
        private double positionProbability = 0.5;
        private int positionCount = -1;
        private String data = DataSource.BUILTIN;
        private ImageSize imageSize = ImageSize.CIFAR;
        private int trainPerClass;
        private int validationPerClass;
        private long dataSeed;
        private int cropPadding = 2;
        private double flipProbability = 0.5;
        private long seed = 1;
        private DType precision = DType.F32;
        private int evaluateEvery = 1;
        private boolean evaluateTest = true;
        private boolean evaluateTraining;

        private Builder() {
        }

        /**
         * Name of the student: a CIFAR ResNet ({@code resnet8} to {@code resnet110}), {@code wrn-16-2}, {@code
         * wrn-28-10},
         * {@code resnet18}, {@code resnet34} or {@code resnet50}. Default: {@code resnet20}.
         */
        public Builder model(String name) {
            this.model = name;
            return this;
        }

        /** {@code auto}, {@code identity} or {@code convolution}; default {@code auto}. */
        public Builder shortcut(String kind) {
            this.shortcut = kind;
            return this;
        }

        /** {@code auto}, {@code cifar} or {@code imagenet}; default {@code auto}. */
        public Builder stem(String kind) {
            this.stem = kind;
            return this;
        }

        /** Factor of the number of channels, 1 to 64; default 1. */
        public Builder width(int multiplier) {
            this.width = multiplier;
            return this;
        }

        /** What is minimised; default {@link Objective#SELF_DISTILLATION}. */
        public Builder objective(Objective value) {
            this.objective = value;
            return this;
        }

        /** Epochs of the whole run, 1 to 1,000,000; default 6. */
        public Builder epochs(int count) {
            this.epochs = count;
            return this;
        }

        /** Images per optimizer step, even, 2 to 1,048,576; default 128. */
        public Builder batchSize(int images) {
            this.batchSize = images;
            return this;
        }

        /** Base of the schedule, finite and at least 0; default 0.1. */
        public Builder learningRate(double base) {
            this.learningRate = base;
            return this;
        }

        /** How the learning rate changes; default {@link ScheduleType#COSINE}. */
        public Builder schedule(ScheduleType type) {
            this.schedule = type;
            return this;
        }

        /** Epochs over which the learning rate rises linearly, 0 to {@link #epochs}, fractions allowed; default 1. */
        public Builder warmUpEpochs(double count) {
            this.warmUpEpochs = count;
            return this;
        }

        /** Epochs between decays of {@link ScheduleType#STEP}, at least 1; default 30. */
        public Builder decayEvery(int count) {
            this.decayEvery = count;
            return this;
        }

        /**
         * Epochs after which {@link ScheduleType#MULTI_STEP} decays, increasing, the first at least 1; copied. Default:
         * none.
         *
         * @throws NullPointerException if {@code increasing} or one of its elements is null
         */
        public Builder milestones(List<Integer> increasing) {
            this.milestones = List.copyOf(Objects.requireNonNull(increasing, "milestones is null"));
            return this;
        }

        /** Factor of each decay, more than 0 and at most 1; default 0.1. */
        public Builder decayFactor(double factor) {
            this.decayFactor = factor;
            return this;
        }

        /** Momentum of SGD, at least 0 and less than 1; default 0.9. */
        public Builder momentum(double value) {
            this.momentum = value;
            return this;
        }

        /** Whether the momentum is Nesterov's; must be false when the momentum is 0. Default: true. */
        public Builder nesterov(boolean value) {
            this.nesterov = value;
            return this;
        }

        /** Factor of the L2 penalty, finite and at least 0; default 5e-4. */
        public Builder weightDecay(double value) {
            this.weightDecay = value;
            return this;
        }

        /** Whether biases and batch-norm parameters decay too; default false. */
        public Builder decayAll(boolean value) {
            this.decayAll = value;
            return this;
        }

        /** Temperature T of the softened predictions, finite and above 0; default 4. */
        public Builder temperature(double value) {
            this.temperature = value;
            return this;
        }

        /** Weight of the KL term, finite and at least 0; default 1. */
        public Builder distillationWeight(double value) {
            this.distillationWeight = value;
            return this;
        }

        /**
         * Share of the label that is spread over all classes by {@link Objective#LABEL_SMOOTHING}, 0 to 1; default
         * 0.1.
         */
        public Builder labelSmoothing(double value) {
            this.labelSmoothing = value;
            return this;
        }

        /** Side of a patch in pixels, at least 1 and smaller than the images; default 14. */
        public Builder patchSize(int pixels) {
            this.patchSize = pixels;
            return this;
        }

        /** Probability that a pair exchanges patches, 0 to 1; default 0.5. */
        public Builder swapProbability(double value) {
            this.swapProbability = value;
            return this;
        }

        /** Chooses independent positions, each with this probability, 0 to 1; the default, with 0.5. */
        public Builder positionProbability(double value) {
            this.positionProbability = value;
            this.positionCount = -1;
            return this;
        }

        /**
         * Chooses exactly this many positions, without replacement.
         *
         * @throws IllegalArgumentException if {@code count} is negative
         */
        public Builder positionCount(int count) {
            if (count < 0) {
                throw new IllegalArgumentException("positionCount is " + count + "; expected at least 0");
            }
            this.positionCount = count;
            return this;
        }

        /**
         * A directory, {@value DataSource#BUILTIN} or {@value DataSource#FASHION_MNIST}; default {@value
         * DataSource#BUILTIN}.
         */
        public Builder data(String source) {
            this.data = source;
            return this;
        }

        /** Size of the images of a folder; other sources have a size of their own. Default: 3 x 32 x 32. */
        public Builder imageSize(ImageSize size) {
            this.imageSize = size;
            return this;
        }

        /** Training images of each class, drawn by {@link #dataSeed}; 0, the default, takes all. */
        public Builder trainPerClass(int images) {
            this.trainPerClass = images;
            return this;
        }

        /** Images of each class that are set apart from the training images for validation; default 0. */
        public Builder validationPerClass(int images) {
            this.validationPerClass = images;
            return this;
        }

        /** Seed of the choice of images; default 0. */
        public Builder dataSeed(long value) {
            this.dataSeed = value;
            return this;
        }

        /** Black border in pixels from which training images are cropped at random, 0 to 4096; default 2. */
        public Builder cropPadding(int pixels) {
            this.cropPadding = pixels;
            return this;
        }

        /** Probability that a training image is mirrored, 0 to 1; default 0.5. */
        public Builder flipProbability(double value) {
            this.flipProbability = value;
            return this;
        }

        /** Seed of initial weights, order, pairs, crops, flips and swaps; default 1. */
        public Builder seed(long value) {
            this.seed = value;
            return this;
        }

        /** Type of activations and of the weights that are computed with: F32, the default, BF16 or F16. */
        public Builder precision(DType value) {
            this.precision = value;
            return this;
        }

        /** Epochs between evaluations, at least 1; the last epoch is always evaluated. Default: 1. */
        public Builder evaluateEvery(int count) {
            this.evaluateEvery = count;
            return this;
        }

        /** Whether the test set is evaluated; default true. */
        public Builder evaluateTest(boolean value) {
            this.evaluateTest = value;
            return this;
        }

        /** Whether the training images are evaluated without augmentation after the last epoch; default false. */
        public Builder evaluateTraining(boolean value) {
            this.evaluateTraining = value;
            return this;
        }

        /**
         * The configuration.
         *
         * @throws IllegalArgumentException naming the first value that is not valid and what was expected
         */
        public TrainingConfiguration build() {
            present("model", model);
            oneOf("shortcut", shortcut, "auto", "identity", "convolution");
            oneOf("stem", stem, "auto", "cifar", "imagenet");
            between("width", width, 1, 64);
            present("objective", objective);
            between("epochs", epochs, 1, 1_000_000);
            between("batchSize", batchSize, 2, 1 << 20);
            require(batchSize % 2 == 0, "batchSize", batchSize, "an even number (anchors and partners)");
            number("learningRate", learningRate, 0, Float.MAX_VALUE);
            present("schedule", schedule);
            number("warmUpEpochs", warmUpEpochs, 0, epochs);
            between("decayEvery", decayEvery, 1, Integer.MAX_VALUE);
            checkMilestones();
            require(decayFactor > 0 && decayFactor <= 1, "decayFactor", decayFactor, "more than 0 and at most 1");
            require(momentum >= 0 && momentum < 1, "momentum", momentum, "at least 0 and less than 1");
            require(!nesterov || momentum > 0, "nesterov", true, "false when momentum is 0");
            number("weightDecay", weightDecay, 0, Float.MAX_VALUE);
            require((float) temperature > 0 && temperature <= Float.MAX_VALUE, "temperature", temperature,
                "a finite number above 0");
            number("distillationWeight", distillationWeight, 0, Float.MAX_VALUE);
            number("labelSmoothing", labelSmoothing, 0, 1);
            between("patchSize", patchSize, 1, Integer.MAX_VALUE);
            number("swapProbability", swapProbability, 0, 1);
            number("positionProbability", positionProbability, 0, 1);
            present("data", data);
            present("imageSize", imageSize);
            between("trainPerClass", trainPerClass, 0, Integer.MAX_VALUE);
            between("validationPerClass", validationPerClass, 0, Integer.MAX_VALUE);
            between("cropPadding", cropPadding, 0, 4096);
            number("flipProbability", flipProbability, 0, 1);
            present("precision", precision);
            require(precision == DType.F32 || precision == DType.BF16 || precision == DType.F16, "precision", precision,
                "F32, BF16 or F16");
            between("evaluateEvery", evaluateEvery, 1, Integer.MAX_VALUE);
            return new TrainingConfiguration(copy());
        }

        private void checkMilestones() {
            int previous = 0;
            for (int milestone : milestones) {
                require(milestone > previous, "milestones", milestones, "increasing epochs, the first at least 1");
                previous = milestone;
            }
            require(schedule != ScheduleType.MULTI_STEP || !milestones.isEmpty(), "milestones", "empty",
                "at least one epoch for the multi-step schedule");
        }

        private Builder copy() {
            try {
                return (Builder) clone();
            } catch (CloneNotSupportedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** Names of the values that differ between two configurations, as {@code name: this value, other value}. */
    public List<String> differences(TrainingConfiguration other) {
        Map<String, String> theirs = other.toMap();
        List<String> differences = new ArrayList<>();
        toMap().forEach((name, value) -> {
            if (!value.equals(theirs.get(name))) {
                differences.add(name + ": " + value + ", " + theirs.get(name));
            }
        });
        return differences;
    }
}
