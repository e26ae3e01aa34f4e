package org.swapdistill.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.swapdistill.data.ImageSize;
import org.swapdistill.tensor.DType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.stream.Stream;

class TrainingConfigurationTest {
    private static TrainingConfiguration unusual() {
        return TrainingConfiguration.builder().model("wrn-16-2").shortcut("convolution").stem("cifar").width(3)
            .objective(Objective.LABEL_SMOOTHING).epochs(77).batchSize(36).learningRate(1 / 3.0)
            .schedule(ScheduleType.MULTI_STEP).warmUpEpochs(0.7).decayEvery(11).milestones(List.of(20, 40))
            .decayFactor(0.2).momentum(0.85).nesterov(false).weightDecay(1e-17).decayAll(true).temperature(2.5)
            .distillationWeight(0.3).labelSmoothing(0.05).patchSize(5).swapProbability(0.9).positionCount(3)
            .data("some, place = \"here\"\n").imageSize(new ImageSize(1, 20, 24)).trainPerClass(9)
            .validationPerClass(2).dataSeed(Long.MIN_VALUE).cropPadding(0).flipProbability(0.25)
            .seed(-1234567890123456789L).precision(DType.BF16).evaluateEvery(4).evaluateTest(false)
            .evaluateTraining(true).build();
    }

    @Test
    void mapsCarryEveryValue() {
        TrainingConfiguration defaults = TrainingConfiguration.builder().build();
        assertEquals(defaults, TrainingConfiguration.fromMap(defaults.toMap()));
        TrainingConfiguration unusual = unusual();
        TrainingConfiguration read = TrainingConfiguration.fromMap(unusual.toMap());
        assertEquals(unusual, read);
        assertEquals(1 / 3.0, read.learningRate(), 0);
        assertEquals(OptionalInt.of(3), read.positionCount());
        assertEquals(unusual, unusual.toBuilder().build());
        unusual.toMap().forEach((name, value) -> {
            if (!name.equals("position_probability")) {
                assertNotEquals(defaults.toMap().get(name), value, name + " is the default: it proves nothing here");
            }
        });
    }

    @Test
    void mapsThatDoNotFitAreRefused() {
        Map<String, String> map = new HashMap<>(unusual().toMap());
        for (String name : unusual().toMap().keySet()) {
            Map<String, String> incomplete = new HashMap<>(map);
            incomplete.remove(name);
            refused("'" + name + "' is missing", () -> TrainingConfiguration.fromMap(incomplete));
        }
        Map<String, String> unknown = new HashMap<>(map);
        unknown.put("colour", "blue");
        refused("'colour' is not known to this version", () -> TrainingConfiguration.fromMap(unknown));
        Map<String, String> malformed = new HashMap<>(map);
        malformed.put("epochs", "many");
        refused("'epochs' is 'many'; expected an integer", () -> TrainingConfiguration.fromMap(malformed));
        malformed.put("epochs", "0");
        refused("epochs is 0; expected 1 to 1000000", () -> TrainingConfiguration.fromMap(malformed));
        malformed.put("epochs", "5");
        malformed.put("nesterov", "yes");
        refused("'nesterov' is 'yes'; expected true or false", () -> TrainingConfiguration.fromMap(malformed));
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(
            mistake("model is null", b -> b.model(null)),
            mistake("shortcut is 'none'; expected one of auto, identity, convolution", b -> b.shortcut("none")),
            mistake("stem is 'null'", b -> b.stem(null)),
            mistake("width is 0", b -> b.width(0)),
            mistake("objective is null", b -> b.objective(null)),
            mistake("epochs is 0", b -> b.epochs(0)),
            mistake("batchSize is 3; expected an even number", b -> b.batchSize(3)),
            mistake("batchSize is 0", b -> b.batchSize(0)),
            mistake("learningRate is -0.1; expected a finite number of at least 0", b -> b.learningRate(-0.1)),
            mistake("learningRate is NaN", b -> b.learningRate(Double.NaN)),
            mistake("schedule is null", b -> b.schedule(null)),
            mistake("warmUpEpochs is 11.0; expected a number from 0 to 10", b -> b.epochs(10).warmUpEpochs(11)),
            mistake("decayEvery is 0; expected at least 1", b -> b.decayEvery(0)),
            mistake("milestones is [5, 5]", b -> b.milestones(List.of(5, 5))),
            mistake("milestones is empty", b -> b.schedule(ScheduleType.MULTI_STEP)),
            mistake("decayFactor is 0.0", b -> b.decayFactor(0)),
            mistake("momentum is 1.0; expected at least 0 and less than 1", b -> b.momentum(1)),
            mistake("nesterov is true; expected false when momentum is 0", b -> b.momentum(0).nesterov(true)),
            mistake("weightDecay is -1.0", b -> b.weightDecay(-1)),
            mistake("temperature is 0.0; expected a finite number above 0", b -> b.temperature(0)),
            mistake("temperature is 1.0E-60", b -> b.temperature(1e-60)),
            mistake("distillationWeight is Infinity", b -> b.distillationWeight(Double.POSITIVE_INFINITY)),
            mistake("labelSmoothing is 1.1; expected a number from 0 to 1", b -> b.labelSmoothing(1.1)),
            mistake("patchSize is 0; expected at least 1", b -> b.patchSize(0)),
            mistake("swapProbability is 2.0", b -> b.swapProbability(2)),
            mistake("positionProbability is NaN", b -> b.positionProbability(Double.NaN)),
            mistake("positionCount is -1", b -> b.positionCount(-1)),
            mistake("data is null", b -> b.data(null)),
            mistake("imageSize is null", b -> b.imageSize(null)),
            mistake("trainPerClass is -1", b -> b.trainPerClass(-1)),
            mistake("validationPerClass is -1", b -> b.validationPerClass(-1)),
            mistake("cropPadding is -1; expected 0 to 4096", b -> b.cropPadding(-1)),
            mistake("flipProbability is -0.5", b -> b.flipProbability(-0.5)),
            mistake("precision is U8; expected F32, BF16 or F16", b -> b.precision(DType.U8)),
            mistake("evaluateEvery is 0", b -> b.evaluateEvery(0)));
    }

    private static Arguments mistake(String message, Consumer<TrainingConfiguration.Builder> change) {
        return Arguments.of(message, change);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mistakes")
    void wrongValuesAreNamed(String message, Consumer<TrainingConfiguration.Builder> change) {
        refused(message, () -> {
            TrainingConfiguration.Builder builder = TrainingConfiguration.builder();
            change.accept(builder);
            builder.build();
        });
    }

    @Test
    void laterChangesOfTheBuilderDoNotReachTheConfiguration() {
        TrainingConfiguration.Builder builder = TrainingConfiguration.builder().epochs(5);
        TrainingConfiguration configuration = builder.build();
        builder.epochs(6);
        assertEquals(5, configuration.epochs());
    }

    @Test
    void schedulesCountInStepsOfTheEpoch() {
        TrainingConfiguration.Builder builder = TrainingConfiguration.builder().epochs(10).learningRate(1)
            .warmUpEpochs(0).decayFactor(0.5);
        LearningRateSchedule step = builder.schedule(ScheduleType.STEP).decayEvery(2).build().learningRateSchedule(5);
        assertEquals(1, step.learningRate(9), 0);
        assertEquals(0.5, step.learningRate(10), 0);
        LearningRateSchedule multiStep = builder.schedule(ScheduleType.MULTI_STEP).milestones(List.of(3)).build()
            .learningRateSchedule(5);
        assertEquals(1, multiStep.learningRate(14), 0);
        assertEquals(0.5, multiStep.learningRate(15), 0);
        LearningRateSchedule cosine = builder.schedule(ScheduleType.COSINE).build().learningRateSchedule(5);
        assertEquals(0.5, cosine.learningRate(25), 1e-12);
        assertEquals(0, cosine.learningRate(50), 0);
        LearningRateSchedule warm = builder.schedule(ScheduleType.CONSTANT).warmUpEpochs(0.4).build()
            .learningRateSchedule(5);
        assertEquals(0.5, warm.learningRate(0), 0);
        assertEquals(1, warm.learningRate(1), 0);
    }

    @Test
    void objectivesUseOnlyTheirOwnTerms() {
        TrainingConfiguration.Builder builder = TrainingConfiguration.builder().distillationWeight(3)
            .labelSmoothing(0.2);
        for (Objective objective : Objective.values()) {
            TrainingConfiguration configuration = builder.objective(objective).build();
            boolean distils = objective == Objective.PAIR_DISTILLATION || objective == Objective.SELF_DISTILLATION;
            boolean swaps = objective == Objective.PATCH_SWAP || objective == Objective.SELF_DISTILLATION;
            assertEquals(distils ? 3 : 0, configuration.effectiveDistillationWeight(), 0, objective.name());
            assertEquals(objective == Objective.LABEL_SMOOTHING ? 0.2 : 0, configuration.effectiveLabelSmoothing(), 0);
            assertEquals(swaps, objective.swaps());
            assertEquals(objective, Objective.parse(objective.commandLineName()));
        }
        refused("objective is 'mixup'; expected one of cross-entropy, label-smoothing, patch-swap, pair-distillation, "
            + "self-distillation", () -> Objective.parse("mixup"));
        refused("schedule is 'linear'; expected one of constant, step, multi-step, cosine",
            () -> ScheduleType.parse("linear"));
    }

    @Test
    void differencesNameTheValues() {
        TrainingConfiguration a = TrainingConfiguration.builder().epochs(3).warmUpEpochs(1).build();
        assertEquals(List.of("epochs: 3, 4"), a.differences(a.toBuilder().epochs(4).build()));
        assertEquals(List.of(), a.differences(a));
    }

    private static void refused(String message, Runnable action) {
        Exception exception = assertThrows(IllegalArgumentException.class, action::run);
        assertTrue(exception.getMessage().startsWith(message), exception.getMessage());
    }
}
