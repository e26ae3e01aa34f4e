package org.swapdistill.train;

import org.swapdistill.train.checkpoint.AtomicFile;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a finished run achieved, as a JSON file beside its checkpoints.
 *
 * @param configuration {@link TrainingConfiguration#toMap()}
 * @param dataFingerprint of the training images
 * @param parameters number of parameters of the student
 * @param epochAccuracy training accuracy of the last epoch, on the augmented images
 * @param evaluations of the sets that were evaluated after the last epoch: {@code train} (without augmentation),
 *     {@code validation}, {@code test}
 */
public record RunResult(Map<String, String> configuration, String dataFingerprint, long parameters,
        double epochAccuracy, Map<String, Evaluation> evaluations) {
    /** The file's name. */
    public static final String FILE = "result.json";
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    /** The result of a run whose last epoch has this summary. */
    public static RunResult of(Trainer trainer, TrainingData data, EpochSummary last) {
        Map<String, Evaluation> evaluations = new TreeMap<>();
        last.trainingSet().ifPresent(evaluation -> evaluations.put("train", evaluation));
        last.validation().ifPresent(evaluation -> evaluations.put("validation", evaluation));
        last.test().ifPresent(evaluation -> evaluations.put("test", evaluation));
        return new RunResult(trainer.configuration().toMap(), data.train().fingerprint(), trainer.parameterCount(),
            last.accuracy(), evaluations);
    }

    /** Writes the result, so that the file is there whole or not at all. */
    public void write(Path file) throws IOException {
        AtomicFile.writeString(file, JSON.writeValueAsString(this) + "\n");
    }

    /**
     * Reads a result.
     *
     * @throws IOException when the file cannot be read or is not a result
     */
    public static RunResult read(Path file) throws IOException {
        try {
            RunResult result = JSON.readValue(Files.readString(file), RunResult.class);
            if (result == null || result.configuration == null || result.dataFingerprint == null
                    || result.evaluations == null || !result.evaluations.values().stream().allMatch(RunResult::whole)) {
                throw new IOException(file + " is not the result of a run: it has no configuration, dataFingerprint or"
                    + " evaluations, or one that lacks bins");
            }
            return result;
        } catch (JsonProcessingException e) {
            throw new IOException(file + " is not the result of a run: " + e.getOriginalMessage());
        } catch (CharacterCodingException e) {
            throw new IOException(file + " is not the result of a run: it is not UTF-8 text");
        }
    }

    private static boolean whole(Evaluation evaluation) {
        return evaluation != null && evaluation.binCounts() != null && evaluation.binConfidences() != null
            && evaluation.binAccuracies() != null && evaluation.binCounts().length == Evaluation.BINS
            && evaluation.binConfidences().length == Evaluation.BINS
            && evaluation.binAccuracies().length == Evaluation.BINS;
    }
}
