package org.swapdistill.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.swapdistill.ChildJvm;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/** A training loop calls the operations thousands of times a second: a call allocates nothing on the Java heap. */
class CallGarbageTest {
    private static final int CALLS = 20_000;
    private static final Execution CPU = Execution.cpu(1);
    private static final RandomPosition AT = new RandomPosition(1, 2, 3, 4);

    private static void assertNoGarbage(Runnable call) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long self = Thread.currentThread().getId();
        // The first calls link JNI methods and build native structs; compilation ends boxing, if there is any.
        long bytes = Long.MAX_VALUE;
        for (int attempt = 0; attempt < 5 && bytes > 0; attempt++) {
            long before = threads.getThreadAllocatedBytes(self);
            for (int i = 0; i < CALLS; i++) {
                call.run();
            }
            bytes = Math.min(bytes, threads.getThreadAllocatedBytes(self) - before);
        }
        assertTrue(bytes < CALLS, bytes + " bytes in " + CALLS + " calls");
    }

    @Test
    void swapMakesNoGarbage() {
        PatchSwap swap = PatchSwap.builder().patchSize(1).probability(1).build();
        try (Tensor a = Tensor.allocate(DType.F32, 1, 1, 1, 2); Tensor b = Tensor.allocate(DType.F32, 1, 1, 1, 2)) {
            assertNoGarbage(() -> swap.apply(CPU, AT, a, b));
            Pointer p = a.pointer();
            Pointer q = b.pointer();
            assertNoGarbage(() -> swap.apply(CPU, AT, DType.F32, 1, 1, 1, 2, p, q));
        }
    }

    @Test
    void assemblyMakesNoGarbage() {
        PairAssembler assembler = PairAssembler.builder().channels(1).sourceSize(1, 2).build();
        try (Tensor images = Tensor.allocate(DType.U8, 1, 1, 1, 2); Tensor index = Tensor.allocate(DType.I32, 1);
                Tensor a = Tensor.allocate(DType.F32, 1, 1, 1, 2); Tensor b = Tensor.allocate(DType.F32, 1, 1, 1, 2)) {
            assertNoGarbage(() -> assembler.assemble(CPU, AT, images, index, index, a, b));
        }
    }

    @Test
    void updateMakesNoGarbage() {
        SgdUpdate update = SgdUpdate.builder().momentum(0).build();
        try (Tensor value = Tensor.allocate(DType.F32, 2); Tensor gradient = Tensor.allocate(DType.F32, 2)) {
            var parameters = SgdUpdate.Parameters.builder().add(value, gradient, null, null, 0).build();
            assertNoGarbage(() -> update.apply(CPU, 0.1f, 1, parameters));
        }
    }

    @Test
    void lossMakesNoGarbage() {
        DistillationLoss loss = DistillationLoss.builder().build();
        try (Tensor a = Tensor.allocate(DType.F32, 1, 2); Tensor b = Tensor.allocate(DType.F32, 1, 2);
                Tensor labels = Tensor.allocate(DType.I32, 1); Tensor value = Tensor.allocate(DType.F32, 1);
                Tensor workspace = Tensor.allocate(DType.U8, Math.max(16, loss.workspaceBytes(CPU, 1, 2, 1)))) {
            var arrays = new DistillationLoss.Arrays().logits(a).target(b).labels(labels).loss(value)
                    .workspace(workspace);
            assertNoGarbage(() -> loss.apply(CPU, arrays));
            assertNoGarbage(() -> loss.workspaceBytes(CPU, 1, 2, 1));
        }
    }

    /** All of the above. */
    static final class AllCalls {
        private AllCalls() {
        }

        public static void main(String[] arguments) {
            CallGarbageTest calls = new CallGarbageTest();
            calls.swapMakesNoGarbage();
            calls.assemblyMakesNoGarbage();
            calls.updateMakesNoGarbage();
            calls.lossMakesNoGarbage();
        }
    }

    /** JavaCPP allocates no more in a process that holds more than four times the largest Java heap, or than this property. */
    @Test
    void noCallNeedsMemoryOfJavaCpp() throws IOException, InterruptedException {
        ChildJvm.Outcome outcome = ChildJvm.of(AllCalls.class).property("org.bytedeco.javacpp.maxPhysicalBytes", "1").run();
        assertEquals(0, outcome.status(), outcome.output());
    }
}
