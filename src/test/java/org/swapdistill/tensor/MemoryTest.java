package org.swapdistill.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;

class MemoryTest {
    @Test
    void isZeroedAndAligned() {
        for (long bytes : new long[] {0, 1, 63, 64, 65, 4096, 1 << 20}) {
            try (Memory memory = Memory.allocate(bytes)) {
                assertEquals(0, memory.address() % Memory.ALIGNMENT);
                assertEquals(bytes, memory.bytes());
                assertEquals(Device.cpu(), memory.device());
                assertTrue(memory.isOwned());
                var tensor = Tensor.view(memory, 0, DType.U8, Shape.of(bytes));
                for (byte value : tensor.toBytes()) {
                    assertEquals(0, value);
                }
            }
        }
    }

    @Test
    void closesOnce() {
        AtomicInteger frees = new AtomicInteger();
        try (BytePointer block = new BytePointer(16)) {
            long leaks = Memory.leaks();
            Memory memory = Memory.adopt(Device.cpu(), block, 16, frees::incrementAndGet);
            memory.close();
            memory.close();
            assertTrue(memory.isClosed());
            assertEquals(1, frees.get());
            assertEquals(leaks, Memory.leaks());
        }
    }

    @Test
    void useAfterCloseIsRefused() {
        Memory memory = Memory.allocate(8);
        memory.close();
        var failure = assertThrows(IllegalStateException.class, memory::address);
        assertEquals("memory of 8 bytes on cpu is closed", failure.getMessage());
        assertThrows(IllegalStateException.class, memory::acquire);
    }

    @Test
    void closeWhileInUseIsRefusedAndLeavesItOpen() {
        Memory memory = Memory.allocate(8);
        memory.acquire();
        memory.acquire();
        var failure = assertThrows(IllegalStateException.class, memory::close);
        assertTrue(failure.getMessage().contains("in use by 2 calls"), failure.getMessage());
        memory.release();
        assertThrows(IllegalStateException.class, memory::close);
        memory.release();
        assertFalse(memory.isClosed());
        memory.close();
        assertTrue(memory.isClosed());
        assertThrows(IllegalStateException.class, memory::release);
    }

    @Test
    void releaseWithoutAcquireIsRefused() {
        try (Memory memory = Memory.allocate(8)) {
            assertThrows(IllegalStateException.class, memory::release);
        }
    }

    /** Each round: many threads acquire and release, one closes; nobody may work on closed memory. */
    @Test
    void closeRacingWithUseNeverFreesUnderAUser() throws InterruptedException {
        for (int round = 0; round < 200; round++) {
            AtomicInteger insideAtFree = new AtomicInteger(-1);
            AtomicInteger inside = new AtomicInteger();
            try (BytePointer block = new BytePointer(8)) {
                Memory memory = Memory.adopt(Device.cpu(), block, 8, () -> insideAtFree.set(inside.get()));
                CountDownLatch start = new CountDownLatch(1);
                Thread[] users = new Thread[3];
                for (int i = 0; i < users.length; i++) {
                    users[i] = new Thread(() -> {
                        awaitQuietly(start);
                        for (int use = 0; use < 100; use++) {
                            try {
                                memory.acquire();
                            } catch (IllegalStateException closed) {
                                return;
                            }
                            inside.incrementAndGet();
                            inside.decrementAndGet();
                            memory.release();
                        }
                    });
                    users[i].start();
                }
                start.countDown();
                while (!memory.isClosed()) {
                    try {
                        memory.close();
                    } catch (IllegalStateException inUse) {
                        Thread.onSpinWait();
                    }
                }
                for (Thread user : users) {
                    user.join();
                }
                assertEquals(0, insideAtFree.get());
            }
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void forgottenMemoryIsFreedAndReported() throws InterruptedException {
        long leaks = Memory.leaks();
        AtomicInteger frees = new AtomicInteger();
        try (BytePointer block = new BytePointer(32)) {
            forget(block, frees);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (frees.get() == 0 && System.nanoTime() < deadline) {
                System.gc();
                Thread.sleep(10);
            }
            assertEquals(1, frees.get());
            assertTrue(Memory.leaks() > leaks);
        }
    }

    private static void forget(BytePointer block, AtomicInteger frees) {
        Memory.adopt(Device.cpu(), block, 32, frees::incrementAndGet);
    }

    @Test
    void countsOwnedBytes() {
        long before = Memory.ownedBytes();
        Memory memory = Memory.allocate(1 << 30);
        long open = Memory.ownedBytes();
        memory.close();
        assertTrue(open >= (1 << 30));
        assertTrue(open > before - (1 << 20));
        assertTrue(Memory.ownedBytes() < open);
    }

    @Test
    void wrapStartsAtThePositionAndNeverFrees() {
        try (FloatPointer block = new FloatPointer(1f, 2f, 3f, 4f)) {
            Memory memory = Memory.wrap(block.position(1), 12, Device.cpu());
            assertEquals(block.address() + 4, memory.address());
            assertFalse(memory.isOwned());
            assertEquals(3f, Tensor.view(memory, 4, DType.F32, Shape.of(1)).toFloats()[0]);
            memory.close();
            assertThrows(IllegalStateException.class, memory::address);
            assertEquals(4f, block.position(0).get(3));
            var failure = assertThrows(IllegalArgumentException.class,
                    () -> Memory.wrap(block.position(1), 13, Device.cpu()));
            assertEquals("bytes is 13; expected at most the 12 that the pointer holds", failure.getMessage());
        }
    }

    /** As a PointerScope does with what was allocated in it. */
    @Test
    void whatWasBorrowedFromAPointerIsClosedWithIt() {
        BytePointer block = new BytePointer(64);
        Memory memory = Memory.wrap(block, 64, Device.cpu());
        Tensor tensor = Tensor.view(memory, 0, DType.F32, Shape.of(16));
        memory.acquire();
        block.close();
        memory.release();
        assertTrue(memory.isClosed() && tensor.isClosed());
        String message = "memory of 64 bytes on cpu is closed, with the pointer that it was made of";
        assertEquals(message, assertThrows(IllegalStateException.class, memory::address).getMessage());
        assertEquals(message, assertThrows(IllegalStateException.class, memory::acquire).getMessage());
        assertEquals(message, assertThrows(IllegalStateException.class, tensor::toFloats).getMessage());
        memory.close();
        memory.close();
    }

    @Test
    void aLimitThatIsNoneIsNoLimit() {
        try (FloatPointer block = new FloatPointer(4)) {
            assertEquals(16, Memory.wrap(new FloatPointer(block).limit(Long.MAX_VALUE), 16, Device.cpu()).bytes());
        }
    }

    @Test
    void wrapsDirectBuffersFromPositionToLimit() {
        ByteBuffer bytes = ByteBuffer.allocateDirect(64).order(ByteOrder.nativeOrder());
        FloatBuffer floats = bytes.position(4).slice().order(ByteOrder.nativeOrder()).asFloatBuffer();
        floats.put(3, 7f).position(3).limit(5);
        Memory memory = Memory.wrap(floats);
        assertEquals(8, memory.bytes());
        assertFalse(memory.isOwned());
        assertEquals(7f, Tensor.view(memory, 0, DType.F32, Shape.of(2)).toFloats()[0]);
        Tensor.view(memory, 4, DType.F32, Shape.of(1)).copyFrom(new float[] {8});
        assertEquals(8f, floats.get(4));
        assertEquals(8f, bytes.getFloat(4 + 4 * 4));
        assertEquals(4, Memory.wrap(bytes.position(60)).bytes());
        for (Buffer buffer : new Buffer[] {bytes.clear().asShortBuffer().position(1),
            bytes.asIntBuffer().position(1), bytes.asLongBuffer().position(1)}) {
            Memory part = Memory.wrap(buffer);
            long elementBytes = 64 / buffer.capacity();
            assertEquals(64 - elementBytes, part.bytes(), buffer.toString());
            assertEquals(Memory.wrap(bytes).address() + elementBytes, part.address(), buffer.toString());
        }
    }

    @Test
    void refusesBuffersThatNativeCodeCannotUse() {
        var heap = assertThrows(IllegalArgumentException.class, () -> Memory.wrap(FloatBuffer.allocate(4)));
        assertEquals("buffer is java.nio.HeapFloatBuffer[pos=0 lim=4 cap=4] on the heap; expected a direct one, whose"
                + " memory native code can reach", heap.getMessage());
        ByteBuffer bytes = ByteBuffer.allocateDirect(16);
        ByteOrder other = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? ByteOrder.BIG_ENDIAN
                : ByteOrder.LITTLE_ENDIAN;
        bytes.order(other);
        for (Buffer buffer : new Buffer[] {bytes.asFloatBuffer(), bytes.asShortBuffer(), bytes.asIntBuffer(),
            bytes.asLongBuffer()}) {
            var order = assertThrows(IllegalArgumentException.class, () -> Memory.wrap(buffer));
            assertTrue(order.getMessage().contains(other + "; expected " + ByteOrder.nativeOrder()), order.getMessage());
        }
        var readOnly = assertThrows(IllegalArgumentException.class, () -> Memory.wrap(bytes.asReadOnlyBuffer()));
        assertTrue(readOnly.getMessage().contains("read-only; expected one that may be written"));
        for (Buffer buffer : new Buffer[] {bytes.asCharBuffer(), bytes.asDoubleBuffer()}) {
            assertEquals("buffer is a " + buffer.getClass().getSimpleName()
                    + "; expected a ByteBuffer, ShortBuffer, IntBuffer, LongBuffer or FloatBuffer",
                    assertThrows(IllegalArgumentException.class, () -> Memory.wrap(buffer)).getMessage());
        }
        assertThrows(NullPointerException.class, () -> Memory.wrap(null));
    }

    @Test
    void isNotFreedByAPointerScope() {
        Tensor tensor;
        try (PointerScope scope = new PointerScope()) {
            tensor = Tensor.of(new float[] {1, 2}, 2);
            tensor.pointer();
        }
        assertEquals(2f, tensor.toFloats()[1]);
        tensor.close();
    }

    @Test
    void refusesBadArguments() {
        assertThrows(IllegalArgumentException.class, () -> Memory.allocate(-1));
        assertThrows(OutOfMemoryError.class, () -> Memory.allocate(Long.MAX_VALUE));
        assertThrows(OutOfMemoryError.class, () -> Memory.allocate(Long.MAX_VALUE / 2));
        assertThrows(NullPointerException.class, () -> Memory.wrap(null, 1, Device.cpu()));
        assertThrows(IllegalArgumentException.class, () -> Memory.wrap(new BytePointer(), 1, Device.cpu()));
        try (BytePointer block = new BytePointer(8)) {
            assertThrows(NullPointerException.class, () -> Memory.wrap(block, 8, null));
            assertThrows(IllegalArgumentException.class, () -> Memory.wrap(block, -1, Device.cpu()));
            for (long outside : new long[] {-1, 9, Long.MIN_VALUE, Long.MAX_VALUE}) {
                assertEquals("bytes is 1; expected at most the 0 that the pointer holds",
                        assertThrows(IllegalArgumentException.class, () -> Memory.wrap(
                                new BytePointer(block).position(outside), 1, Device.cpu())).getMessage());
            }
            assertThrows(NullPointerException.class, () -> Memory.adopt(Device.cpu(), block, 8, null));
        }
    }
}
