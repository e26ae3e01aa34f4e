package org.swapdistill.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.swapdistill.backend.cpu.CpuBackend;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Tensor;

/** A network that other threads use, or close, at the same time: an exception, never a crash, and never a thread that waits. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SharedNetworkTest {
    private static final int BATCH = 4;
    private static final int ROUNDS = 6;
    private static final Architecture SMALL = Architecture.parse("resnet8").withInput(3, 12, 12);
    private static final String IN_USE = "in use by";

    private static Network network(CpuBackend backend) {
        Network network = Network.create(SMALL, backend, BATCH, Mode.TRAINING);
        network.initialize(1);
        return network;
    }

    /** Runs something until it is refused because the network is closed; the number of refusals for other reasons. */
    private static int useUntilClosed(Runnable use) {
        int refused = 0;
        while (true) {
            try {
                use.run();
            } catch (IllegalStateException e) {
                if (e.getMessage().contains("closed")) {
                    return refused;
                }
                assertTrue(e.getMessage().contains(IN_USE) || e.getMessage().contains("without a forward"),
                        e.getMessage());
                refused++;
            }
            // Now and then no call is under way, and closing succeeds.
            LockSupport.parkNanos(200_000);
        }
    }

    private static int closeWhenItMay(AutoCloseable closed) throws Exception {
        int refused = 0;
        while (true) {
            try {
                closed.close();
                return refused;
            } catch (IllegalStateException e) {
                assertTrue(e.getMessage().contains(IN_USE), e.getMessage());
                refused++;
                Thread.yield();
            }
        }
    }

    @Test
    void closingDuringCallsOfOtherThreadsIsRefusedUntilTheyEnd() throws Exception {
        ExecutorService threads = Executors.newCachedThreadPool();
        long owned = Memory.ownedBytes();
        try (CpuBackend backend = CpuBackend.create();
                Tensor images = Tensor.allocate(DType.F32, BATCH, 3, 12, 12)) {
            int closesRefused = 0;
            int usesRefused = 0;
            for (int round = 0; round < ROUNDS; round++) {
                Network network = network(backend);
                Parameter first = network.parameters().get(0);
                List<Future<Integer>> uses = new ArrayList<>();
                for (int i = 0; i < 2; i++) {
                    uses.add(threads.submit(() -> useUntilClosed(() -> {
                        network.forward(images);
                        network.backward();
                    })));
                }
                uses.add(threads.submit(() -> useUntilClosed(() -> network.exportState().values().forEach(Tensor::close))));
                uses.add(threads.submit(() -> useUntilClosed(() -> {
                    try (Tensor zeros = Tensor.allocate(DType.F32, first.shape())) {
                        first.importMomentum(zeros);
                    }
                })));
                Thread.sleep(round % 5 * 2);
                closesRefused += closeWhenItMay(network);
                for (Future<Integer> use : uses) {
                    usesRefused += use.get();
                }
            }
            assertTrue(closesRefused > 0, "the network was closed during a call");
            assertTrue(usesRefused > 0, "two threads used the network at once");
        } finally {
            threads.shutdownNow();
        }
        assertEquals(owned, Memory.ownedBytes());
    }

    @Test
    void ofManyThreadsThatCloseOneFrees() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(16);
        try (CpuBackend backend = CpuBackend.create()) {
            for (int round = 0; round < ROUNDS; round++) {
                Network network = network(backend);
                AtomicBoolean start = new AtomicBoolean();
                AtomicInteger ready = new AtomicInteger();
                List<Future<?>> closing = new ArrayList<>();
                for (int i = 0; i < 16; i++) {
                    closing.add(threads.submit(() -> {
                        ready.incrementAndGet();
                        while (!start.get()) {
                            Thread.yield();
                        }
                        network.close();
                    }));
                }
                while (ready.get() < 16) {
                    Thread.yield();
                }
                start.set(true);
                for (Future<?> each : closing) {
                    each.get();
                }
                assertThrows(IllegalStateException.class, network::logits);
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
