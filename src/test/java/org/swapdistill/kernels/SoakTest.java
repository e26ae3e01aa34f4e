package org.swapdistill.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/** A million calls with random shapes leave the memory of the process as it was. */
class SoakTest {
    private static final int CALLS = 1_000_000;
    /** Until then classes are loaded, code is compiled and allocators have their arenas. */
    private static final int WARM_UP = 200_000;
    /** A call in so many works on memory of its own, the others on parts of one block. */
    private static final int OWN = 25;
    private static final long MIB = 1 << 20;
    /** That of a workspace. */
    private static final long ALIGNMENT = 16;
    private static final Execution CPU = Execution.cpu(1);

    private final Random random = new Random(1);
    private final PatchSwap swap = PatchSwap.builder().patchSize(3).probability(0.8).build();
    private final PairAssembler assembler = PairAssembler.builder().channels(2).sourceSize(7, 6).padding(1)
            .randomCrop(true).flipProbability(0.5).patchSwap(swap).build();
    private final DistillationLoss loss = DistillationLoss.builder().temperature(4).build();
    private final SgdUpdate update = SgdUpdate.builder().momentum(0.9f).build();

    /** Where tensors of a call come from: they are closed with it. */
    private static final class Arena implements AutoCloseable {
        private final Memory block;
        private final List<Tensor> owned = new ArrayList<>();
        private long used;

        Arena(Memory block) {
            this.block = block;
        }

        Tensor take(DType type, long... shape) {
            if (block == null) {
                Tensor tensor = Tensor.allocate(type, shape);
                owned.add(tensor);
                return tensor;
            }
            Tensor tensor = Tensor.view(block, used, type, Shape.of(shape));
            used += (tensor.bytes() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
            return tensor;
        }

        @Override
        public void close() {
            owned.forEach(Tensor::close);
        }
    }

    /** In a JVM whose heap is in memory from the beginning, so that what its process grows by is native memory. */
    @Test
    void aMillionCallsLeaveMemoryFlat() throws Exception {
        Process soak = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xms96m",
                "-Xmx96m", "-XX:+AlwaysPreTouch", "-cp", System.getProperty("java.class.path"), SoakTest.class.getName())
                .redirectErrorStream(true).start();
        String output = new String(soak.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, soak.waitFor(), output);
    }

    public static void main(String[] arguments) {
        SoakTest test = new SoakTest();
        long leaks = Memory.leaks();
        try (Memory block = Memory.allocate(MIB)) {
            long owned = Memory.ownedBytes();
            test.run(block, WARM_UP);
            long heap = usedHeap();
            long resident = Pointer.physicalBytes();
            test.run(block, CALLS - WARM_UP);
            long heapGrowth = usedHeap() - heap;
            long residentGrowth = Pointer.physicalBytes() - resident;
            assertEquals(owned, Memory.ownedBytes(), "bytes of tensors");
            // 16 bytes kept by each of 800,000 calls would be 12 MiB.
            assertTrue(heapGrowth < 8 * MIB, "the heap grew by " + heapGrowth + " bytes");
            assertTrue(residentGrowth < 8 * MIB, "the process grew by " + residentGrowth + " bytes");
            System.out.println("heap " + heapGrowth + ", process " + residentGrowth);
        }
        assertEquals(leaks, Memory.leaks(), "tensors that the garbage collector had to free");
    }

    private void run(Memory block, int calls) {
        for (int i = 0; i < calls; i++) {
            try (Arena arena = new Arena(i % OWN == 0 ? null : block)) {
                switch (random.nextInt(4)) {
                    case 0 -> swap(arena);
                    case 1 -> assemble(arena);
                    case 2 -> lose(arena);
                    default -> update(arena);
                }
            }
        }
    }

    private RandomPosition position() {
        return new RandomPosition(random.nextLong(), random.nextInt(9), random.nextInt(9), 0);
    }

    private void swap(Arena arena) {
        long[] shape = {random.nextInt(3), 1 + random.nextInt(3), 1 + random.nextInt(8), 1 + random.nextInt(8)};
        swap.apply(CPU, position(), arena.take(DType.F32, shape), arena.take(DType.F32, shape));
    }

    private void assemble(Arena arena) {
        int pairs = random.nextInt(4);
        Tensor images = arena.take(DType.U8, 1 + random.nextInt(3), 2, 7, 6);
        Tensor index = arena.take(DType.I32, pairs);
        index.zero();
        Shape output = assembler.outputShape(pairs);
        assembler.assemble(CPU, position(), images, index, index, arena.take(DType.F32, output.toArray()),
                arena.take(DType.F32, output.toArray()));
    }

    private void lose(Arena arena) {
        int rows = random.nextInt(6);
        int classes = 2 + random.nextInt(30);
        Tensor a = arena.take(DType.F32, rows, classes);
        Tensor b = arena.take(DType.F32, rows, classes);
        a.zero();
        b.zero();
        Tensor labels = arena.take(DType.I32, rows);
        labels.zero();
        loss.apply(CPU, new DistillationLoss.Arrays().logits(a).target(b).labels(labels).loss(arena.take(DType.F32, 1))
                .gradientsInPlace()
                .workspace(arena.take(DType.U8, Math.max(8, loss.workspaceBytes(CPU, rows, classes, 1)))));
    }

    private void update(Arena arena) {
        int count = random.nextInt(40);
        Tensor value = arena.take(DType.F32, count);
        Tensor gradient = arena.take(DType.F32, count);
        Tensor momentum = arena.take(DType.F32, count);
        value.zero();
        gradient.zero();
        momentum.zero();
        update.apply(CPU, 0.1f, 1, SgdUpdate.Parameters.builder().add(value, gradient, momentum, null, 0).build());
    }

    private static long usedHeap() {
        Runtime runtime = Runtime.getRuntime();
        long used = Long.MAX_VALUE;
        for (int i = 0; i < 5; i++) {
            System.gc();
            used = Math.min(used, runtime.totalMemory() - runtime.freeMemory());
        }
        return used;
    }
}
