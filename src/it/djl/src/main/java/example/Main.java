package example;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import org.bytedeco.javacpp.Pointer;
import org.swapdistill.data.DataOptions;
import org.swapdistill.data.DataSource;
import org.swapdistill.data.Dataset;
import org.swapdistill.data.TrainTest;
import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.tensor.Tensor;

/** Checks that arrays are shared and not copied, then trains a model of DJL with both operations. */
public class Main {
    private static final float TEMPERATURE = 4;
    private static final int BATCH = 32;
    private static final int STEPS = 50;

    public static void main(String[] arguments) throws Exception {
        System.out.println(Engine.getInstance().getEngineName() + " " + Engine.getInstance().getVersion());
        sharesMemory();
        refusals();
        specialLogits();
        memoryIsFlat();
        training();
    }

    private static void sharesMemory() {
        try (NDManager manager = NDManager.newBaseManager()) {
            for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT16, DataType.UINT8}) {
                NDArray a = manager.ones(new Shape(4, 3, 8, 8)).toType(type, false);
                NDArray b = manager.zeros(new Shape(4, 3, 8, 8)).toType(type, false);
                PatchSwap swap = PatchSwap.builder().patchSize(4).probability(1).positionCount(1).build();
                swap.apply(Execution.cpu(), new RandomPosition(1, 0, 0, 0), Arrays.tensor("a", a), Arrays.tensor("b", b));
                double moved = b.toType(DataType.FLOAT32, false).sum().getFloat();
                require(moved == 4 * 3 * 4 * 4, type + ": the arrays themselves have changed, in " + moved + " places");
                require(a.toType(DataType.FLOAT32, false).sum().getFloat() == 3 * moved, type + ": nothing is lost");
            }
            // And the other way: an array of DJL over memory of a tensor.
            try (Tensor tensor = Tensor.of(new float[] {1, 2, 3}, 3)) {
                NDArray array = manager.create(tensor.asByteBuffer(), new Shape(3), DataType.FLOAT32);
                tensor.copyFrom(new float[] {4, 5, 6});
                require(array.getFloat(0) == 4, "an array of a direct buffer shares its memory");
                array.close();
            }
        }
        System.out.println("patch swap in the memory of NDArrays");
    }

    private static void refusals() {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray turned = manager.ones(new Shape(3, 4)).transpose();
            refuses(() -> Arrays.tensor("logits", turned), "logits is float32 (4, 3) on cpu() and gives no access to its "
                    + "memory; expected a contiguous array on cpu(): use flatten().reshape(getShape())");
            Arrays.tensor("logits", turned.flatten().reshape(turned.getShape()));
            refuses(() -> Arrays.tensor("logits", manager.ones(new Shape(2), DataType.FLOAT64)),
                    "logits is float64; expected float32");
            PairDistillationLoss loss = new PairDistillationLoss(DistillationLoss.builder());
            refuses(() -> loss.evaluate(new NDList(manager.create(new long[] {0, 1})),
                    new NDList(manager.ones(new Shape(3, 5)))), "predictions has shape (3, 5); expected [4, K] for 2 labels");
            refuses(() -> loss.evaluate(new NDList(manager.create(1L)), new NDList(manager.ones(new Shape(2, 5)))),
                    "labels is int64 (); expected int64 (N)");
            refuses(() -> new PairDistillationLoss(DistillationLoss.builder().target(DistillationLoss.Target.NONE)),
                    "the loss has target NONE and reduction MEAN; expected PAIR, and MEAN or SUM");
        }
    }

    /** A class at -infinity in both rows of a pair changes nothing but its own gradient; other strides change nothing. */
    private static void specialLogits() {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray logits = manager.create(new float[] {1, 2, 0, 3, -1, 2, 4, 1}, new Shape(2, 4));
            NDArray masked = manager.create(new float[] {1, 2, 0, Float.NEGATIVE_INFINITY, 3, -1, 2, 4,
                    Float.NEGATIVE_INFINITY, 1}, new Shape(2, 5));
            NDArray turned = logits.transpose().flatten().reshape(4, 2).transpose();
            float[] expected = lossAndGradient(manager, logits);
            require(java.util.Arrays.equals(lossAndGradient(manager, turned), expected), "other strides change nothing");
            float[] actual = lossAndGradient(manager, masked);
            for (int i = 0; i < expected.length; i++) {
                // The loss, then the gradients of three classes, the masked one and the last one.
                int at = i < 4 ? i : i < 8 ? i + 1 : i + 2;
                require(Math.abs(actual[at] - expected[i]) <= 1e-6, "masked: " + java.util.Arrays.toString(actual));
            }
            require(actual[4] == 0 && actual[9] == 0, "masked classes have the gradient 0");
        }
    }

    /** The loss of label 0, then its gradient. */
    private static float[] lossAndGradient(NDManager manager, NDArray logits) {
        logits.setRequiresGradient(true);
        try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            NDArray value = new PairDistillationLoss(DistillationLoss.builder().temperature(TEMPERATURE))
                    .evaluate(new NDList(manager.create(new long[] {0})), new NDList(logits));
            collector.backward(value.mul(3));
            NDArray gradient = logits.getGradient();
            return value.reshape(1).concat(gradient.flatten().div(3)).toFloatArray();
        }
    }

    /** Losses free what they allocate, without help of the garbage collector. */
    private static void memoryIsFlat() {
        PairDistillationLoss loss = new PairDistillationLoss(DistillationLoss.builder().temperature(TEMPERATURE));
        long before = 0;
        for (int i = 0; i < 3000; i++) {
            if (i == 1000) {
                before = Pointer.physicalBytes();
            }
            try (NDManager manager = NDManager.newBaseManager();
                    GradientCollector collector = Engine.getInstance().newGradientCollector()) {
                NDArray logits = manager.ones(new Shape(64, 1000));
                logits.setRequiresGradient(true);
                collector.backward(loss.evaluate(new NDList(manager.zeros(new Shape(32), DataType.INT64)),
                        new NDList(logits)));
            }
        }
        long grown = Pointer.physicalBytes() - before;
        require(grown < 64 << 20, "memory grew by " + (grown >> 20) + " MiB in 2,000 calls");
        System.out.println("memory is flat");
    }

    private static void training() throws Exception {
        try (TrainTest data = DataSource.open(DataSource.BUILTIN, DataOptions.DEFAULT)) {
            double[] ours = losses(data.train(), new PairDistillationLoss(DistillationLoss.builder()
                    .temperature(TEMPERATURE)));
            double[] reference = losses(data.train(), new OperationsLoss());
            double apart = 0;
            for (int step = 0; step < STEPS; step++) {
                apart = Math.max(apart, Math.abs(ours[step] - reference[step]));
            }
            require(apart <= 1e-5, "losses are apart by " + apart);
            double first = java.util.Arrays.stream(ours, 0, 5).average().getAsDouble();
            double last = java.util.Arrays.stream(ours, STEPS - 5, STEPS).average().getAsDouble();
            require(last < first - 0.5, "the loss goes from " + first + " to " + last);
            System.out.printf("training, %d steps: loss %.4f to %.4f; at most %.1e from DJL's operations%n", STEPS, first,
                    last, apart);
        }
    }

    private static double[] losses(Dataset data, Loss loss) throws Exception {
        PairDataset pairs = new PairDataset.Builder(data).setSampling(BATCH, false, true)
                .optDataBatchifier(new SwapBatchifier(PatchSwap.builder().patchSize(7).probability(0.5).build(), 1))
                .build();
        Engine.getInstance().setRandomSeed(1);
        double[] losses = new double[STEPS];
        try (Model model = Model.newInstance("student")) {
            model.setBlock(new SequentialBlock().add(Blocks.batchFlattenBlock())
                    .add(Linear.builder().setUnits(64).build()).add(Activation::relu)
                    .add(Linear.builder().setUnits(data.classes()).build()));
            Optimizer optimizer = Optimizer.sgd().setLearningRateTracker(Tracker.fixed(0.1f)).build();
            try (Trainer trainer = model.newTrainer(new DefaultTrainingConfig(loss).optOptimizer(optimizer))) {
                trainer.initialize(new Shape(2 * BATCH, data.channels(), data.height(), data.width()));
                int step = 0;
                for (Batch batch : trainer.iterateDataset(pairs)) {
                    EasyTrain.trainBatch(trainer, batch);
                    trainer.step();
                    try (NDManager manager = trainer.getManager().newSubManager()) {
                        batch.getData().attach(manager);
                        batch.getLabels().attach(manager);
                        losses[step] = loss.evaluate(batch.getLabels(), trainer.evaluate(batch.getData())).getFloat();
                    }
                    batch.close();
                    if (++step == STEPS) {
                        break;
                    }
                }
            }
        }
        return losses;
    }

    /** The same loss in operations of DJL. */
    private static final class OperationsLoss extends Loss {
        OperationsLoss() {
            super("OperationsLoss");
        }

        @Override
        public NDArray evaluate(NDList labels, NDList predictions) {
            NDArray logits = predictions.singletonOrThrow();
            NDArray label = labels.singletonOrThrow();
            long rows = label.getShape().get(0);
            NDArray both = label.concat(label).expandDims(1);
            NDArray crossEntropy = logits.logSoftmax(1).gather(both, 1).mean().neg();
            NDArray log = logits.div(TEMPERATURE).logSoftmax(1);
            NDArray other = log.get(rows + ":").concat(log.get(":" + rows)).stopGradient();
            NDArray divergence = other.exp().mul(other.sub(log)).sum().mul(TEMPERATURE * TEMPERATURE / (2f * rows));
            return crossEntropy.add(divergence);
        }
    }

    private static void refuses(Runnable call, String message) {
        try {
            call.run();
        } catch (IllegalArgumentException e) {
            require(e.getMessage().contains(message), "\"" + e.getMessage() + "\" contains \"" + message + "\"");
            return;
        }
        throw new IllegalStateException("nothing is thrown; expected \"" + message + "\"");
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException("does not hold: " + what);
        }
    }
}
