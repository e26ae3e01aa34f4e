package org.swapdistill.tensor;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Cleaner;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;

/**
 * A block of native memory, owned or borrowed.
 *
 * <p>Owned memory ({@link #allocate}, {@link #adopt}) is freed by {@link #close}, once; an owned block that becomes
 * unreachable without having been closed is freed by a cleaner thread, counted in {@link #leaks} and reported to the
 * {@link System.Logger} of this class, with the place of its allocation when the system property
 * {@code org.swapdistill.traceAllocations} is {@code true}. Borrowed memory ({@link #wrap}) is never freed here.
 *
 * <p>Thread safe. {@link #acquire} and {@link #release} bracket native work on the block; while any is under way,
 * {@link #close} refuses. The bytes themselves are not synchronised.
 */
public final class Memory implements AutoCloseable {
    /** Alignment in bytes of {@link #allocate}d memory: a cache line, and the widest vector register. */
    public static final long ALIGNMENT = 64;

    private static final int CLOSED = -1;
    private static final Cleaner CLEANER = Cleaner.create();
    private static final AtomicLong LEAKS = new AtomicLong();
    private static final AtomicLong OWNED_BYTES = new AtomicLong();
    private static final boolean TRACE = Boolean.getBoolean("org.swapdistill.traceAllocations");
    private static final VarHandle USERS;

    static {
        try {
            USERS = MethodHandles.lookup().findVarHandle(Memory.class, "users", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Device device;
    private final long address;
    private final long bytes;
    /** Kept reachable as long as this object is; also what a borrowed block's owner hangs on, and may close. */
    private final Pointer origin;
    private final Release release;
    private final Cleaner.Cleanable cleanable;
    /** Number of uses under way, or {@link #CLOSED}. */
    private volatile int users;

    private Memory(Device device, long address, long bytes, Pointer origin, Runnable free) {
        this.device = device;
        this.address = address;
        this.bytes = bytes;
        this.origin = origin;
        if (free == null) {
            release = null;
            cleanable = null;
        } else {
            OWNED_BYTES.addAndGet(bytes);
            release = new Release(device, bytes, free, TRACE ? new Throwable("allocated here") : null);
            cleanable = CLEANER.register(this, release);
        }
    }

    /**
     * Allocates host memory, zeroed, aligned to {@link #ALIGNMENT} bytes. The caller closes it.
     *
     * @param bytes at least 0
     * @throws IllegalArgumentException if {@code bytes} is negative
     * @throws OutOfMemoryError if the system has not that much
     * @throws UnsatisfiedLinkError if JavaCPP's native library cannot be loaded; the message says why
     */
    public static Memory allocate(long bytes) {
        requireNotNegative("bytes", bytes);
        Pointer block;
        try {
            block = bytes > Long.MAX_VALUE - ALIGNMENT ? null : Pointer.calloc(1, bytes + ALIGNMENT);
        } catch (UnsatisfiedLinkError e) {
            throw withReason(e);
        }
        if (block == null || block.isNull()) {
            throw new OutOfMemoryError("cannot allocate " + bytes + " bytes of native memory");
        }
        long aligned = (block.address() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        return new Memory(Device.cpu(), aligned, bytes, block, () -> Pointer.free(block));
    }

    /**
     * Borrows memory that someone else owns and frees. The block starts at the pointer's position. The pointer object
     * is kept reachable while this object is, so that it is not deallocated by the garbage collector. When it is closed,
     * by a {@code PointerScope} for instance, this block counts as closed too.
     *
     * @param bytes at least 0, and at most what lies between the pointer's position and limit, if it has a limit
     * @param device where {@code pointer} points to
     * @throws IllegalArgumentException if {@code pointer} is a null pointer, or holds fewer bytes
     */
    public static Memory wrap(Pointer pointer, long bytes, Device device) {
        return new Memory(device, checkedAddress(pointer, bytes, device), bytes, pointer, null);
    }

    /**
     * Borrows the memory of a direct NIO buffer, from its position to its limit. The buffer is kept reachable while this
     * object is; its position and limit may change meanwhile.
     *
     * @param buffer of bytes, or of shorts, ints, longs or floats in the processor's byte order; direct, and not read-only
     * @throws IllegalArgumentException if it is another; a heap buffer, for instance, which the garbage collector moves
     * @throws UnsatisfiedLinkError if JavaCPP's native library cannot be loaded; the message says why
     */
    public static Memory wrap(Buffer buffer) {
        requireNotNull("buffer", buffer);
        int elementBytes = elementBytes(buffer);
        if (!buffer.isDirect()) {
            throw new IllegalArgumentException("buffer is " + buffer
                    + " on the heap; expected a direct one, whose memory native code can reach");
        }
        if (buffer.isReadOnly()) {
            throw new IllegalArgumentException("buffer is " + buffer + ", read-only; expected one that may be written");
        }
        if (byteOrder(buffer) != ByteOrder.nativeOrder()) {
            throw new IllegalArgumentException("buffer is " + buffer + " in the order " + byteOrder(buffer)
                    + "; expected " + ByteOrder.nativeOrder()
                    + ": set the order of the ByteBuffer before making a view of it");
        }
        Pointer start;
        try {
            start = new Pointer(buffer);
        } catch (UnsatisfiedLinkError e) {
            throw withReason(e);
        }
        return new Memory(Device.cpu(), start.address() + (long) buffer.position() * elementBytes,
                (long) buffer.remaining() * elementBytes, start, null);
    }

    /** JavaCPP keeps to itself why its library is not loaded, and the first call of it then names that call alone. */
    private static UnsatisfiedLinkError withReason(UnsatisfiedLinkError first) {
        String reason = "there is none in class and library paths";
        try {
            Loader.load(Pointer.class);
        } catch (LinkageError | RuntimeException e) {
            Throwable root = e;
            while (root.getCause() != null && root.getCause() != root) {
                root = root.getCause();
            }
            reason = root.getMessage() == null ? root.toString() : root.getMessage();
        }
        UnsatisfiedLinkError error = new UnsatisfiedLinkError("the native library of JavaCPP cannot be loaded for "
                + Loader.getPlatform() + " (" + reason + "): put the javacpp jars of this platform on the class path");
        error.initCause(first);
        return error;
    }

    private static int elementBytes(Buffer buffer) {
        if (buffer instanceof ByteBuffer) {
            return Byte.BYTES;
        }
        if (buffer instanceof ShortBuffer) {
            return Short.BYTES;
        }
        if (buffer instanceof FloatBuffer || buffer instanceof IntBuffer) {
            return Integer.BYTES;
        }
        if (buffer instanceof LongBuffer) {
            return Long.BYTES;
        }
        // Of characters, its text would be what is in it.
        throw new IllegalArgumentException("buffer is a " + buffer.getClass().getSimpleName()
                + "; expected a ByteBuffer, ShortBuffer, IntBuffer, LongBuffer or FloatBuffer");
    }

    /** That of the elements; bytes have none. */
    private static ByteOrder byteOrder(Buffer buffer) {
        if (buffer instanceof FloatBuffer floats) {
            return floats.order();
        }
        if (buffer instanceof ShortBuffer shorts) {
            return shorts.order();
        }
        if (buffer instanceof IntBuffer ints) {
            return ints.order();
        }
        return buffer instanceof LongBuffer longs ? longs.order() : ByteOrder.nativeOrder();
    }

    /**
     * Takes over memory that was allocated elsewhere. {@code free} is run exactly once: by {@link #close}, or by the
     * cleaner thread; it must not refer to the returned object. From here on close the returned object, not the pointer.
     *
     * @param bytes at least 0, and at most what lies between the pointer's position and limit, if it has a limit
     * @throws IllegalArgumentException if {@code pointer} is a null pointer, or holds fewer bytes
     */
    public static Memory adopt(Device device, Pointer pointer, long bytes, Runnable free) {
        requireNotNull("free", free);
        return new Memory(device, checkedAddress(pointer, bytes, device), bytes, pointer, free);
    }

    private static long checkedAddress(Pointer pointer, long bytes, Device device) {
        requireNotNull("pointer", pointer);
        requireNotNull("device", device);
        requireNotNegative("bytes", bytes);
        if (pointer.isNull()) {
            throw new IllegalArgumentException("pointer is a null pointer; expected the address of " + bytes + " bytes");
        }
        int elementBytes = Math.max(1, pointer.sizeof());
        long position = pointer.position();
        long limit = pointer.limit();
        // One that is beside its memory holds nothing; one without a limit, anything.
        long held = position < 0 || position > limit ? 0 : limit - position;
        if (limit > 0 && bytes > 0 && (bytes - 1) / elementBytes >= held) {
            throw new IllegalArgumentException(
                    "bytes is " + bytes + "; expected at most the " + held * elementBytes + " that the pointer holds");
        }
        return pointer.address() + position * elementBytes;
    }

    private static void requireNotNull(String name, Object value) {
        if (value == null) {
            throw new NullPointerException(name + " is null");
        }
    }

    private static void requireNotNegative(String name, long value) {
        if (value < 0) {
            throw new IllegalArgumentException(name + " is " + value + "; expected at least 0");
        }
    }

    /** Size in bytes. */
    public long bytes() {
        return bytes;
    }

    /** Where the block lies. */
    public Device device() {
        return device;
    }

    /**
     * The block's address. Keep this object reachable, or better {@linkplain #acquire acquired}, while using it.
     *
     * @throws IllegalStateException if it {@linkplain #isClosed is closed}
     */
    public long address() {
        requireOpen();
        return address;
    }

    /** Whether {@link #close} has been called, or the pointer that the block was borrowed from has been closed. */
    public boolean isClosed() {
        return users == CLOSED || origin.isNull();
    }

    /** Whether this object frees the block. */
    public boolean isOwned() {
        return release != null;
    }

    /**
     * Marks the block as in use, until the matching {@link #release}: {@link #close} is refused meanwhile.
     *
     * @throws IllegalStateException if it {@linkplain #isClosed is closed}
     */
    public void acquire() {
        int current;
        do {
            current = users;
            if (current == CLOSED || origin.isNull()) {
                throw closed();
            }
        } while (!USERS.compareAndSet(this, current, current + 1));
    }

    /**
     * Ends a use begun with {@link #acquire}.
     *
     * @throws IllegalStateException if no use is under way
     */
    public void release() {
        int current;
        do {
            current = users;
            if (current <= 0) {
                throw new IllegalStateException("memory is not in use; expected an acquire before each release");
            }
        } while (!USERS.compareAndSet(this, current, current - 1));
    }

    /**
     * Frees the block if it is owned. Closing again does nothing.
     *
     * @throws IllegalStateException if the block is in use; it then stays open
     */
    @Override
    public void close() {
        int current;
        do {
            current = users;
            if (current == CLOSED) {
                return;
            }
            if (current > 0) {
                throw new IllegalStateException("memory of " + bytes + " bytes is in use by " + current
                        + (current == 1 ? " call" : " calls") + "; expected to be closed after they end");
            }
        } while (!USERS.compareAndSet(this, 0, CLOSED));
        if (release != null) {
            release.closed.set(true);
            cleanable.clean();
        }
    }

    void requireOpen() {
        if (isClosed()) {
            throw closed();
        }
    }

    private IllegalStateException closed() {
        return new IllegalStateException("memory of " + bytes + " bytes on " + device + " is closed"
                + (users == CLOSED ? "" : ", with the pointer that it was made of"));
    }

    /** Number of owned blocks, since the start of the process, that the garbage collector had to free. */
    public static long leaks() {
        return LEAKS.get();
    }

    /** Bytes in owned blocks that are not yet freed, in the whole process. */
    public static long ownedBytes() {
        return OWNED_BYTES.get();
    }

    @Override
    public String toString() {
        return (isClosed() ? "closed " : "") + (isOwned() ? "" : "borrowed ") + "memory of " + bytes + " bytes on "
                + device;
    }

    /** What frees an owned block; must not refer to the Memory, or it would never become unreachable. */
    private static final class Release implements Runnable {
        private final Device device;
        private final long bytes;
        private final Runnable free;
        private final Throwable allocation;
        private final AtomicBoolean closed = new AtomicBoolean();

        Release(Device device, long bytes, Runnable free, Throwable allocation) {
            this.device = device;
            this.bytes = bytes;
            this.free = free;
            this.allocation = allocation;
        }

        @Override
        public void run() {
            free.run();
            OWNED_BYTES.addAndGet(-bytes);
            if (!closed.get()) {
                LEAKS.incrementAndGet();
                System.getLogger(Memory.class.getName()).log(System.Logger.Level.WARNING,
                        "memory of " + bytes + " bytes on " + device + " was not closed", allocation);
            }
        }
    }
}
