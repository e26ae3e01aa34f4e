package org.swapdistill.benchmarks.cases;

import java.util.function.Supplier;
import org.swapdistill.tensor.Layout;

/** Patch swap on arrays of bytes, in both layouts: every row of a patch is one piece of memory, or one a channel. */
final class SegmentPatchSwap {
    /** Bytes of images that are worth a thread's while. */
    private static final int GRAIN_BYTES = 64 << 10;

    private final ImageShape shape;
    private final byte[] positions;
    private final ThreadLocal<PatchExchange> exchange;
    private final int planesOfPair;
    private final int planeBytes;
    private final int pixelBytes;
    private final int grain;

    SegmentPatchSwap(ImageShape shape, int elementBytes, Layout layout, byte[] positions,
                     Supplier<PatchExchange> exchange) {
        this.shape = shape;
        this.positions = positions;
        this.exchange = ThreadLocal.withInitial(exchange);
        planesOfPair = layout == Layout.NCHW ? shape.channels() : 1;
        pixelBytes = layout == Layout.NCHW ? elementBytes : elementBytes * shape.channels();
        planeBytes = shape.size() * shape.size() * pixelBytes;
        grain = Math.max(1, GRAIN_BYTES / planeBytes);
    }

    /** Exchanges the patches of a and b in place. */
    void apply(ThreadTeam team, byte[] a, byte[] b) {
        team.run(shape.pairs() * planesOfPair, grain, (from, to) -> {
            PatchExchange own = exchange.get();
            for (int plane = from; plane < to; plane++) {
                plane(own, a, b, plane);
            }
        });
    }

    private void plane(PatchExchange own, byte[] a, byte[] b, int plane) {
        int grid = shape.gridSize();
        int patch = shape.patchSize();
        int rowBytes = shape.size() * pixelBytes;
        int firstPosition = plane / planesOfPair * grid * grid;
        for (int y = 0; y < shape.size(); y++) {
            int row = plane * planeBytes + y * rowBytes;
            int position = firstPosition + y / patch * grid;
            for (int column = 0; column < grid; column++) {
                if (positions[position + column] != 0) {
                    own.exchange(a, b, row + column * patch * pixelBytes, patch * pixelBytes);
                }
            }
        }
    }
}
