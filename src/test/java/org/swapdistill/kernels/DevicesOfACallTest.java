package org.swapdistill.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Device;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/** Arrays of one call lie on one CUDA device. No GPU is needed: nothing is launched before all is checked. */
class DevicesOfACallTest {
    private static final Execution CUDA = Execution.cuda(null);
    private static final RandomPosition AT = new RandomPosition(1, 0, 0, 0);

    private final List<BytePointer> blocks = new ArrayList<>();

    /** As far as the library can tell before the device looks at it. */
    private Tensor on(int device, DType dtype, long... shape) {
        Shape size = Shape.of(shape);
        BytePointer block = new BytePointer(size.elements() * dtype.bytes());
        blocks.add(block);
        return Tensor.view(Memory.wrap(block, block.capacity(), Device.cuda(device)), 0, dtype, size);
    }

    @AfterEach
    void free() {
        blocks.forEach(BytePointer::close);
    }

    private static void assertRefused(String message, Executable call) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
    }

    @Test
    void patchSwap() {
        PatchSwap swap = PatchSwap.builder().patchSize(2).build();
        Tensor a = on(0, DType.F32, 1, 1, 4, 4);
        assertRefused("a is on cuda:0; expected on cuda:1 as b", () -> swap.apply(CUDA, AT, a, on(1, DType.F32, 1, 1, 4, 4)));
        assertRefused("positions is on cuda:1; expected on cuda:0 as a",
                () -> swap.applyPositions(CUDA, on(1, DType.U8, 1, 2, 2), a, on(0, DType.F32, 1, 1, 4, 4)));
    }

    @Test
    void pairAssembly() {
        PairAssembler assembler = PairAssembler.builder().channels(1).sourceSize(4, 4).build();
        Tensor images = on(1, DType.U8, 3, 1, 4, 4);
        Tensor index = on(1, DType.I32, 2);
        Tensor output = on(1, DType.F32, 2, 1, 4, 4);
        assertRefused("outputA is on cuda:1; expected on cuda:0 as images", () -> assembler.assemble(CUDA, AT,
                on(0, DType.U8, 3, 1, 4, 4), index, index, output, on(1, DType.F32, 2, 1, 4, 4)));
        assertRefused("outputA is on cuda:1; expected on cuda:0 as the index",
                () -> assembler.assemble(CUDA, AT, images, index, on(0, DType.I32, 2), output, output));
        assertRefused("position is on cuda:0; expected on cuda:1 as images", () -> assembler.assemble(CUDA,
                on(0, DType.I32, RandomPosition.INTS), images, index, index, output, on(1, DType.F32, 2, 1, 4, 4)));
    }

    @Test
    void distillationLoss() {
        Tensor logits = on(0, DType.F32, 2, 3);
        assertRefused("labels is on cuda:2; expected on cuda:0 as logits", () -> DistillationLoss.builder().build()
                .apply(CUDA, new DistillationLoss.Arrays().logits(logits).target(on(0, DType.F32, 2, 3))
                        .labels(on(2, DType.I32, 2)).loss(on(0, DType.F32, 1))));
        assertRefused("workspace is on cuda:1; expected on cuda:0 as logits", () -> DistillationLoss.builder().build()
                .apply(CUDA, new DistillationLoss.Arrays().logits(logits).target(on(0, DType.F32, 2, 3))
                        .labels(on(0, DType.I32, 2)).loss(on(0, DType.F32, 1)).workspace(on(1, DType.F32, 64))));
    }

    @Test
    void sgdUpdate() {
        SgdUpdate update = SgdUpdate.builder().momentum(0).build();
        SgdUpdate.Parameters.Builder builder = SgdUpdate.Parameters.builder().add(on(0, DType.F32, 4), on(0, DType.F32, 4),
                null, null, 0);
        assertRefused("parameter 1: value is on cuda:1; expected one device for all parameters",
                () -> builder.add(on(1, DType.F32, 4), on(1, DType.F32, 4), null, null, 0));
        SgdUpdate.Parameters parameters = builder.build();
        assertRefused("gradientSum is on cuda:1; expected on cuda:0 as the parameters",
                () -> update.apply(CUDA, 1, 1, parameters, on(1, DType.F32, 1)));
        assertRefused("rates is on cuda:1; expected on cuda:0 as the parameters",
                () -> update.apply(CUDA, on(1, DType.F32, 2), parameters, null));
    }
}
