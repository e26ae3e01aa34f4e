package org.swapdistill.train;

import org.swapdistill.backend.Replay;
import org.swapdistill.backend.Upload;
import org.swapdistill.data.Batch;
import org.swapdistill.data.Dataset;
import org.swapdistill.data.PairBatches;
import org.swapdistill.kernels.SgdUpdate;
import org.swapdistill.nn.Architecture;
import org.swapdistill.nn.Mode;
import org.swapdistill.nn.Network;
import org.swapdistill.nn.Parameter;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Trains one student: pair batches, forward, loss, backward, SGD, evaluation.
 *
 * <p>Every objective sees the same batches: 2N images per step, N anchors and N partners of the same classes; in one
 * epoch every training image is an anchor once (the last incomplete batch is left out), which is 2M image visits.
 *
 * <p>A run is a function of configuration, images, backend and thread count: repeated, or interrupted and resumed from
 * a {@link Checkpoint}, it gives the same bits. Apart from {@link #requestStop()}, a trainer belongs to one thread.
 */
public final class Trainer implements AutoCloseable {
    private static final int EVALUATION_BATCH = 100;

    /** How {@link #run()} ended. */
    public enum Outcome {
        /** All epochs are done. */
        FINISHED,
        /** {@link #requestStop()} was called; a checkpoint continues the run. */
        INTERRUPTED
    }

    private final TrainingConfiguration configuration;
    private final TrainingData data;
    private final ImageFormat format;
    private final int stepsPerEpoch;
    private final LearningRateSchedule schedule;
    private final Compute compute;
    private final List<AutoCloseable> resources = new ArrayList<>();
    private final Network network;
    private final Evaluator evaluator;
    private final PairLoss loss;
    private final PairBatches loader;
    /** Learning rate, factor of the gradients, and loss scale. */
    private final Upload rates;
    private final Replay work;
    private final Tensor gradientSum;
    private final SgdUpdate update;
    private final SgdUpdate.Parameters parameters;
    private final List<TrainingListener> listeners = new ArrayList<>();
    /** Steps of the run whose results are on their way to the host. */
    private final Deque<Long> pending = new ArrayDeque<>();
    private volatile boolean stopRequested;

    private Batch batch;
    private LossScale lossScale;
    private int epoch;
    private int step;
    private EpochSums sums = new EpochSums();
    private double bestAccuracy = Double.NaN;
    private double learningRate;
    private long sessionImages;
    private long sessionTrainingNanos;
    private long sessionStart;

    private Trainer(TrainingConfiguration configuration, TrainingData data, ImageFormat format, Compute compute) {
        this.configuration = configuration;
        this.data = data;
        this.format = format;
        this.compute = compute;
        this.stepsPerEpoch = data.train().size() / configuration.pairsPerBatch();
        if (stepsPerEpoch < 1) {
            throw new IllegalArgumentException("batchSize is " + configuration.batchSize() + "; expected at most "
                + 2 * data.train().size() + ", twice the number of training images");
        }
        this.schedule = configuration.learningRateSchedule(stepsPerEpoch);
        format.requireSame("the test set", data.test());
        try {
            Architecture architecture = Students.architecture(configuration, format);
            network = own(Network.create(architecture, compute.backend(), configuration.batchSize(), Mode.TRAINING));
            evaluator = own(new Evaluator(architecture, format, compute, EVALUATION_BATCH));
            lossScale = network.gradientSum().isPresent() ? LossScale.dynamic() : LossScale.none();
            gradientSum = network.gradientSum().orElse(null);
            rates = own(compute.backend().newUpload(DType.F32, Shape.of(3)));
            loss = own(new PairLoss(configuration, compute, network.logits(), network.logitsGradient(),
                gradientSum == null ? null : rates.device().slice(2, 3), gradientSum));
            loader = own(Pipelines.pairBatches(configuration, format, data.train(), compute));
            work = own(compute.backend().record(this::work));
            update = SgdUpdate.builder().momentum((float) configuration.momentum())
                .nesterov(configuration.nesterov()).build();
            parameters = sgdParameters();
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /**
     * A new run: the student is initialised from the configuration's seed.
     *
     * @param data must stay open as long as the trainer; not closed by it
     * @param compute likewise
     * @throws IllegalArgumentException when configuration and data do not fit together
     */
    public static Trainer create(TrainingConfiguration configuration, TrainingData data, Compute compute) {
        Trainer trainer = new Trainer(configuration, data, ImageFormat.of(data.train()), compute);
        trainer.network.initialize(configuration.seed());
        return trainer;
    }

    /**
     * A run that continues where a checkpoint stands, to the bit.
     *
     * @param checkpoint copied; may be closed afterwards
     * @throws IllegalArgumentException when the training images are not the checkpoint's, or its tensors do not fit
     */
    public static Trainer resume(Checkpoint checkpoint, TrainingData data, Compute compute) {
        String fingerprint = data.train().fingerprint();
        if (!fingerprint.equals(checkpoint.dataFingerprint())) {
            throw new IllegalArgumentException("the training images have the fingerprint " + fingerprint
                + "; the checkpoint was trained on " + checkpoint.dataFingerprint()
                + " and continues only with the same images in the same order");
        }
        Students.architecture(checkpoint);
        Trainer trainer = new Trainer(checkpoint.configuration(), data, checkpoint.imageFormat(), compute);
        try {
            trainer.restore(checkpoint);
            return trainer;
        } catch (RuntimeException | Error e) {
            trainer.close();
            throw e;
        }
    }

    private void restore(Checkpoint checkpoint) {
        if (checkpoint.step() > stepsPerEpoch) {
            throw new IllegalArgumentException("the checkpoint stands at step " + checkpoint.step()
                + "; an epoch of this run has " + stepsPerEpoch);
        }
        network.importState(checkpoint.state());
        Map<String, Tensor> momentum = new TreeMap<>(checkpoint.momentum());
        for (Parameter parameter : network.parameters()) {
            Tensor velocity = momentum.remove(parameter.name());
            if (velocity == null) {
                throw new IllegalArgumentException("the checkpoint has no tensor " + Checkpoint.MOMENTUM_PREFIX
                    + parameter.name());
            }
            parameter.importMomentum(velocity);
        }
        if (!momentum.isEmpty()) {
            throw new IllegalArgumentException("the checkpoint has momentum of unknown parameters: "
                + momentum.keySet());
        }
        epoch = checkpoint.epoch();
        step = checkpoint.step();
        sums = checkpoint.sums().copy();
        bestAccuracy = checkpoint.bestAccuracy();
        if (gradientSum != null) {
            lossScale = checkpoint.lossScale();
        }
    }

    private <T extends AutoCloseable> T own(T resource) {
        resources.add(resource);
        return resource;
    }

    private SgdUpdate.Parameters sgdParameters() {
        SgdUpdate.Parameters.Builder table = SgdUpdate.Parameters.builder();
        for (Parameter parameter : network.parameters()) {
            boolean decays = parameter.decays() || configuration.decayAll();
            Tensor momentum = configuration.momentum() > 0 ? parameter.momentum() : null;
            table.add(parameter.value(), parameter.gradient(), momentum,
                parameter.lowPrecision().orElse(null), decays ? (float) configuration.weightDecay() : 0);
        }
        return table.build();
    }

    /** Adds a listener; listeners are called in the order in which they were added. */
    public void addListener(TrainingListener listener) {
        listeners.add(listener);
    }

    /** Asks {@link #run()} to stop after the current step. May be called from any thread. */
    public void requestStop() {
        stopRequested = true;
    }

    /**
     * Trains until all epochs are done or {@link #requestStop()} is called.
     *
     * @throws NonFiniteException when the loss or the student's output is not finite
     * @throws IOException of a listener
     */
    public Outcome run() throws IOException {
        sessionStart = System.nanoTime();
        for (TrainingListener listener : listeners) {
            listener.started(this);
        }
        while (epoch < configuration.epochs()) {
            if (!trainEpoch() || !evaluateEpoch()) {
                for (TrainingListener listener : listeners) {
                    listener.interrupted(this);
                }
                return Outcome.INTERRUPTED;
            }
        }
        return Outcome.FINISHED;
    }

    /** The rest of the current epoch; false when asked to stop. */
    private boolean trainEpoch() throws IOException {
        if (step == stepsPerEpoch) {
            return !stopRequested;
        }
        loader.start(epoch, step);
        long last = System.nanoTime();
        while (step < stepsPerEpoch) {
            if (stopRequested) {
                return false;
            }
            trainStep();
            if (step == stepsPerEpoch || stopRequested) {
                collect(0);
            }
            long now = System.nanoTime();
            sessionTrainingNanos += now - last;
            last = now;
            for (TrainingListener listener : listeners) {
                listener.stepFinished(this);
            }
        }
        return !stopRequested;
    }

    /**
     * One step. Where the backend computes while the host goes on, the results of a step are read only when the next
     * one is queued.
     */
    private void trainStep() {
        batch = loader.next();
        float scale = lossScale.at(totalSteps());
        learningRate = schedule.learningRate(totalSteps());
        rates.host().copyFrom(new float[] {(float) learningRate, 1 / scale, scale});
        rates.send();
        work.run();
        loss.send();
        pending.add(totalSteps());
        if (compute.backend().asynchronous()) {
            collect(1);
        } else {
            collect(0);
            update();
        }
        sessionImages += configuration.batchSize();
        step++;
    }

    /** What is the same in every step, but for what is in its memory. */
    private void work() {
        loader.assemble();
        network.forward(batch.images());
        loss.apply(batch.labels());
        network.backward();
        if (compute.backend().asynchronous()) {
            update();
        }
    }

    private void update() {
        update.apply(compute.execution(), rates.device().slice(0, 2), parameters, gradientSum);
    }

    /** Reads results until no more than so many are on their way. */
    private void collect(int rest) {
        while (pending.size() > rest) {
            long finished = pending.remove();
            PairResult result = loss.receive();
            if (!Float.isFinite(result.loss())) {
                throw new NonFiniteException("the loss is " + result.loss() + " at epoch "
                    + (finished / stepsPerEpoch + 1) + ", step " + (finished % stepsPerEpoch + 1) + " of "
                    + stepsPerEpoch + "; a smaller learning rate or a longer warm-up may help");
            }
            lossScale.record(finished, result.finiteGradients());
            sums.add(result);
        }
    }

    /** Evaluates, ends the epoch and tells the listeners; false when asked to stop before the evaluation was done. */
    private boolean evaluateEpoch() throws IOException {
        boolean last = epoch + 1 == configuration.epochs();
        Optional<Evaluation> trainingSet = Optional.empty();
        Optional<Evaluation> validation = Optional.empty();
        Optional<Evaluation> test = Optional.empty();
        if (last || (epoch + 1) % configuration.evaluateEvery() == 0) {
            evaluator.copyParametersFrom(network);
            validation = evaluate(data.validation());
            test = configuration.evaluateTest() ? evaluate(Optional.of(data.test())) : test;
            trainingSet = last && configuration.evaluateTraining() ? evaluate(Optional.of(data.train())) : trainingSet;
        }
        if (stopRequested) {
            return false;
        }
        boolean best = validation.isPresent() && !(validation.get().top1() <= bestAccuracy);
        if (best) {
            bestAccuracy = validation.get().top1();
        }
        EpochSummary summary = new EpochSummary(epoch, totalSteps(), schedule.learningRate(totalSteps() - 1),
            sums.meanLoss(), sums.meanCrossEntropy(), sums.meanDivergence(), sums.accuracy(), trainingSet, validation,
            test, bestAccuracy, best, imagesPerSecond(), (System.nanoTime() - sessionStart) / 1e9);
        epoch++;
        step = 0;
        sums.reset();
        for (TrainingListener listener : listeners) {
            listener.epochFinished(this, summary);
        }
        return true;
    }

    private Optional<Evaluation> evaluate(Optional<Dataset> dataset) throws IOException {
        return dataset.isEmpty() ? Optional.empty() : evaluator.evaluate(dataset.get(), () -> stopRequested);
    }

    /** A copy of the student and of the place where the run stands; the caller closes it. */
    public Checkpoint checkpoint() {
        collect(0);
        Map<String, Tensor> momentum = new TreeMap<>();
        for (Parameter parameter : network.parameters()) {
            momentum.put(parameter.name(), parameter.exportMomentum());
        }
        return new Checkpoint(configuration, format, data.train().fingerprint(), epoch, step, bestAccuracy,
            sums.copy(), lossScale, network.exportState(), momentum);
    }

    /** Writes {@link #checkpoint()} to a file. */
    public void writeCheckpoint(Path file) throws IOException {
        try (Checkpoint checkpoint = checkpoint()) {
            checkpoint.write(file);
        }
    }

    /** Evaluates the student as it is now. */
    public Evaluation evaluate(Dataset dataset) throws IOException {
        evaluator.copyParametersFrom(network);
        return evaluator.evaluate(dataset);
    }

    /** What the run was created with, or the checkpoint holds. */
    public TrainingConfiguration configuration() {
        return configuration;
    }

    /** The current epoch, counted from 0. */
    public int epoch() {
        return epoch;
    }

    /** Steps done of the current epoch. */
    public int step() {
        return step;
    }

    /** Optimizer steps of an epoch; a last incomplete batch is left out. */
    public int stepsPerEpoch() {
        return stepsPerEpoch;
    }

    /** Steps done of the run. */
    public long totalSteps() {
        return (long) epoch * stepsPerEpoch + step;
    }

    /** Learning rate of the last step of this session. */
    public double learningRate() {
        return learningRate;
    }

    /** Mean loss of the steps of the current epoch whose results are there; NaN before the first. */
    public double loss() {
        return sums.meanLoss();
    }

    /** Training accuracy of the same steps, on the augmented images; NaN before the first. */
    public double accuracy() {
        return sums.accuracy();
    }

    /** Training images per second of this session, without evaluation. */
    public double imagesPerSecond() {
        return sessionImages * 1e9 / sessionTrainingNanos;
    }

    /** Number of parameters of the student. */
    public long parameterCount() {
        return network.parameters().stream().mapToLong(parameter -> parameter.shape().elements()).sum();
    }

    /** Frees the networks and stops the loader's thread. Data and backend stay open. */
    @Override
    public void close() {
        Resources.closeAll(resources);
    }
}
