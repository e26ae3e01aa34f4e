package org.swapdistill.benchmarks;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptionalList;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * A pair batch made from u8 images by libtorch operations: gather, crop, flip, patch swap, cast, normalise. The data
 * set is padded once beforehand, and crops, flips and positions are drawn beforehand, so neither is timed.
 */
final class LibtorchPairAssembly {
    private final int pairs;
    private final int height;
    private final int width;
    private final int patchSize;
    private final Tensor images;
    private final ReferencePairAssembly.Crop[] crops;
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
     * @param positions [pairs, grid rows, grid columns], non-zero = exchanged; the patch size divides the output
     * @param scale per channel: output = scale * u8 + shift
     */
    LibtorchPairAssembly(Pointer images, PairAssemblyShape shape, ReferencePairAssembly.Crop[] crops,
                         byte[] positions, float[] scale, float[] shift) {
        pairs = shape.pairs();
        height = shape.outputSize();
        width = shape.outputSize();
        patchSize = shape.patchSize();
        this.crops = crops;
        int channels = shape.channels();
        long padding = shape.padding();
        Tensor source = Libtorch.over(images, torch.ScalarType.Byte, shape.images(), channels, shape.sourceSize(),
                shape.sourceSize());
        this.images = padding == 0 ? source : torch.constant_pad_nd(source, padding, padding, padding, padding);
        long[] image = new long[2 * pairs];
        long[] rows = new long[2 * pairs * height];
        long[] columns = new long[2 * pairs * width];
        for (int i = 0; i < 2 * pairs; i++) {
            ReferencePairAssembly.Crop crop = crops[i];
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
        gather = Libtorch.indices(Libtorch.ofLongs(image, 2L * pairs, 1, 1, 1),
                Libtorch.ofLongs(channel, 1, channels, 1, 1),
                Libtorch.ofLongs(rows, 2L * pairs, 1, height, 1), Libtorch.ofLongs(columns, 2L * pairs, 1, 1, width));
        long[] flags = new long[positions.length];
        for (int i = 0; i < flags.length; i++) {
            flags[i] = positions[i];
        }
        mask = Libtorch.ofLongs(flags, pairs, 1, height / patchSize, 1, width / patchSize, 1)
                .to(torch.ScalarType.Bool);
        this.scale = Libtorch.ofFloats(scale, 1, channels, 1, 1);
        this.shift = Libtorch.ofFloats(shift, 1, channels, 1, 1);
        bytes = Libtorch.empty(torch.ScalarType.Byte, 2L * pairs, channels, height, width);
        floats = Libtorch.empty(torch.ScalarType.Float, 2L * pairs, channels, height, width);
    }

    List<Contender> contenders() {
        List<Contender> contenders = new ArrayList<>();
        for (Form form : forms()) {
            contenders.add(new Contender(form.name, Contender.Kind.LIBTORCH,
                    Libtorch.scopedWithoutGradient(form.body)));
        }
        return contenders;
    }

    /** Outputs of every form. */
    List<LibtorchPatchSwap.Result> results() {
        List<LibtorchPatchSwap.Result> results = new ArrayList<>();
        for (Form form : forms()) {
            Libtorch.scopedWithoutGradient(() -> {
                form.body.run();
                results.add(new LibtorchPatchSwap.Result(form.name, Libtorch.toFloats(outputA),
                        Libtorch.toFloats(outputB)));
            }).run();
        }
        return results;
    }

    private List<Form> forms() {
        return List.of(
                new Form("one gather, swap of u8", this::gatherThenSwapBytes),
                new Form("one gather, swap of f32", this::gatherThenSwapFloats),
                new Form("slices image by image, swap of u8", this::slicesThenSwapBytes),
                new Form("slices image by image, swap of f32", this::slicesThenSwapFloats));
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
                ReferencePairAssembly.Crop crop = crops[i];
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
        outputA = torch.where(mask, b, a).view(pairs, -1, height, width);
        outputB = torch.where(mask, a, b).view(pairs, -1, height, width);
    }

    private Tensor normalized(Tensor patches) {
        Tensor batch = patches.view(pairs, -1, height, width);
        return batch.mul_(scale).add_(shift);
    }

    private Tensor patches(Tensor batch) {
        return batch.view(pairs, -1, height / patchSize, patchSize, width / patchSize, patchSize);
    }

    private record Form(String name, Runnable body) {
    }
}
