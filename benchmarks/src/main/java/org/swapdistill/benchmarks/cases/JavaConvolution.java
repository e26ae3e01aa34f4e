package org.swapdistill.benchmarks.cases;

import java.util.Arrays;
import org.swapdistill.backend.Window;

/** A convolution without bias as a matrix product of the weights and the pixels under each window, image by image. */
final class JavaConvolution implements JavaLayer {
    private final JavaMaps input;
    private final JavaMaps output;
    private final float[] weights;
    private final float[] weightsGradient;
    private final Window window;
    private final MatrixProduct product;
    private final boolean first;
    private final int taps;
    private final ThreadLocal<float[]> columns;

    /** @param first whether the input needs no gradient */
    JavaConvolution(JavaMaps input, JavaMaps output, float[] weights, float[] weightsGradient, Window window,
                    MatrixProduct product, boolean first) {
        this.input = input;
        this.output = output;
        this.weights = weights;
        this.weightsGradient = weightsGradient;
        this.window = window;
        this.product = product;
        this.first = first;
        taps = input.channels * window.kernel() * window.kernel();
        columns = ThreadLocal.withInitial(() -> new float[taps * output.area()]);
    }

    @Override
    public void forward(ThreadTeam team) {
        int area = output.area();
        team.run(output.images, 1, (from, to) -> {
            float[] own = columns.get();
            for (int image = from; image < to; image++) {
                gather(own, image, area, 1);
                int at = image * output.imageElements();
                Arrays.fill(output.values, at, at + output.imageElements(), 0);
                product.add(output.values, at, weights, 0, taps, 1, own, 0, output.channels, area, taps);
            }
        });
    }

    @Override
    public void backward(ThreadTeam team) {
        Arrays.fill(weightsGradient, 0);
        int area = output.area();
        team.run(output.images, Math.max(1, output.images / 8), (from, to) -> {
            float[] own = columns.get();
            float[] sum = new float[weights.length];
            for (int image = from; image < to; image++) {
                int at = image * output.imageElements();
                gather(own, image, 1, taps);
                product.add(sum, 0, output.gradient, at, area, 1, own, 0, output.channels, taps, area);
                if (!first) {
                    Arrays.fill(own, 0);
                    product.add(own, 0, weights, 0, 1, taps, output.gradient, at, taps, area, output.channels);
                    scatter(own, image);
                }
            }
            synchronized (weightsGradient) {
                for (int i = 0; i < sum.length; i++) {
                    weightsGradient[i] += sum[i];
                }
            }
        });
    }

    /** The pixels under all windows: tap t of window p goes to {@code t * tapStep + p * windowStep}. */
    private void gather(float[] to, int image, int tapStep, int windowStep) {
        int stride = window.stride();
        visit(image, (tap, row, firstColumn, end, from) -> {
            int at = tap * tapStep + row * output.width * windowStep;
            fillZeros(to, at, windowStep, 0, Math.min(firstColumn, output.width));
            if (windowStep == 1 && stride == 1 && firstColumn < end) {
                System.arraycopy(input.values, from + firstColumn, to, at + firstColumn, end - firstColumn);
            } else {
                for (int x = firstColumn; x < end; x++) {
                    to[at + x * windowStep] = input.values[from + x * stride];
                }
            }
            fillZeros(to, at, windowStep, Math.max(firstColumn, end), output.width);
        });
    }

    private static void fillZeros(float[] to, int at, int step, int from, int end) {
        for (int x = from; x < end; x++) {
            to[at + x * step] = 0;
        }
    }

    /** Adds the gradients of the pixels under all windows to those of the image. */
    private void scatter(float[] gradients, int image) {
        visit(image, (tap, row, firstColumn, end, from) -> {
            int at = (tap * output.height + row) * output.width;
            for (int x = firstColumn; x < end; x++) {
                input.gradient[from + x * window.stride()] += gradients[at + x];
            }
        });
    }

    /** One tap of a row of windows: columns from {@code firstColumn} to {@code end} lie within the image. */
    private interface RowVisitor {
        /** @param from index of the pixel of column 0, were it within the image */
        void visit(int tap, int row, int firstColumn, int end, int from);
    }

    private void visit(int image, RowVisitor visitor) {
        int kernel = window.kernel();
        int stride = window.stride();
        for (int tap = 0; tap < taps; tap++) {
            int channel = tap / (kernel * kernel);
            int down = tap / kernel % kernel - window.padding();
            int right = tap % kernel - window.padding();
            int firstColumn = Math.max(0, (stride - 1 - right) / stride);
            int end = Math.min(output.width, Math.floorDiv(input.width - 1 - right, stride) + 1);
            for (int row = 0; row < output.height; row++) {
                int y = row * stride + down;
                boolean inside = y >= 0 && y < input.height;
                visitor.visit(tap, row, inside ? firstColumn : 0, inside ? end : 0,
                        ((image * input.channels + channel) * input.height + y) * input.width + right);
            }
        }
    }
}
