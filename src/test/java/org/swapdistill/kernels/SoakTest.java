package org.swapdistill.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.swapdistill.ChildJvm;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/** A million calls with random shapes, in a JVM of its own with a small heap, leave its memory as it was. */
@Tag("long")
class SoakTest {
    private static final boolean SANITIZED = "0".equals(System.getProperty("swapdistill.guard"));
    private static final int CALLS = 1_000_000;
    /** What the process may hold more after the last four fifths of the calls: less than 6 bytes a call. */
    private static final long ALLOWED = 4 << 20;

    /** What a process holds. */
    private record Held(long resident, long heap, long direct, long pointers, long owned, long leaks) {
        static Held now() throws IOException, InterruptedException {
            for (int i = 0; i < 3; i++) {
                System.gc();
                Thread.sleep(50);
            }
            Runtime runtime = Runtime.getRuntime();
            long direct = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                    .filter(pool -> pool.getName().equals("direct")).mapToLong(BufferPoolMXBean::getMemoryUsed).sum();
            return new Held(residentBytes(), runtime.totalMemory() - runtime.freeMemory(), direct, Pointer.totalBytes(),
                    Memory.ownedBytes(), Memory.leaks());
        }

        private static long residentBytes() throws IOException {
            return Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10).findFirst().orElseThrow();
        }

        Held minus(Held other) {
            return new Held(resident - other.resident, heap - other.heap, direct - other.direct,
                    pointers - other.pointers, owned - other.owned, leaks - other.leaks);
        }
    }

    /** The process: so many calls, and bytes of native memory that each of them loses. */
    static final class Program {
        private static final int LARGEST = 1 << 12;
        private static final PatchSwap SWAP = PatchSwap.builder().patchSize(2).build();
        private static final PairAssembler ASSEMBLER = PairAssembler.builder().channels(2).sourceSize(4, 3).padding(1)
                .randomCrop(true).patchSwap(SWAP).build();
        private static final DistillationLoss LOSS = DistillationLoss.builder().temperature(2).build();
        private static final SgdUpdate UPDATE = SgdUpdate.builder().build();

        private final Random random = new Random(1);
        private final Memory[] blocks = new Memory[8];

        private Program() {
            for (int i = 0; i < blocks.length; i++) {
                blocks[i] = Memory.allocate(LARGEST);
            }
        }

        public static void main(String[] arguments) throws IOException, InterruptedException {
            int calls = Integer.parseInt(arguments[0]);
            int lost = Integer.parseInt(arguments[1]);
            Program program = new Program();
            program.call(calls / 5, lost);
            Held before = Held.now();
            program.call(calls - calls / 5, lost);
            Held more = Held.now().minus(before);
            System.out.println("RESIDENT " + more.resident + " " + more);
            System.exit(more.resident < ALLOWED && more.heap < ALLOWED && more.direct < ALLOWED && more.pointers == 0
                    && more.owned == 0 && more.leaks == 0 ? 0 : 1);
        }

        private void call(int calls, int lost) {
            for (int call = 0; call < calls; call++) {
                // One call in eight allocates its memory itself, one in a thousand uses all processors.
                boolean fresh = call % 32 < 4;
                Execution execution = call % 1000 < 4 ? Execution.cpu() : Execution.cpu(1);
                switch (call % 4) {
                    case 0 -> swap(execution, fresh);
                    case 1 -> assemble(execution, fresh);
                    case 2 -> loss(execution, fresh);
                    default -> update(execution, fresh);
                }
                if (lost > 0) {
                    Pointer.memset(Pointer.malloc(lost), 1, lost);
                }
            }
        }

        private Tensor tensor(int block, boolean fresh, DType dtype, long... shape) {
            Shape size = Shape.of(shape);
            Tensor tensor = fresh ? Tensor.allocate(dtype, size) : Tensor.view(blocks[block], 0, dtype, size);
            tensor.zero();
            return tensor;
        }

        private RandomPosition position() {
            return new RandomPosition(random.nextLong(), random.nextInt(9), random.nextInt(9), 0);
        }

        private void swap(Execution execution, boolean fresh) {
            long[] shape = {random.nextInt(4), 1 + random.nextInt(3), 1 + random.nextInt(6), 1 + random.nextInt(6)};
            DType dtype = DType.values()[random.nextInt(DType.values().length)];
            try (Tensor a = tensor(0, fresh, dtype, shape); Tensor b = tensor(1, fresh, dtype, shape)) {
                SWAP.apply(execution, position(), a, b);
                if (fresh) {
                    refuse(() -> SWAP.apply(execution, position(), a, a.reshape(a.elements())));
                }
            }
        }

        private void assemble(Execution execution, boolean fresh) {
            int pairs = random.nextInt(5);
            Shape output = ASSEMBLER.outputShape(pairs);
            try (Tensor images = tensor(0, fresh, DType.U8, 1 + random.nextInt(9), 2, 4, 3);
                    Tensor indexA = tensor(1, fresh, DType.I32, pairs); Tensor indexB = tensor(2, fresh, DType.I32, pairs);
                    Tensor a = tensor(3, fresh, DType.F32, output.toArray());
                    Tensor b = tensor(4, fresh, DType.F32, output.toArray())) {
                ASSEMBLER.assemble(execution, position(), images, indexA, indexB, a, b);
            }
        }

        private void loss(Execution execution, boolean fresh) {
            int rows = random.nextInt(5);
            int classes = 2 + random.nextInt(60);
            long workspaceBytes = Math.max(16, LOSS.workspaceBytes(execution, rows, classes, 1));
            try (Tensor a = tensor(0, fresh, DType.F32, rows, classes); Tensor b = tensor(1, fresh, DType.F32, rows, classes);
                    Tensor labels = tensor(2, fresh, DType.I32, rows); Tensor value = tensor(3, fresh, DType.F32, 1);
                    Tensor workspace = tensor(4, fresh, DType.U8, workspaceBytes)) {
                LOSS.apply(execution, new DistillationLoss.Arrays().logits(a).target(b).labels(labels).loss(value)
                        .gradientsInPlace().workspace(workspace));
                if (fresh && rows > 0) {
                    labels.copyFrom(new int[rows]);
                    refuse(() -> LOSS.apply(execution, new DistillationLoss.Arrays().logits(a).target(b)));
                }
            }
        }

        private void update(Execution execution, boolean fresh) {
            int count = random.nextInt(200);
            try (Tensor value = tensor(0, fresh, DType.F32, count); Tensor gradient = tensor(1, fresh, DType.F32, count);
                    Tensor momentum = tensor(2, fresh, DType.F32, count)) {
                UPDATE.apply(execution, 0.1f, 1, SgdUpdate.Parameters.builder().add(value, gradient, momentum, null, 0)
                        .build());
            }
        }

        private static void refuse(Runnable call) {
            try {
                call.run();
            } catch (IllegalArgumentException refused) {
                return;
            }
            throw new AssertionError("a bad call was not refused");
        }
    }

    private static ChildJvm.Outcome soak(int calls, int lost) throws IOException, InterruptedException {
        return ChildJvm.of(Program.class).option("-Xms64m").option("-Xmx64m").option("-XX:+AlwaysPreTouch")
                .option("-XX:+UseSerialGC").option("-XX:ReservedCodeCacheSize=24m").environment("MALLOC_ARENA_MAX", "1")
                .run(Integer.toString(calls), Integer.toString(lost));
    }

    @Test
    void aMillionCallsLeaveMemoryFlat() throws IOException, InterruptedException {
        assumeFalse(SANITIZED, "a sanitizer keeps freed memory");
        ChildJvm.Outcome outcome = soak(CALLS, 0);
        System.out.println("soak: " + outcome.output().lines().filter(line -> line.contains("RESIDENT")).toList());
        assertEquals(0, outcome.status(), outcome.output());
    }

    /** The measurement finds a few bytes that every call loses, in fewer calls. */
    @Test
    void aLeakOfSixtyFourBytesACallIsSeen() throws IOException, InterruptedException {
        assumeFalse(SANITIZED, "a sanitizer keeps freed memory");
        ChildJvm.Outcome outcome = soak(CALLS / 4, 64);
        assertEquals(1, outcome.status(), outcome.output());
        long resident = Long.parseLong(outcome.output().lines().filter(line -> line.startsWith("RESIDENT"))
                .findFirst().orElseThrow().split(" ")[1]);
        assertTrue(resident > ALLOWED, outcome.output());
    }
}
