package org.swapdistill.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.bytedeco.cuda.global.cudart;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.swapdistill.backend.HostCopies;
import org.swapdistill.backend.Replay;
import org.swapdistill.emulation.Emulation;
import org.swapdistill.kernels.SgdUpdate;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/** The pool of device memory. */
@Tag("cuda")
class DeviceMemoryTest {
    private static final int ELEMENTS = 1000;
    private static final long BYTES = 4 * ELEMENTS;

    private static CudaBackend backend() {
        return CudaDevice.backend(CudaOptions.of(DType.F32));
    }

    private static Tensor tensor(CudaBackend backend) {
        return backend.allocate(DType.F32, Shape.of(ELEMENTS));
    }

    @Test
    void aClosedBlockIsUsedAgainForTheSameSize() {
        try (CudaBackend backend = backend()) {
            Tensor first = tensor(backend);
            long address = first.address();
            float[] ones = new float[ELEMENTS];
            Arrays.fill(ones, 1);
            HostCopies.write(backend, ones, first);
            first.close();
            assertEquals(BYTES, backend.memory().waiting());
            try (Tensor smaller = backend.allocate(DType.U8, Shape.of(BYTES - 1)); Tensor again = tensor(backend);
                    Tensor third = tensor(backend)) {
                assertNotEquals(address, smaller.address());
                assertEquals(address, again.address());
                assertNotEquals(address, third.address());
                assertEquals(0, backend.memory().waiting());
                assertArrayEquals(new float[ELEMENTS], HostCopies.floats(backend, again), "zeros");
            }
        }
    }

    /** On the emulation, which gives no address out twice, nothing is allocated for what was closed before. */
    @Test
    void aSecondNetworkNeedsNoNewMemory() {
        assumeTrue(Emulation.isLoaded(), "calls are counted on the emulation");
        try (CudaBackend backend = backend()) {
            tensor(backend).close();
            long calls = Emulation.calls("cudaMalloc");
            for (int i = 0; i < 3; i++) {
                tensor(backend).close();
            }
            assertEquals(calls, Emulation.calls("cudaMalloc"));
            long freed = Emulation.calls("cudaFree");
            backend.memory().trim();
            assertEquals(freed + 1, Emulation.calls("cudaFree"));
        }
    }

    @Test
    void blocksThatWaitAreGivenBackWhenMemoryRunsOut() {
        assumeTrue(Emulation.isLoaded(), "failures are asked of the emulation");
        try (CudaBackend backend = backend()) {
            tensor(backend).close();
            long held = backend.memory().heldHighWater();
            Emulation.fail("cudaMalloc", 1, cudart.cudaErrorMemoryAllocation);
            try (Tensor larger = backend.allocate(DType.F32, Shape.of(2 * ELEMENTS))) {
                assertEquals(0, backend.memory().waiting());
                assertEquals(held + BYTES, backend.memory().heldHighWater());
                Emulation.fail("cudaMalloc", 1, cudart.cudaErrorMemoryAllocation);
                long calls = Emulation.calls("cudaMalloc");
                assertThrows(OutOfDeviceMemoryException.class, () -> tensor(backend));
                assertEquals(calls + 1, Emulation.calls("cudaMalloc"), "there is nothing to give back");
            }
        }
    }

    @Test
    void blocksThatWaitCountAsFree() {
        try (CudaBackend backend = backend()) {
            long free = backend.freeMemory();
            tensor(backend).close();
            assertTrue(backend.freeMemory() >= free, free + " bytes were free, then " + backend.freeMemory());
        }
    }

    @Test
    void aBlockWhoseAddressACudaGraphMayHoldIsNotUsedAgain() {
        SgdUpdate update = SgdUpdate.builder().momentum(0).build();
        try (CudaBackend backend = backend(); Tensor gradient = tensor(backend)) {
            Tensor value = tensor(backend);
            Tensor unused = tensor(backend);
            SgdUpdate.Parameters table = SgdUpdate.Parameters.builder().add(value, gradient, null, null, 0).build();
            try (Replay replay = backend.record(() -> update.apply(backend.execution(), 1, 1, table))) {
                replay.run();
                replay.run();
                assertTrue(((CudaReplay) replay).captured());
                value.close();
                assertEquals(0, backend.memory().waiting());
                tensor(backend).close();
                assertEquals(BYTES, backend.memory().waiting(), "of a block that came after the graph");
            }
            unused.close();
            assertEquals(2 * BYTES, backend.memory().waiting());
        }
    }

    @Test
    void theMostThatWasInUseIsInTheLog() {
        List<String> lines = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord entry) {
                if (entry.getLevel() == Level.INFO) {
                    lines.add(entry.getMessage());
                }
            }

            @Override
            public void flush() {
                // Nothing is kept back.
            }

            @Override
            public void close() {
                // Nothing is open.
            }
        };
        Logger logger = Logger.getLogger(CudaBackend.class.getName());
        long most;
        long held;
        try (CudaBackend backend = backend()) {
            logger.addHandler(handler);
            tensor(backend).close();
            try (Memory smaller = backend.memory().allocate(BYTES / 2)) {
                most = backend.memoryHighWater();
            }
            held = backend.memory().heldHighWater();
            assertEquals(most + BYTES / 2, held);
        } finally {
            logger.removeHandler(handler);
        }
        assertEquals(List.of("at most " + most + " bytes of memory of cuda:0 were in use, and at most " + held
                + " taken from it"), lines);
    }
}
