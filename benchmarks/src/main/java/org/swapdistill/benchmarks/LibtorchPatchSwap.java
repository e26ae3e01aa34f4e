package org.swapdistill.benchmarks;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptionalList;
import org.bytedeco.pytorch.global.torch;

/**
 * Intra-class patch swap composed of libtorch operations, for f32 images [N, C, H, W] whose sides the patch size
 * divides. The positions are handed over as a mask and as lists of indices that were made beforehand, so that the
 * time is that of the exchange alone.
 */
final class LibtorchPatchSwap {
    private final Tensor a;
    private final Tensor b;
    private final Tensor resultA;
    private final Tensor resultB;
    private final Tensor mask;
    private final TensorOptionalList positions;
    private Tensor freshA;
    private Tensor freshB;

    /**
     * @param a f32 images, which the in-place form changes
     * @param positions [pairs, H / patchSize, W / patchSize], non-zero = exchanged
     */
    LibtorchPatchSwap(Pointer a, Pointer b, int pairs, int channels, int height, int width, int patchSize,
                      byte[] positions) {
        int rows = height / patchSize;
        int columns = width / patchSize;
        long[] patches = {pairs, channels, rows, patchSize, columns, patchSize};
        this.a = Libtorch.over(a, torch.ScalarType.Float, patches);
        this.b = Libtorch.over(b, torch.ScalarType.Float, patches);
        resultA = Libtorch.empty(torch.ScalarType.Float, patches);
        resultB = Libtorch.empty(torch.ScalarType.Float, patches);
        long[] flags = new long[positions.length];
        int chosen = 0;
        for (int i = 0; i < flags.length; i++) {
            flags[i] = positions[i];
            chosen += positions[i] != 0 ? 1 : 0;
        }
        mask = Libtorch.ofLongs(flags, pairs, 1, rows, 1, columns, 1).to(torch.ScalarType.Bool);
        long[] pair = new long[chosen];
        long[] row = new long[chosen];
        long[] column = new long[chosen];
        int next = 0;
        for (int i = 0; i < flags.length; i++) {
            if (flags[i] != 0) {
                pair[next] = i / (rows * columns);
                row[next] = i / columns % rows;
                column[next] = i % columns;
                next++;
            }
        }
        this.positions = Libtorch.indices(Libtorch.ofLongs(pair, chosen), Libtorch.ofLongs(row, chosen),
                Libtorch.ofLongs(column, chosen));
    }

    List<Contender> contenders() {
        return List.of(
                new Contender("where", Contender.Kind.LIBTORCH, Libtorch.scopedWithoutGradient(this::where)),
                new Contender("where, out=", Contender.Kind.LIBTORCH, Libtorch.scopedWithoutGradient(this::whereInto)),
                new Contender("index_put_", Contender.Kind.LIBTORCH, Libtorch.scopedWithoutGradient(this::index)));
    }

    private void where() {
        freshA = torch.where(mask, b, a);
        freshB = torch.where(mask, a, b);
    }

    private void whereInto() {
        torch.where_out(resultA, mask, b, a);
        torch.where_out(resultB, mask, a, b);
    }

    /** In place. */
    private void index() {
        Tensor patchesA = a.permute(0, 2, 4, 1, 3, 5);
        Tensor patchesB = b.permute(0, 2, 4, 1, 3, 5);
        Tensor chosenA = patchesA.index(positions);
        Tensor chosenB = patchesB.index(positions);
        patchesA.index_put_(positions, chosenB);
        patchesB.index_put_(positions, chosenA);
    }

    /** What each form makes of the present a and b: a after the swap, then b. */
    List<Result> results() {
        List<Result> results = new ArrayList<>();
        Libtorch.scopedWithoutGradient(() -> {
            where();
            results.add(new Result("where", Libtorch.toFloats(freshA), Libtorch.toFloats(freshB)));
        }).run();
        whereInto();
        results.add(new Result("where, out=", Libtorch.toFloats(resultA), Libtorch.toFloats(resultB)));
        Libtorch.scopedWithoutGradient(this::index).run();
        results.add(new Result("index_put_", Libtorch.toFloats(a), Libtorch.toFloats(b)));
        Libtorch.scopedWithoutGradient(this::index).run();
        return results;
    }

    /** The images after one form's swap. */
    record Result(String form, float[] a, float[] b) {
    }
}
