package org.swapdistill.backend;

import org.swapdistill.tensor.Layout;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/** Images as a backend takes them, filled from plain [N, C, H, W]. */
public final class DeviceImages implements AutoCloseable {
    private final Backend backend;
    private final int batch;
    private final int channels;
    private final int pixels;
    private final Tensor tensor;

    /** Room for a batch. */
    public DeviceImages(Backend backend, int batch, int channels, int height, int width) {
        this.backend = backend;
        this.batch = batch;
        this.channels = channels;
        pixels = height * width;
        tensor = backend.allocate(backend.computeType(), backend.inputLayout() == Layout.NCHW
                ? Shape.of(batch, channels, height, width) : Shape.of(batch, height, width, channels));
    }

    /** Number of elements. */
    public int elements() {
        return batch * channels * pixels;
    }

    /** The images in the backend's type and layout. */
    public Tensor tensor() {
        return tensor;
    }

    /** Sets the images; returns them as they were rounded, in the order of the argument. */
    public float[] set(float[] plain) {
        boolean last = backend.inputLayout() == Layout.NHWC;
        HostCopies.write(backend, last ? transpose(plain, channels, pixels) : plain, tensor);
        float[] stored = HostCopies.floats(backend, tensor);
        return last ? transpose(stored, pixels, channels) : stored;
    }

    private float[] transpose(float[] values, int rows, int columns) {
        float[] result = new float[values.length];
        int block = rows * columns;
        for (int start = 0; start < values.length; start += block) {
            for (int row = 0; row < rows; row++) {
                for (int column = 0; column < columns; column++) {
                    result[start + column * rows + row] = values[start + row * columns + column];
                }
            }
        }
        return result;
    }

    @Override
    public void close() {
        tensor.close();
    }
}
