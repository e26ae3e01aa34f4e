package org.swapdistill.train;

import org.swapdistill.backend.Backend;
import org.swapdistill.data.Batch;
import org.swapdistill.data.BatchLoader;
import org.swapdistill.data.Dataset;
import org.swapdistill.data.DeviceImages;
import org.swapdistill.data.DevicePairLoader;
import org.swapdistill.data.PairBatches;
import org.swapdistill.data.PairSampler;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.PairAssembler;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Layout;

/** The augmentation that a configuration describes. */
final class Pipelines {
    /** Batches are assembled beside the training, on one thread; the result does not depend on it. */
    static final Execution LOADER_EXECUTION = Execution.cpu(1);

    private Pipelines() {
    }

    /**
     * The patch swap, whether or not the objective uses it.
     *
     * @throws IllegalArgumentException when an image is a single patch: exchanging whole images changes nothing
     */
    static PatchSwap patchSwap(TrainingConfiguration configuration, ImageFormat format, Layout layout) {
        int longest = Math.max(format.height(), format.width());
        if (configuration.patchSize() >= longest) {
            throw new IllegalArgumentException("patchSize is " + configuration.patchSize() + "; expected less than "
                + longest + ", so that images of " + format.height() + " x " + format.width()
                + " pixels have more than one patch");
        }
        PatchSwap.Builder swap = PatchSwap.builder()
            .patchSize(configuration.patchSize())
            .probability(configuration.swapProbability())
            .layout(layout);
        if (configuration.positionCount().isPresent()) {
            swap.positionCount(configuration.positionCount().getAsInt());
        } else {
            swap.positionProbability(configuration.positionProbability());
        }
        return swap.build();
    }

    /** Crop, flip and normalisation, without a swap. */
    static PairAssembler.Builder assembler(TrainingConfiguration configuration, ImageFormat format, DType type,
            Layout layout) {
        return PairAssembler.builder()
            .sourceLayout(Layout.NCHW)
            .channels(format.channels())
            .sourceSize(format.height(), format.width())
            .outputSize(format.height(), format.width())
            .padding(configuration.cropPadding())
            .randomCrop(configuration.cropPadding() > 0)
            .flipProbability(configuration.flipProbability())
            .mean(format.mean())
            .deviation(format.deviation())
            .outputLayout(layout)
            .outputType(type);
    }

    /**
     * The pair batches of a run: assembled on the device where it has its own memory, otherwise by a thread beside it.
     */
    static PairBatches pairBatches(TrainingConfiguration configuration, ImageFormat format, Dataset train,
            Compute compute) {
        Backend backend = compute.backend();
        PairAssembler.Builder builder = assembler(configuration, format, backend.computeType(), backend.inputLayout());
        if (configuration.objective().swaps()) {
            builder.patchSwap(patchSwap(configuration, format, backend.inputLayout()));
        }
        PairAssembler assembler = builder.build();
        PairSampler sampler = new PairSampler(train.labels(), train.classes(), configuration.seed());
        if (backend.device().isCpu()) {
            return new BatchLoader(train, sampler, assembler, LOADER_EXECUTION, configuration.pairsPerBatch(),
                backend.computeType(), backend.inputLayout(), configuration.seed());
        }
        DeviceImages images = DeviceImages.of(train, backend, configuration.batchSize());
        try {
            return new DevicePairs(images, new DevicePairLoader(images, sampler, assembler, backend,
                compute.execution(), configuration.pairsPerBatch(), configuration.seed()));
        } catch (RuntimeException | Error e) {
            images.close();
            throw e;
        }
    }

    /** A loader together with its images. */
    private record DevicePairs(DeviceImages images, PairBatches loader) implements PairBatches {
        @Override
        public int batchesPerEpoch() {
            return loader.batchesPerEpoch();
        }

        @Override
        public void start(int epoch, int firstStep) {
            loader.start(epoch, firstStep);
        }

        @Override
        public Batch next() {
            return loader.next();
        }

        @Override
        public void assemble() {
            loader.assemble();
        }

        @Override
        public void close() {
            try {
                loader.close();
            } finally {
                images.close();
            }
        }
    }
}
