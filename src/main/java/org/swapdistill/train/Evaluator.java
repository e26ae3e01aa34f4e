package org.swapdistill.train;

import org.swapdistill.data.Batch;
import org.swapdistill.data.Dataset;
import org.swapdistill.data.EvaluationLoader;
import org.swapdistill.nn.Architecture;
import org.swapdistill.nn.Mode;
import org.swapdistill.nn.Network;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** An inference network that evaluates a student on data sets, without augmentation. Not thread-safe. */
public final class Evaluator implements AutoCloseable {
    private final ImageFormat format;
    private final int batchSize;
    private final Network network;
    private final float[] logits;

    /**
     * @param batchSize images per forward pass, at least 1
     */
    Evaluator(Architecture architecture, ImageFormat format, Compute compute, int batchSize) {
        this.format = format;
        this.batchSize = batchSize;
        this.network = Network.create(architecture, compute.backend(), batchSize, Mode.INFERENCE);
        this.logits = new float[batchSize * format.classes()];
    }

    /** An evaluator of the student in a checkpoint. */
    public static Evaluator of(Checkpoint checkpoint, Compute compute, int batchSize) {
        Evaluator evaluator = new Evaluator(Students.architecture(checkpoint), checkpoint.imageFormat(), compute,
            batchSize);
        try {
            evaluator.network.importState(checkpoint.state());
            return evaluator;
        } catch (RuntimeException | Error e) {
            evaluator.close();
            throw e;
        }
    }

    /** Takes over the parameters and running statistics of another network. */
    void copyParametersFrom(Network other) {
        network.copyParametersFrom(other);
    }

    /**
     * Evaluates a data set.
     *
     * @throws NonFiniteException when the student's output is not finite
     */
    public Evaluation evaluate(Dataset dataset) throws IOException {
        return evaluate(dataset, () -> false).orElseThrow();
    }

    /** Evaluates a data set; empty when {@code stop} became true before the end. */
    Optional<Evaluation> evaluate(Dataset dataset, BooleanSupplier stop) throws IOException {
        Evaluation.Accumulator sums = new Evaluation.Accumulator();
        boolean complete = forEachBatch(dataset, stop, (first, count) -> {
            for (int i = 0; i < count; i++) {
                sums.add(logits, i * format.classes(), format.classes(), dataset.label(first + i));
            }
        });
        return complete ? Optional.of(sums.result()) : Optional.empty();
    }

    /**
     * The softmax probabilities of each image of a data set, [M][K].
     *
     * @throws NonFiniteException when the student's output is not finite
     */
    public double[][] probabilities(Dataset dataset) throws IOException {
        double[][] probabilities = new double[dataset.size()][];
        forEachBatch(dataset, () -> false, (first, count) -> {
            for (int i = 0; i < count; i++) {
                probabilities[first + i] = softmax(i * format.classes());
            }
        });
        return probabilities;
    }

    private double[] softmax(int offset) {
        double[] row = new double[format.classes()];
        double max = Double.NEGATIVE_INFINITY;
        for (int k = 0; k < row.length; k++) {
            if (!Float.isFinite(logits[offset + k])) {
                throw new NonFiniteException("the logit of class " + k + " is " + logits[offset + k]
                    + "; the student has diverged");
            }
            max = Math.max(max, logits[offset + k]);
        }
        double sum = 0;
        for (int k = 0; k < row.length; k++) {
            row[k] = Math.exp(logits[offset + k] - max);
            sum += row[k];
        }
        for (int k = 0; k < row.length; k++) {
            row[k] /= sum;
        }
        return row;
    }

    private interface BatchAction {
        void accept(int firstImage, int images);
    }

    private boolean forEachBatch(Dataset dataset, BooleanSupplier stop, BatchAction action) throws IOException {
        ByteBuffer output = network.logits().asByteBuffer();
        int first = 0;
        try (EvaluationLoader loader = new EvaluationLoader(dataset, format.mean(), format.deviation(),
                Pipelines.LOADER_EXECUTION, batchSize, network.inputType(), network.inputLayout())) {
            for (Batch batch = loader.next(); batch != null; batch = loader.next()) {
                if (stop.getAsBoolean()) {
                    return false;
                }
                network.forward(batch.images());
                output.asFloatBuffer().get(0, logits);
                action.accept(first, batch.validCount());
                first += batch.validCount();
            }
        }
        return true;
    }

    @Override
    public void close() {
        network.close();
    }
}
