package org.swapdistill.data;

import org.swapdistill.backend.Backend;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/** A copy of a dataset's images on a device, from which batches are assembled there. */
public final class ResidentImages implements AutoCloseable {
    private final Dataset dataset;
    private final Tensor images;

    /** Copies the images; both arguments stay the caller's, and open until this object is closed. */
    public ResidentImages(Dataset dataset, Backend backend) {
        this.dataset = dataset;
        images = backend.allocate(DType.U8, dataset.images().shape());
        try {
            backend.write(dataset.images(), images);
        } catch (RuntimeException e) {
            images.close();
            throw e;
        }
    }

    /** The dataset, on the host. */
    Dataset dataset() {
        return dataset;
    }

    /** U8 [M, C, H, W] on the device. */
    Tensor images() {
        return images;
    }

    /** Frees the copy. Closing again does nothing. */
    @Override
    public void close() {
        images.close();
    }
}
