package org.swapdistill.kernels;

import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;

/** Operations used for the first time by two threads at once. */
class SharedOperationsTest {
    private static final int ROUNDS = 2000;

    /** A second native struct would replace the first one, which could then be freed while a call reads it. */
    private static void makeOneStruct(Supplier<Supplier<Pointer>> operations) throws Exception {
        KernelLibrary.require();
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            CyclicBarrier start = new CyclicBarrier(2);
            for (int round = 0; round < ROUNDS; round++) {
                Supplier<Pointer> operation = operations.get();
                Future<Pointer> first = threads.submit(() -> struct(start, operation));
                Future<Pointer> second = threads.submit(() -> struct(start, operation));
                assertSame(first.get(), second.get());
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static Pointer struct(CyclicBarrier start, Supplier<Pointer> operation) throws Exception {
        start.await();
        return operation.get();
    }

    @Test
    void anExecutionHasOneStruct() throws Exception {
        makeOneStruct(() -> Execution.cpu(1)::struct);
    }

    @Test
    void aPatchSwapHasOneStruct() throws Exception {
        makeOneStruct(() -> PatchSwap.builder().build()::struct);
    }
}
