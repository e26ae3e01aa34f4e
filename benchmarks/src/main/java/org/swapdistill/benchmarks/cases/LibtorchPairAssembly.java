package org.swapdistill.benchmarks.cases;

import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptionalList;
import org.bytedeco.pytorch.global.torch;
import org.swapdistill.kernels.reference.PairAssemblyReference;
import org.swapdistill.tensor.DType;

/**
 * A pair batch made from u8 images by libtorch operations: gather, crop, flip, patch swap, cast, normalise. The data
 * set is padded once beforehand, and crops, flips and positions are drawn beforehand, so neither is timed.
 */
final class LibtorchPairAssembly {
    private final int pairs;
    private final int height;
    private final int width;
    private final int patchSize;
    private final torch.ScalarType outputType;
    private final boolean channelsLast;
    private final Tensor images;
    private final Crop[] crops;
    private final TensorOptionalList gather;
    private final Tensor mask;
    private final Tensor scale;
    private final Tensor shift;
    private final Tensor bytes;
    private final Tensor floats;
    private Tensor outputA;
    private Tensor outputB;

    /**
     * @param images u8 [count, channels, source height, source width]; read only
     * @param crops of the images of a, then of b
     * @param positions [pairs, grid, grid], non-zero = exchanged
     */
    LibtorchPairAssembly(LibtorchDevice device, Pointer images, ImageShape shape, PairAssemblyReference.Recipe recipe,
                         DType type, Crop[] crops, byte[] positions) {
        pairs = shape.pairs();
        height = shape.size();
        width = shape.size();
        patchSize = shape.patchSize();
        outputType = Libtorch.type(type);
        channelsLast = recipe.outputChannelsLast();
        this.crops = crops;
        int channels = shape.channels();
        long padding = recipe.padding();
        Tensor source = device.place(Libtorch.over(images, torch.ScalarType.Byte, recipe.images(), channels,
                recipe.sourceHeight(), recipe.sourceWidth()));
        this.images = padding == 0 ? source : torch.constant_pad_nd(source, padding, padding, padding, padding);
        long[] image = new long[2 * pairs];
        long[] rows = new long[2 * pairs * height];
        long[] columns = new long[2 * pairs * width];
        for (int i = 0; i < 2 * pairs; i++) {
            Crop crop = crops[i];
            image[i] = crop.image();
            for (int y = 0; y < height; y++) {
                rows[i * height + y] = crop.top() + y;
            }
            for (int x = 0; x < width; x++) {
                columns[i * width + x] = crop.left() + (crop.flipped() ? width - 1 - x : x);
            }
        }
        long[] channel = new long[channels];
        for (int c = 0; c < channels; c++) {
            channel[c] = c;
        }
        gather = Libtorch.indices(device.place(Libtorch.ofLongs(image, 2L * pairs, 1, 1, 1)),
                device.place(Libtorch.ofLongs(channel, 1, channels, 1, 1)),
                device.place(Libtorch.ofLongs(rows, 2L * pairs, 1, height, 1)),
                device.place(Libtorch.ofLongs(columns, 2L * pairs, 1, 1, width)));
        long[] flags = new long[positions.length];
        for (int i = 0; i < flags.length; i++) {
            flags[i] = positions[i];
        }
        mask = device.place(Libtorch.ofLongs(flags, pairs, 1, height / patchSize, 1, width / patchSize, 1)
                .to(torch.ScalarType.Bool));
        float[] factors = new float[channels];
        float[] summands = new float[channels];
        for (int c = 0; c < channels; c++) {
            factors[c] = (float) (1 / (255.0 * recipe.deviation()[c]));
            summands[c] = (float) (-(double) recipe.mean()[c] / recipe.deviation()[c]);
        }
        scale = device.place(Libtorch.ofFloats(factors, 1, channels, 1, 1));
        shift = device.place(Libtorch.ofFloats(summands, 1, channels, 1, 1));
        bytes = device.place(buffer(torch.ScalarType.Byte, channels));
        floats = device.place(buffer(torch.ScalarType.Float, channels));
    }

    private Tensor buffer(torch.ScalarType type, long channels) {
        return Libtorch.empty(type, 2L * pairs, channels, height, width).contiguous(format());
    }

    private torch.MemoryFormat format() {
        return channelsLast ? torch.MemoryFormat.ChannelsLast : torch.MemoryFormat.Contiguous;
    }

    List<LibtorchForm> forms() {
        return List.of(
                new LibtorchForm("one gather, swap of u8", this::gatherThenSwapBytes),
                new LibtorchForm("one gather, swap of f32", this::gatherThenSwapFloats),
                new LibtorchForm("slices image by image, swap of u8", this::slicesThenSwapBytes),
                new LibtorchForm("slices image by image, swap of f32", this::slicesThenSwapFloats));
    }

    /** The images of a that the last form made, in the order of the layout; only within its scope. */
    float[] valuesA() {
        return values(outputA);
    }

    /** The images of b that the last form made, in the order of the layout; only within its scope. */
    float[] valuesB() {
        return values(outputB);
    }

    private float[] values(Tensor output) {
        return Libtorch.toFloats(channelsLast ? output.permute(0, 2, 3, 1) : output);
    }

    private void gatherThenSwapBytes() {
        swapBytesAndNormalize(images.index(gather));
    }

    private void gatherThenSwapFloats() {
        normalizeAndSwapFloats(images.index(gather).to(torch.ScalarType.Float));
    }

    private void slicesThenSwapBytes() {
        slicesInto(bytes);
        swapBytesAndNormalize(bytes);
    }

    private void slicesThenSwapFloats() {
        slicesInto(floats);
        normalizeAndSwapFloats(floats);
    }

    private void slicesInto(Tensor target) {
        for (int i = 0; i < crops.length; i++) {
            try (PointerScope scope = new PointerScope()) {
                Crop crop = crops[i];
                Tensor view = images.select(0, crop.image()).narrow(1, crop.top(), height)
                        .narrow(2, crop.left(), width);
                target.select(0, i).copy_(crop.flipped() ? view.flip(2) : view);
            }
        }
    }

    private void swapBytesAndNormalize(Tensor batch) {
        Tensor a = patches(batch.narrow(0, 0, pairs));
        Tensor b = patches(batch.narrow(0, pairs, pairs));
        outputA = normalized(torch.where(mask, b, a).to(torch.ScalarType.Float));
        outputB = normalized(torch.where(mask, a, b).to(torch.ScalarType.Float));
    }

    private void normalizeAndSwapFloats(Tensor batch) {
        batch.mul_(scale).add_(shift);
        Tensor a = patches(batch.narrow(0, 0, pairs));
        Tensor b = patches(batch.narrow(0, pairs, pairs));
        outputA = finished(images(torch.where(mask, b, a)));
        outputB = finished(images(torch.where(mask, a, b)));
    }

    private Tensor normalized(Tensor patches) {
        return finished(images(patches).mul_(scale).add_(shift));
    }

    private Tensor images(Tensor patches) {
        return patches.reshape(pairs, -1, height, width);
    }

    /** In the output's type and layout, where it is not yet. */
    private Tensor finished(Tensor batch) {
        return batch.to(outputType).contiguous(format());
    }

    private Tensor patches(Tensor batch) {
        return batch.view(pairs, -1, height / patchSize, patchSize, width / patchSize, patchSize);
    }
}
