package org.swapdistill.kernels.conformance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;

/**
 * The buffers of one call. Each lies between guard zones of 0xFF bytes (NaN in every floating type), some elements off
 * a 64-byte boundary; outputs begin as 0xFF as well. {@link #verify} finds a byte written outside, or an input changed;
 * a guard that leaks into a result makes it NaN.
 *
 * <p>The property {@code swapdistill.guard} sets the bytes of a guard zone; 0 lets AddressSanitizer see every access
 * outside, reads included.
 */
final class CallBuffers implements AutoCloseable {
    static final int GUARD = Integer.getInteger("swapdistill.guard", 256);
    private static final byte POISON = (byte) 0xFF;

    private final KernelBackend backend;
    private final List<Buffer> buffers = new ArrayList<>();

    CallBuffers(KernelBackend backend) {
        this.backend = backend;
    }

    /** How many there are so far. */
    int count() {
        return buffers.size();
    }

    /** A buffer that the call must leave as it is. */
    Buffer input(String name, byte[] content, int byteOffset) {
        return new Buffer(name, content, byteOffset, true);
    }

    /** A buffer that the call reads and writes. */
    Buffer inOut(String name, byte[] content, int byteOffset) {
        return new Buffer(name, content, byteOffset, false);
    }

    /** A buffer that the call fills. */
    Buffer output(String name, int bytes, int byteOffset) {
        byte[] content = new byte[bytes];
        Arrays.fill(content, POISON);
        return new Buffer(name, content, byteOffset, false);
    }

    /** Fails when a guard zone or an input has changed. */
    void verify() {
        for (Buffer buffer : buffers) {
            buffer.verify();
        }
    }

    /** Fails when any byte of any buffer has changed. */
    void verifyUntouched() {
        for (Buffer buffer : buffers) {
            if (!Arrays.equals(buffer.initial, backend.read(buffer.whole, buffer.initial.length))) {
                throw new AssertionError(buffer.name + " has changed");
            }
        }
    }

    @Override
    public void close() {
        for (Buffer buffer : buffers) {
            backend.free(buffer.whole);
        }
    }

    /** One array with its guard zones. */
    final class Buffer {
        private final String name;
        private final boolean constant;
        private final int start;
        private final int length;
        private final byte[] initial;
        private final BytePointer whole;

        private Buffer(String name, byte[] content, int byteOffset, boolean constant) {
            this.name = name;
            this.constant = constant;
            start = GUARD + byteOffset;
            length = content.length;
            initial = new byte[start + length + GUARD];
            Arrays.fill(initial, POISON);
            System.arraycopy(content, 0, initial, start, length);
            whole = backend.allocate(initial.length);
            backend.write(whole, initial);
            buffers.add(this);
        }

        BytePointer pointer() {
            return pointer(0);
        }

        BytePointer pointer(int byteIndex) {
            return whole.getPointer(BytePointer.class, start + byteIndex);
        }

        byte[] read() {
            return Arrays.copyOfRange(backend.read(whole, initial.length), start, start + length);
        }

        void write(byte[] content) {
            backend.write(pointer(), content);
        }

        private void verify() {
            byte[] now = backend.read(whole, initial.length);
            for (int i = 0; i < now.length; i++) {
                boolean guard = i < start || i >= start + length;
                if ((guard || constant) && now[i] != initial[i]) {
                    throw new AssertionError(name + (guard ? ": written outside" : ": input written") + ", at byte "
                        + (i - start) + " of " + length);
                }
            }
        }
    }
}
