package org.swapdistill.train;

import java.util.Map;
import java.util.TreeMap;

/** A training configuration as names and values, the form in which checkpoints and results keep it. */
final class ConfigurationMap {
    /** In place of a number of positions: each is drawn with a probability. */
    private static final int DRAWN_ONE_BY_ONE = -1;

    private ConfigurationMap() {
    }

    static Map<String, String> of(TrainingConfiguration from) {
        Map<String, String> map = new TreeMap<>();
        map.put("model", from.model());
        map.put("shortcut", from.shortcut());
        map.put("stem", from.stem());
        map.put("width", Integer.toString(from.width()));
        map.put("objective", from.objective().commandLineName());
        map.put("epochs", Integer.toString(from.epochs()));
        map.put("batch_size", Integer.toString(from.batchSize()));
        map.put("learning_rate", Double.toString(from.learningRate()));
        map.put("schedule", from.schedule().commandLineName());
        map.put("warm_up_epochs", Double.toString(from.warmUpEpochs()));
        map.put("decay_every", Integer.toString(from.decayEvery()));
        map.put("milestones", String.join(",", from.milestones().stream().map(String::valueOf).toList()));
        map.put("decay_factor", Double.toString(from.decayFactor()));
        map.put("momentum", Double.toString(from.momentum()));
        map.put("nesterov", Boolean.toString(from.nesterov()));
        map.put("weight_decay", Double.toString(from.weightDecay()));
        map.put("decay_all", Boolean.toString(from.decayAll()));
        map.put("temperature", Double.toString(from.temperature()));
        map.put("distillation_weight", Double.toString(from.distillationWeight()));
        map.put("label_smoothing", Double.toString(from.labelSmoothing()));
        map.put("patch_size", Integer.toString(from.patchSize()));
        map.put("swap_probability", Double.toString(from.swapProbability()));
        map.put("position_probability", Double.toString(from.positionProbability()));
        map.put("position_count", Integer.toString(from.positionCount().orElse(DRAWN_ONE_BY_ONE)));
        map.put("data", from.data());
        map.put("image_size",
            from.imageSize().channels() + "," + from.imageSize().height() + "," + from.imageSize().width());
        map.put("train_per_class", Integer.toString(from.trainPerClass()));
        map.put("validation_per_class", Integer.toString(from.validationPerClass()));
        map.put("data_seed", Long.toString(from.dataSeed()));
        map.put("crop_padding", Integer.toString(from.cropPadding()));
        map.put("flip_probability", Double.toString(from.flipProbability()));
        map.put("seed", Long.toString(from.seed()));
        map.put("precision", from.precision().name());
        map.put("evaluate_every", Integer.toString(from.evaluateEvery()));
        map.put("evaluate_test", Boolean.toString(from.evaluateTest()));
        map.put("evaluate_training", Boolean.toString(from.evaluateTraining()));
        return map;
    }

    static TrainingConfiguration read(Map<String, String> map) {
        StringMapReader in = new StringMapReader(map);
        TrainingConfiguration.Builder builder = TrainingConfiguration.builder()
            .model(in.string("model"))
            .shortcut(in.string("shortcut"))
            .stem(in.string("stem"))
            .width(in.integer("width"))
            .objective(Objective.parse(in.string("objective")))
            .epochs(in.integer("epochs"))
            .batchSize(in.integer("batch_size"))
            .learningRate(in.number("learning_rate"))
            .schedule(ScheduleType.parse(in.string("schedule")))
            .warmUpEpochs(in.number("warm_up_epochs"))
            .decayEvery(in.integer("decay_every"))
            .milestones(in.integers("milestones"))
            .decayFactor(in.number("decay_factor"))
            .momentum(in.number("momentum"))
            .nesterov(in.flag("nesterov"))
            .weightDecay(in.number("weight_decay"))
            .decayAll(in.flag("decay_all"))
            .temperature(in.number("temperature"))
            .distillationWeight(in.number("distillation_weight"))
            .labelSmoothing(in.number("label_smoothing"))
            .patchSize(in.integer("patch_size"))
            .swapProbability(in.number("swap_probability"))
            .positionProbability(in.number("position_probability"))
            .data(in.string("data"))
            .imageSize(in.imageSize("image_size"))
            .trainPerClass(in.integer("train_per_class"))
            .validationPerClass(in.integer("validation_per_class"))
            .dataSeed(in.longInteger("data_seed"))
            .cropPadding(in.integer("crop_padding"))
            .flipProbability(in.number("flip_probability"))
            .seed(in.longInteger("seed"))
            .precision(in.dtype("precision"))
            .evaluateEvery(in.integer("evaluate_every"))
            .evaluateTest(in.flag("evaluate_test"))
            .evaluateTraining(in.flag("evaluate_training"));
        int positionCount = in.integer("position_count");
        if (positionCount != DRAWN_ONE_BY_ONE) {
            builder.positionCount(positionCount);
        }
        in.requireAllRead();
        return builder.build();
    }
}
