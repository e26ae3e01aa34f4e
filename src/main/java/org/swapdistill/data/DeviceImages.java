package org.swapdistill.data;

import java.util.Objects;
import org.swapdistill.backend.Backend;
import org.swapdistill.tensor.Tensor;

/**
 * A dataset's images as a device sees them, from which batches are assembled there: all of them, or where they do not
 * fit those of one batch. The batches are the same, to the bit. For the thread that uses the backend.
 */
public abstract sealed class DeviceImages implements AutoCloseable permits ResidentImages, UploadedImages {
    /** Of the free memory, one part in so many is left to what comes later: CUDA graphs, the evaluation. */
    private static final long SPARED = 16;

    private static final System.Logger LOG = System.getLogger(DeviceImages.class.getName());

    private final Dataset dataset;

    DeviceImages(Dataset dataset) {
        this.dataset = dataset;
    }

    /**
     * Copies the images to the device where they fit; otherwise keeps them on the host, uploads those of each batch,
     * and says so in the log. Both arguments stay the caller's, and open until the result is closed.
     *
     * @param imagesPerBatch the most images of a batch, at least 1
     */
    public static DeviceImages of(Dataset dataset, Backend backend, int imagesPerBatch) {
        Objects.requireNonNull(dataset, "dataset is null");
        if (imagesPerBatch < 1) {
            throw new IllegalArgumentException("imagesPerBatch is " + imagesPerBatch + "; expected at least 1");
        }
        long bytes = dataset.images().bytes();
        long free = backend.freeMemory();
        if (bytes <= free - free / SPARED) {
            return new ResidentImages(dataset, backend);
        }
        LOG.log(System.Logger.Level.INFO, () -> "the " + dataset.size() + " images need " + bytes + " bytes on "
                + backend.device() + ", of which " + free + " are free: they stay on the host, and each batch of them "
                + "is copied when it is needed; fewer images or a smaller batch or network would let them fit");
        return new UploadedImages(dataset, backend, imagesPerBatch);
    }

    /** The dataset, on the host. */
    final Dataset dataset() {
        return dataset;
    }

    /** Whether all images lie on the device. */
    public abstract boolean resident();

    /** U8 [number of images, C, H, W] on the device; the same tensor for every batch. */
    abstract Tensor images();

    /**
     * Brings the images of the next batch to the device, in the order of the backend's work.
     *
     * @param numbers on entry, in [from, to), indices into the dataset; on return, into {@link #images}
     */
    abstract void bring(int[] numbers, int from, int to);

    /** Frees what lies on the device. Closing again does nothing. */
    @Override
    public abstract void close();
}
