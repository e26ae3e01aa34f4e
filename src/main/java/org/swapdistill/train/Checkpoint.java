package org.swapdistill.train;

import org.swapdistill.tensor.Tensor;
import org.swapdistill.train.checkpoint.CheckpointException;
import org.swapdistill.train.checkpoint.SafetensorsFile;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A student and the place in its training where it stands, as a safetensors file.
 *
 * <p>Tensors have torchvision's names, shapes and layouts (f32; {@code num_batches_tracked} i64); the optimizer's
 * velocity of a parameter is {@code momentum.<name>}. Everything else is in the file's metadata. The file depends on
 * the run only, never on times or paths, so that equal runs write equal files. Owns its tensors.
 */
public final class Checkpoint implements AutoCloseable {
    static final String MOMENTUM_PREFIX = "momentum.";
    private static final String FORMAT = "swapdistill-checkpoint";
    private static final String FORMAT_VERSION = "1";
    private static final String CONFIGURATION_PREFIX = "configuration.";
    private static final String SUMS_PREFIX = "epoch_sums.";
    private static final String LOSS_SCALE_PREFIX = "loss_scale.";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final TrainingConfiguration configuration;
    private final ImageFormat imageFormat;
    private final String dataFingerprint;
    private final int epoch;
    private final int step;
    private final double bestAccuracy;
    private final EpochSums sums;
    private final Map<String, String> lossScale;
    private final Map<String, Tensor> state;
    private final Map<String, Tensor> momentum;

    Checkpoint(TrainingConfiguration configuration, ImageFormat imageFormat, String dataFingerprint, int epoch,
            int step, double bestAccuracy, EpochSums sums, LossScale lossScale, Map<String, Tensor> state,
            Map<String, Tensor> momentum) {
        this.configuration = configuration;
        this.imageFormat = imageFormat;
        this.dataFingerprint = dataFingerprint;
        this.epoch = epoch;
        this.step = step;
        this.bestAccuracy = bestAccuracy;
        this.sums = sums;
        this.lossScale = lossScale.toMap();
        this.state = state;
        this.momentum = momentum;
    }

    /** The configuration of the run. */
    public TrainingConfiguration configuration() {
        return configuration;
    }

    /** What the student takes and gives. */
    public ImageFormat imageFormat() {
        return imageFormat;
    }

    /** {@link org.swapdistill.data.Dataset#fingerprint()} of the training set. */
    public String dataFingerprint() {
        return dataFingerprint;
    }

    /** The epoch in which training continues, counted from 0; equal to the number of epochs when it has ended. */
    public int epoch() {
        return epoch;
    }

    /** The step of that epoch at which training continues. */
    public int step() {
        return step;
    }

    /** Best validation accuracy so far; NaN when there was none. */
    public double bestAccuracy() {
        return bestAccuracy;
    }

    /** The student's parameters and running statistics by torchvision's names. */
    public Map<String, Tensor> state() {
        return state;
    }

    /** The optimizer's velocity by parameter name, in torchvision's layout. */
    public Map<String, Tensor> momentum() {
        return momentum;
    }

    EpochSums sums() {
        return sums;
    }

    /** As the run left it; as a run begins with it where the run had none. */
    LossScale lossScale() {
        return lossScale.isEmpty() ? LossScale.dynamic() : LossScale.fromMap(lossScale);
    }

    /**
     * Writes the checkpoint: to a temporary file beside it, synced, then renamed over whatever was there.
     *
     * @throws IOException when that fails; an earlier file of that name is then as it was
     */
    public void write(Path file) throws IOException {
        Map<String, String> metadata = new TreeMap<>();
        metadata.put("format", FORMAT);
        metadata.put("format_version", FORMAT_VERSION);
        configuration.toMap().forEach((name, value) -> metadata.put(CONFIGURATION_PREFIX + name, value));
        sums.toMap().forEach((name, value) -> metadata.put(SUMS_PREFIX + name, value));
        lossScale.forEach((name, value) -> metadata.put(LOSS_SCALE_PREFIX + name, value));
        metadata.put("channels", Integer.toString(imageFormat.channels()));
        metadata.put("height", Integer.toString(imageFormat.height()));
        metadata.put("width", Integer.toString(imageFormat.width()));
        metadata.put("mean", join(imageFormat.mean()));
        metadata.put("deviation", join(imageFormat.deviation()));
        metadata.put("class_names", JSON.writeValueAsString(imageFormat.classNames()));
        metadata.put("data_fingerprint", dataFingerprint);
        metadata.put("epoch", Integer.toString(epoch));
        metadata.put("step", Integer.toString(step));
        metadata.put("best_accuracy", Double.toString(bestAccuracy));
        Map<String, Tensor> tensors = new TreeMap<>(state);
        momentum.forEach((name, tensor) -> tensors.put(MOMENTUM_PREFIX + name, tensor));
        SafetensorsFile.write(file, tensors, metadata);
    }

    /**
     * Reads a checkpoint.
     *
     * @throws CheckpointException when the file is truncated, corrupt or not a checkpoint of this library
     * @throws IOException when it cannot be read
     */
    public static Checkpoint read(Path file) throws IOException {
        SafetensorsFile.Contents contents = SafetensorsFile.read(file);
        try {
            return of(contents);
        } catch (IllegalArgumentException e) {
            contents.tensors().values().forEach(Tensor::close);
            throw new CheckpointException(file + " is not a usable checkpoint: " + e.getMessage());
        }
    }

    private static Checkpoint of(SafetensorsFile.Contents contents) {
        Map<String, String> metadata = new TreeMap<>(contents.metadata());
        if (!FORMAT.equals(metadata.remove("format"))) {
            throw new IllegalArgumentException("its metadata does not say format = " + FORMAT
                + "; expected a file that `train` wrote");
        }
        String version = metadata.remove("format_version");
        if (!FORMAT_VERSION.equals(version)) {
            throw new IllegalArgumentException("format_version is " + version + "; this library reads "
                + FORMAT_VERSION);
        }
        TrainingConfiguration configuration = TrainingConfiguration.fromMap(
            takePrefixed(metadata, CONFIGURATION_PREFIX));
        EpochSums sums = EpochSums.fromMap(takePrefixed(metadata, SUMS_PREFIX));
        LossScale lossScale = LossScale.fromMap(takePrefixed(metadata, LOSS_SCALE_PREFIX));
        StringMapReader in = new StringMapReader(metadata);
        ImageFormat format = new ImageFormat(in.integer("channels"), in.integer("height"), in.integer("width"),
            in.floats("mean"), in.floats("deviation"), classNames(in.string("class_names")));
        String fingerprint = in.string("data_fingerprint");
        int epoch = in.integer("epoch");
        int step = in.integer("step");
        double bestAccuracy = in.number("best_accuracy");
        in.requireAllRead();
        if (epoch < 0 || epoch > configuration.epochs() || step < 0) {
            throw new IllegalArgumentException("it stands at epoch " + epoch + ", step " + step
                + "; expected epoch 0 to " + configuration.epochs() + " and step >= 0");
        }
        if (bestAccuracy < 0 || bestAccuracy > 1) {
            throw new IllegalArgumentException("'best_accuracy' is " + bestAccuracy
                + "; expected a number from 0 to 1, or NaN where nothing was validated");
        }
        Map<String, Tensor> state = new TreeMap<>(contents.tensors());
        Map<String, Tensor> momentum = takePrefixed(state, MOMENTUM_PREFIX);
        return new Checkpoint(configuration, format, fingerprint, epoch, step, bestAccuracy, sums, lossScale, state,
            momentum);
    }

    private static List<String> classNames(String json) {
        try {
            List<String> names = JSON.readValue(json, new TypeReference<List<String>>() { });
            if (names != null && !names.isEmpty() && names.stream().allMatch(name -> name != null)) {
                return names;
            }
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("'class_names' is not a JSON list of strings");
        }
        throw new IllegalArgumentException("'class_names' is '" + json + "'; expected a JSON list of strings");
    }

    /** Moves the entries whose names begin with prefix to a map of their own, without the prefix. */
    private static <T> Map<String, T> takePrefixed(Map<String, T> map, String prefix) {
        Map<String, T> taken = new TreeMap<>();
        map.entrySet().removeIf(entry -> {
            boolean match = entry.getKey().startsWith(prefix);
            if (match) {
                taken.put(entry.getKey().substring(prefix.length()), entry.getValue());
            }
            return match;
        });
        return taken;
    }

    private static String join(float[] values) {
        StringBuilder text = new StringBuilder();
        for (float value : values) {
            text.append(text.isEmpty() ? "" : ",").append(value);
        }
        return text.toString();
    }

    @Override
    public void close() {
        state.values().forEach(Tensor::close);
        momentum.values().forEach(Tensor::close);
    }
}
