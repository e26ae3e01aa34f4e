package org.swapdistill.train;

import org.swapdistill.backend.Replay;
import org.swapdistill.data.Batch;
import org.swapdistill.data.Dataset;
import org.swapdistill.data.DeviceEvaluationLoader;
import org.swapdistill.data.DeviceImages;
import org.swapdistill.data.EvaluationLoader;
import org.swapdistill.data.ImageBatches;
import org.swapdistill.nn.Architecture;
import org.swapdistill.nn.Mode;
import org.swapdistill.nn.Network;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

import java.io.IOException;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** An inference network that evaluates a student on data sets, without augmentation. Not thread-safe. */
public final class Evaluator implements AutoCloseable {
    private final ImageFormat format;
    private final int batchSize;
    private final Compute compute;
    private final List<AutoCloseable> resources = new ArrayList<>();
    /** The data sets that were evaluated, where the device has its own memory. */
    private final Map<Dataset, DeviceImages> deviceImages = new IdentityHashMap<>();
    private DeviceEvaluationLoader deviceLoader;
    private final Network network;
    private final Tensor hostLogits;
    private final float[] logits;
    private final Replay forward;
    private Batch current;

    /**
     * @param batchSize images per forward pass, at least 1
     */
    Evaluator(Architecture architecture, ImageFormat format, Compute compute, int batchSize) {
        this.format = format;
        this.batchSize = batchSize;
        this.compute = compute;
        this.logits = new float[batchSize * format.classes()];
        try {
            this.network = own(Network.create(architecture, compute.backend(), batchSize, Mode.INFERENCE));
            this.hostLogits = own(Tensor.allocate(DType.F32, batchSize, format.classes()));
            this.forward = own(compute.backend().record(() -> network.forward(current.images())));
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private <T extends AutoCloseable> T own(T resource) {
        resources.add(resource);
        return resource;
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
        int first = 0;
        try (ImageBatches batches = batches(dataset)) {
            for (current = batches.next(); current != null; current = batches.next()) {
                if (stop.getAsBoolean()) {
                    return false;
                }
                forward.run();
                compute.backend().read(network.logits(), hostLogits);
                hostLogits.asByteBuffer().asFloatBuffer().get(0, logits);
                action.accept(first, current.validCount());
                first += current.validCount();
            }
        }
        return true;
    }

    private ImageBatches batches(Dataset dataset) {
        if (compute.backend().device().isCpu()) {
            return new EvaluationLoader(dataset, format.mean(), format.deviation(), Pipelines.LOADER_EXECUTION,
                batchSize, network.inputType(), network.inputLayout());
        }
        if (deviceLoader == null) {
            deviceLoader = own(new DeviceEvaluationLoader(format.channels(), format.height(), format.width(),
                format.mean(), format.deviation(), compute.backend(), compute.execution(), batchSize));
        }
        DeviceImages images = deviceImages.get(dataset);
        if (images == null) {
            images = own(DeviceImages.of(dataset, compute.backend(), batchSize));
            deviceImages.put(dataset, images);
        }
        return deviceLoader.pass(images);
    }

    @Override
    public void close() {
        Resources.closeAll(resources);
    }
}
