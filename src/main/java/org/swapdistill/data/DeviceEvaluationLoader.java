package org.swapdistill.data;

import org.swapdistill.backend.Backend;
import org.swapdistill.backend.Upload;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.PairAssembler;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/**
 * Assembles all images of datasets of one size on the device. Every batch of every pass stands in the same memory. For
 * the thread that uses the backend.
 */
public final class DeviceEvaluationLoader implements AutoCloseable {
    private final PairAssembler assembler;
    private final Execution execution;
    private final int imagesPerBatch;
    private final Upload numbers;
    private final int[] values;
    private final Tensor memory;
    private final Batch batch;

    /**
     * A loader.
     *
     * @param channels of the images
     * @param height of the images
     * @param width of the images
     * @param mean of pixels in [0, 1], one value or one for each channel
     * @param deviation of pixels in [0, 1], one value or one for each channel
     * @param backend of the images
     * @param execution in order with the backend's work
     * @param imagesPerBatch at least 1
     */
    public DeviceEvaluationLoader(int channels, int height, int width, float[] mean, float[] deviation,
            Backend backend, Execution execution, int imagesPerBatch) {
        if (imagesPerBatch < 1) {
            throw new IllegalArgumentException("imagesPerBatch is " + imagesPerBatch + "; expected at least 1");
        }
        this.assembler = PairAssembler.builder().channels(channels).sourceSize(height, width).mean(mean)
                .deviation(deviation).outputType(backend.computeType()).outputLayout(backend.inputLayout()).build();
        this.execution = execution;
        this.imagesPerBatch = imagesPerBatch;
        values = new int[2 * imagesPerBatch];
        numbers = backend.newUpload(DType.I32, Shape.of(2, imagesPerBatch));
        try {
            memory = backend.allocate(assembler.outputType(), assembler.outputShape(imagesPerBatch));
        } catch (RuntimeException e) {
            numbers.close();
            throw e;
        }
        batch = Batch.onDevice(memory, numbers.device());
    }

    /**
     * Begins with a dataset; an earlier pass ends.
     *
     * @param images on the backend of this loader, for batches of its size at least, open until the pass has ended
     */
    public ImageBatches pass(DeviceImages images) {
        return new Pass(images);
    }

    private final class Pass implements ImageBatches {
        private final DeviceImages images;
        private int step;

        Pass(DeviceImages images) {
            this.images = images;
        }

        @Override
        public Batch next() {
            Dataset dataset = images.dataset();
            long from = (long) step * imagesPerBatch;
            if (from >= dataset.size()) {
                return null;
            }
            int count = (int) Math.min(imagesPerBatch, dataset.size() - from);
            for (int i = 0; i < imagesPerBatch; i++) {
                int image = (int) from + Math.min(i, count - 1);
                values[i] = dataset.label(image);
                values[imagesPerBatch + i] = image;
            }
            images.bring(values, imagesPerBatch, 2 * imagesPerBatch);
            numbers.host().copyFrom(values);
            numbers.send();
            assembler.assembleSingles(execution, new RandomPosition(0, 0, 0, (int) from), images.images(),
                    batch.firstIndex(), batch.first());
            batch.describe(step, count);
            step++;
            return batch;
        }

        @Override
        public void close() {
            // The memory is the loader's.
        }
    }

    @Override
    public void close() {
        try {
            memory.close();
        } finally {
            numbers.close();
        }
    }
}
