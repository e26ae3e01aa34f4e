package org.swapdistill.data;

import org.swapdistill.backend.Backend;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/** A copy of all images on the device. */
final class ResidentImages extends DeviceImages {
    private final Tensor images;

    ResidentImages(Dataset dataset, Backend backend) {
        super(dataset);
        images = backend.allocate(DType.U8, dataset.images().shape());
        try {
            backend.write(dataset.images(), images);
        } catch (RuntimeException e) {
            images.close();
            throw e;
        }
    }

    @Override
    public boolean resident() {
        return true;
    }

    @Override
    Tensor images() {
        return images;
    }

    @Override
    void bring(int[] numbers, int from, int to) {
        // All images are there, under the dataset's numbers.
    }

    @Override
    public void close() {
        images.close();
    }
}
