package org.swapdistill.benchmarks.cases;

import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptionalList;
import org.bytedeco.pytorch.global.torch;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Layout;

/**
 * Intra-class patch swap composed of libtorch operations. The positions are handed over as a mask and as lists of
 * indices that were made beforehand, so that the time is that of the exchange alone.
 */
final class LibtorchPatchSwap {
    private final torch.ScalarType type;
    private final LibtorchDevice device;
    private final long[] patches;
    private final long[] patchesFirst;
    private final Tensor a;
    private final Tensor b;
    private final Tensor outputA;
    private final Tensor outputB;
    private final Tensor mask;
    private final TensorOptionalList positions;
    private Tensor resultA;
    private Tensor resultB;

    /**
     * @param a images, which the in-place form changes
     * @param positions [pairs, grid, grid], non-zero = exchanged
     */
    LibtorchPatchSwap(LibtorchDevice device, Pointer a, Pointer b, DType type, Layout layout, ImageShape shape,
                      byte[] positions) {
        this.device = device;
        this.type = Libtorch.type(type);
        int grid = shape.gridSize();
        long patch = shape.patchSize();
        boolean channelsFirst = layout == Layout.NCHW;
        patches = channelsFirst ? new long[] {shape.pairs(), shape.channels(), grid, patch, grid, patch}
                : new long[] {shape.pairs(), grid, patch, grid, patch, shape.channels()};
        patchesFirst = channelsFirst ? new long[] {0, 2, 4, 1, 3, 5} : new long[] {0, 1, 3, 2, 4, 5};
        this.a = device.place(Libtorch.over(a, this.type, patches));
        this.b = device.place(Libtorch.over(b, this.type, patches));
        outputA = torch.empty_like(this.a);
        outputB = torch.empty_like(this.b);
        long[] flags = new long[positions.length];
        int chosen = 0;
        for (int i = 0; i < flags.length; i++) {
            flags[i] = positions[i];
            chosen += positions[i] != 0 ? 1 : 0;
        }
        long[] maskShape = channelsFirst ? new long[] {shape.pairs(), 1, grid, 1, grid, 1}
                : new long[] {shape.pairs(), grid, 1, grid, 1, 1};
        mask = device.place(Libtorch.ofLongs(flags, maskShape).to(torch.ScalarType.Bool));
        long[] pair = new long[chosen];
        long[] row = new long[chosen];
        long[] column = new long[chosen];
        int next = 0;
        for (int i = 0; i < flags.length; i++) {
            if (flags[i] != 0) {
                pair[next] = i / (grid * grid);
                row[next] = i / grid % grid;
                column[next] = i % grid;
                next++;
            }
        }
        this.positions = Libtorch.indices(device.place(Libtorch.ofLongs(pair, chosen)),
                device.place(Libtorch.ofLongs(row, chosen)), device.place(Libtorch.ofLongs(column, chosen)));
    }

    /** Copies images to where libtorch works, unless that is where they are. */
    void reset(Pointer newA, Pointer newB) {
        a.copy_(device.place(Libtorch.over(newA, type, patches)));
        b.copy_(device.place(Libtorch.over(newB, type, patches)));
    }

    List<LibtorchForm> forms() {
        return List.of(new LibtorchForm("where", this::where), new LibtorchForm("where, out=", this::whereInto),
                new LibtorchForm("index_put_", this::index));
    }

    private void where() {
        resultA = torch.where(mask, b, a);
        resultB = torch.where(mask, a, b);
    }

    private void whereInto() {
        resultA = torch.where_out(outputA, mask, b, a);
        resultB = torch.where_out(outputB, mask, a, b);
    }

    /** In place. */
    private void index() {
        Tensor patchesA = a.permute(patchesFirst);
        Tensor patchesB = b.permute(patchesFirst);
        Tensor chosenA = patchesA.index(positions);
        Tensor chosenB = patchesB.index(positions);
        patchesA.index_put_(positions, chosenB);
        patchesB.index_put_(positions, chosenA);
        resultA = a;
        resultB = b;
    }

    /** Images of a after the last form's swap; readable until its scope ends. */
    Tensor resultA() {
        return resultA;
    }

    /** Images of b after the last form's swap; readable until its scope ends. */
    Tensor resultB() {
        return resultB;
    }
}
