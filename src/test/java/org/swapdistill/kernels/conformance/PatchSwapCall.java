package org.swapdistill.kernels.conformance;

import java.util.Random;
import org.bytedeco.javacpp.BytePointer;
import org.swapdistill.kernels.bindings.sd_execution;
import org.swapdistill.kernels.bindings.sd_patch_swap_options;
import org.swapdistill.kernels.bindings.sd_random_position;
import org.swapdistill.kernels.bindings.swapdistill;
import org.swapdistill.kernels.conformance.CallBuffers.Buffer;
import org.swapdistill.kernels.reference.RandomPlace;
import org.swapdistill.kernels.reference.SwapRule;

/** Patch swaps of host arrays on a backend. */
record PatchSwapCall(KernelBackend backend, int threads, ElementType type, boolean channelsLast, int pairs,
                     int channels, int height, int width) {
    byte[] images(Random random) {
        byte[] bytes = new byte[pairs * channels * height * width * type.bytes()];
        random.nextBytes(bytes);
        return bytes;
    }

    /** Swaps in place with positions drawn inside, or with the given ones when they are not null. */
    void swap(SwapRule rule, RandomPlace place, byte[] a, byte[] b, byte[] positions) {
        try (CallBuffers buffers = new CallBuffers(backend);
             sd_execution execution = backend.execution(threads);
             sd_patch_swap_options options = NativeOptions.patchSwap(rule);
             sd_random_position at = NativeOptions.place(place)) {
            Buffer bufferA = buffers.inOut("a", a, 0);
            Buffer bufferB = buffers.inOut("b", b, 0);
            BytePointer given = positions == null ? null : buffers.input("positions", positions, 0).pointer();
            NativeCall.succeeds(swapdistill.sd_patch_swap(execution, options, at, type.code(),
                channelsLast ? swapdistill.SD_NHWC : swapdistill.SD_NCHW, pairs, channels, height, width,
                bufferA.pointer(), bufferB.pointer(), given));
            buffers.verify();
            System.arraycopy(bufferA.read(), 0, a, 0, a.length);
            System.arraycopy(bufferB.read(), 0, b, 0, b.length);
        }
    }

    byte[] positions(SwapRule rule, RandomPlace place) {
        try (CallBuffers buffers = new CallBuffers(backend);
             sd_execution execution = backend.execution(threads);
             sd_patch_swap_options options = NativeOptions.patchSwap(rule);
             sd_random_position at = NativeOptions.place(place)) {
            Buffer drawn = buffers.output("positions", pairs * rule.gridRows(height) * rule.gridColumns(width), 0);
            NativeCall.succeeds(swapdistill.sd_patch_swap_positions(execution, options, at, pairs, height, width,
                drawn.pointer()));
            buffers.verify();
            return drawn.read();
        }
    }
}
