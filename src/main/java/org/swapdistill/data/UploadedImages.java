package org.swapdistill.data;

import org.swapdistill.backend.Backend;
import org.swapdistill.backend.Upload;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/** The images of one batch on the device, in the order in which the batch names them. */
final class UploadedImages extends DeviceImages {
    private final int imagesPerBatch;
    private final Upload upload;

    UploadedImages(Dataset dataset, Backend backend, int imagesPerBatch) {
        super(dataset);
        this.imagesPerBatch = imagesPerBatch;
        upload = backend.newUpload(DType.U8,
                Shape.of(imagesPerBatch, dataset.channels(), dataset.height(), dataset.width()));
    }

    @Override
    public boolean resident() {
        return false;
    }

    @Override
    Tensor images() {
        return upload.device();
    }

    @Override
    void bring(int[] numbers, int from, int to) {
        if (to - from > imagesPerBatch) {
            throw new IllegalArgumentException(
                    "the batch has " + (to - from) + " images; expected at most " + imagesPerBatch);
        }
        Tensor all = dataset().images();
        Tensor host = upload.host();
        for (int i = 0; i < to - from; i++) {
            int image = numbers[from + i];
            host.slice(i, i + 1).copyFrom(all.slice(image, image + 1));
            numbers[from + i] = i;
        }
        upload.send();
    }

    @Override
    public void close() {
        upload.close();
    }
}
