package org.swapdistill.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.Pointer;

/**
 * A dense array of one element type in native memory: a window of a {@link Memory}, last axis fastest.
 *
 * <p>A tensor that was {@linkplain #allocate allocated} owns its memory and frees it on {@link #close}. A
 * {@linkplain #view view}, {@linkplain #slice slice} or {@linkplain #reshape reshaped} tensor borrows: closing it
 * makes only that object unusable, and it is unusable once the memory it borrows is closed. It keeps the memory object
 * reachable.
 *
 * <p>The description is immutable and thread safe; the elements are not synchronised. The methods that copy to or from
 * Java arrays work on host memory only; use after close, and host access to a tensor on a CUDA device, is an
 * {@link IllegalStateException}.
 */
public final class Tensor implements AutoCloseable {
    private static final int LONGEST_ARRAY = Integer.MAX_VALUE - 8;
    /** Elements converted at a time between binary32 and the 16-bit formats. */
    private static final int CHUNK = 1 << 14;

    private final Memory memory;
    private final boolean owner;
    private final long byteOffset;
    private final DType dtype;
    private final Shape shape;
    private final long bytes;
    private volatile boolean closed;

    private Tensor(Memory memory, boolean owner, long byteOffset, DType dtype, Shape shape, long bytes) {
        this.memory = memory;
        this.owner = owner;
        this.byteOffset = byteOffset;
        this.dtype = dtype;
        this.shape = shape;
        this.bytes = bytes;
    }

    /** Allocates a host tensor of zeros that owns its memory. The caller closes it. */
    public static Tensor allocate(DType dtype, long... shape) {
        return allocate(dtype, Shape.of(shape));
    }

    /** Allocates a host tensor of zeros that owns its memory. The caller closes it. */
    public static Tensor allocate(DType dtype, Shape shape) {
        long bytes = bytes(dtype, shape);
        return new Tensor(Memory.allocate(bytes), true, 0, dtype, shape, bytes);
    }

    /**
     * Allocates an {@link DType#F32} host tensor holding a copy of {@code values}. The caller closes it.
     *
     * @throws IllegalArgumentException if the shape has not {@code values.length} elements
     */
    public static Tensor of(float[] values, long... shape) {
        Tensor tensor = allocate(DType.F32, shapeOf(values == null ? -1 : values.length, shape));
        tensor.copyFrom(values);
        return tensor;
    }

    /** Like {@link #of(float[], long...)}, for {@link DType#I32}. */
    public static Tensor of(int[] values, long... shape) {
        Tensor tensor = allocate(DType.I32, shapeOf(values == null ? -1 : values.length, shape));
        tensor.copyFrom(values);
        return tensor;
    }

    /** Like {@link #of(float[], long...)}, for {@link DType#I64}. */
    public static Tensor of(long[] values, long... shape) {
        Tensor tensor = allocate(DType.I64, shapeOf(values == null ? -1 : values.length, shape));
        tensor.copyFrom(values);
        return tensor;
    }

    /** Like {@link #of(float[], long...)}, for {@link DType#U8}. */
    public static Tensor of(byte[] values, long... shape) {
        Tensor tensor = allocate(DType.U8, shapeOf(values == null ? -1 : values.length, shape));
        tensor.copyFrom(values);
        return tensor;
    }

    /**
     * A tensor on a whole block of memory, which it owns from here on: closing the tensor closes the block.
     *
     * @param memory at least as many bytes as the elements take; closed by this method if it throws
     */
    public static Tensor own(Memory memory, DType dtype, Shape shape) {
        Tensor window;
        try {
            window = view(memory, 0, dtype, shape);
        } catch (RuntimeException e) {
            memory.close();
            throw e;
        }
        return new Tensor(memory, true, 0, dtype, shape, window.bytes);
    }

    /**
     * A tensor onto part of a memory block, which stays the property of whoever owns it.
     *
     * @param byteOffset of the first element, at least 0; the resulting address must be a multiple of the element size
     * @throws IllegalArgumentException if the tensor does not fit into the block, or is not aligned
     * @throws IllegalStateException if {@code memory} is closed
     */
    public static Tensor view(Memory memory, long byteOffset, DType dtype, Shape shape) {
        requireNotNull("memory", memory);
        long bytes = bytes(dtype, shape);
        if (bytes > memory.bytes()) {
            throw new IllegalArgumentException("memory holds " + memory.bytes() + " bytes; expected at least " + bytes + " for "
                    + dtype + " " + shape);
        }
        if (byteOffset < 0 || byteOffset > memory.bytes() - bytes) {
            throw new IllegalArgumentException("byteOffset is " + byteOffset + "; expected 0 to "
                    + (memory.bytes() - bytes) + " for " + dtype + " " + shape + " in " + memory.bytes() + " bytes");
        }
        if ((memory.address() + byteOffset) % dtype.bytes() != 0) {
            throw new IllegalArgumentException("byteOffset is " + byteOffset + " in memory at 0x"
                    + Long.toHexString(memory.address()) + "; expected an address that is a multiple of " + dtype.bytes()
                    + " bytes for " + dtype);
        }
        return new Tensor(memory, false, byteOffset, dtype, shape, bytes);
    }

    private static Shape shapeOf(int length, long[] sizes) {
        if (length < 0) {
            throw new NullPointerException("values is null");
        }
        Shape shape = Shape.of(sizes);
        if (shape.elements() != length) {
            throw new IllegalArgumentException(
                    "values.length is " + length + "; expected " + shape.elements() + " for shape " + shape);
        }
        return shape;
    }

    private static long bytes(DType dtype, Shape shape) {
        requireNotNull("dtype", dtype);
        requireNotNull("shape", shape);
        if (shape.elements() > Long.MAX_VALUE / dtype.bytes()) {
            throw new IllegalArgumentException("shape is " + shape + "; expected fewer than 2^63 bytes");
        }
        return shape.elements() * dtype.bytes();
    }

    private static void requireNotNull(String name, Object value) {
        if (value == null) {
            throw new NullPointerException(name + " is null");
        }
    }

    /** Type of the elements. */
    public DType dtype() {
        return dtype;
    }

    /** Sizes of the axes. */
    public Shape shape() {
        return shape;
    }

    /** Where the elements lie. */
    public Device device() {
        return memory.device();
    }

    /** The block that holds the elements. */
    public Memory memory() {
        return memory;
    }

    /** Where the first element stands in {@link #memory}, in bytes. */
    public long byteOffset() {
        return byteOffset;
    }

    /** Number of elements. */
    public long elements() {
        return shape.elements();
    }

    /** Size of the elements in bytes. */
    public long bytes() {
        return bytes;
    }

    /**
     * Address of the first element. Keep this object reachable, and its memory {@linkplain Memory#acquire acquired},
     * while using it.
     */
    public long address() {
        requireOpen();
        return memory.address() + byteOffset;
    }

    /**
     * A new JavaCPP pointer onto the first element, with the number of elements as its capacity: a {@code
     * FloatPointer}, {@code IntPointer}, {@code LongPointer} or {@code BytePointer} by type, and a {@code ShortPointer}
     * for F16 and BF16. It owns nothing, and keeps the memory object reachable, but not open: a close is not refused while
     * native code works on the pointer, unless the memory is {@linkplain Memory#acquire acquired}.
     */
    public Pointer pointer() {
        return TypedPointers.of(dtype, address(), shape.elements(), memory);
    }

    /**
     * The part [from, to) of axis 0. Borrows the memory.
     *
     * @throws IllegalArgumentException if the tensor is a scalar, or the range is not within the axis
     */
    public Tensor slice(long from, long to) {
        requireOpen();
        if (shape.rank() == 0) {
            throw new IllegalArgumentException("shape is []; expected at least one axis to slice");
        }
        long[] sizes = shape.toArray();
        if (from < 0 || from > to || to > sizes[0]) {
            throw new IllegalArgumentException(
                    "range is " + from + " to " + to + "; expected within 0 to " + sizes[0]);
        }
        long rowBytes = sizes[0] == 0 ? 0 : bytes / sizes[0];
        sizes[0] = to - from;
        return new Tensor(memory, false, byteOffset + from * rowBytes, dtype, Shape.of(sizes), (to - from) * rowBytes);
    }

    /**
     * The same elements in another shape. Borrows the memory.
     *
     * @throws IllegalArgumentException if the number of elements differs
     */
    public Tensor reshape(long... sizes) {
        requireOpen();
        Shape other = Shape.of(sizes);
        if (other.elements() != shape.elements()) {
            throw new IllegalArgumentException(
                    "shape is " + other + "; expected " + shape.elements() + " elements as in " + shape);
        }
        return new Tensor(memory, false, byteOffset, dtype, other, bytes);
    }

    /** Whether this tensor, or the memory it stands in, has been closed. */
    public boolean isClosed() {
        return closed || memory.isClosed();
    }

    /**
     * Frees the memory if this tensor owns it. Closing again does nothing.
     *
     * @throws IllegalStateException if a kernel is working on the memory that would be freed
     */
    @Override
    public void close() {
        if (owner) {
            memory.close();
        }
        closed = true;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("tensor of " + dtype + " " + shape + " is closed");
        }
        memory.requireOpen();
    }

    /** All elements as binary32, converted exactly from F16 and BF16. */
    public float[] toFloats() {
        float[] values = new float[arrayLength(shape.elements())];
        long address = beginHostAccess("F32, F16 or BF16", DType.F32, DType.F16, DType.BF16);
        try {
            if (dtype == DType.F32) {
                TypedPointers.floats(address, values.length, memory).get(values);
                return values;
            }
            var source = TypedPointers.shorts(address, values.length, memory);
            short[] chunk = new short[Math.min(values.length, CHUNK)];
            for (int start = 0; start < values.length; start += CHUNK) {
                int length = Math.min(CHUNK, values.length - start);
                source.position(start).get(chunk, 0, length);
                for (int i = 0; i < length; i++) {
                    values[start + i] = dtype == DType.F16
                            ? HalfPrecision.fromF16(chunk[i]) : HalfPrecision.fromBf16(chunk[i]);
                }
            }
            return values;
        } finally {
            memory.release();
        }
    }

    /** Overwrites all elements; rounded to nearest, ties to even, for F16 and BF16. */
    public void copyFrom(float[] values) {
        requireLength(values == null ? -1 : values.length, shape.elements());
        long address = beginHostAccess("F32, F16 or BF16", DType.F32, DType.F16, DType.BF16);
        try {
            if (dtype == DType.F32) {
                TypedPointers.floats(address, values.length, memory).put(values);
                return;
            }
            var target = TypedPointers.shorts(address, values.length, memory);
            short[] chunk = new short[Math.min(values.length, CHUNK)];
            for (int start = 0; start < values.length; start += CHUNK) {
                int length = Math.min(CHUNK, values.length - start);
                for (int i = 0; i < length; i++) {
                    chunk[i] = dtype == DType.F16
                            ? HalfPrecision.toF16(values[start + i]) : HalfPrecision.toBf16(values[start + i]);
                }
                target.position(start).put(chunk, 0, length);
            }
        } finally {
            memory.release();
        }
    }

    /** All elements of an I32 tensor. */
    public int[] toInts() {
        int[] values = new int[arrayLength(shape.elements())];
        long address = beginHostAccess("I32", DType.I32);
        try {
            TypedPointers.ints(address, values.length, memory).get(values);
            return values;
        } finally {
            memory.release();
        }
    }

    /** Overwrites all elements of an I32 tensor. */
    public void copyFrom(int[] values) {
        requireLength(values == null ? -1 : values.length, shape.elements());
        long address = beginHostAccess("I32", DType.I32);
        try {
            TypedPointers.ints(address, values.length, memory).put(values);
        } finally {
            memory.release();
        }
    }

    /** All elements of an I64 tensor. */
    public long[] toLongs() {
        long[] values = new long[arrayLength(shape.elements())];
        long address = beginHostAccess("I64", DType.I64);
        try {
            TypedPointers.longs(address, values.length, memory).get(values);
            return values;
        } finally {
            memory.release();
        }
    }

    /** Overwrites all elements of an I64 tensor. */
    public void copyFrom(long[] values) {
        requireLength(values == null ? -1 : values.length, shape.elements());
        long address = beginHostAccess("I64", DType.I64);
        try {
            TypedPointers.longs(address, values.length, memory).put(values);
        } finally {
            memory.release();
        }
    }

    /** The bytes of all elements, of any type, in the machine's byte order. */
    public byte[] toBytes() {
        byte[] values = new byte[arrayLength(bytes)];
        long address = beginHostAccess(null);
        try {
            TypedPointers.bytes(address, values.length, memory).get(values);
            return values;
        } finally {
            memory.release();
        }
    }

    /** Overwrites the bytes of all elements, of any type, in the machine's byte order. */
    public void copyFrom(byte[] values) {
        requireLength(values == null ? -1 : values.length, bytes);
        long address = beginHostAccess(null);
        try {
            TypedPointers.bytes(address, values.length, memory).put(values);
        } finally {
            memory.release();
        }
    }

    /**
     * A direct buffer over the elements' bytes, in the machine's byte order. Writing to it writes to the tensor. It
     * neither owns the memory nor keeps it reachable: do not use it after the memory was closed.
     *
     * @throws IllegalStateException if the tensor is larger than 2 GiB
     */
    public ByteBuffer asByteBuffer() {
        int capacity = arrayLength(bytes);
        long address = beginHostAccess(null);
        try {
            ByteBuffer buffer = capacity == 0
                    ? ByteBuffer.allocateDirect(0) : TypedPointers.bytes(address, capacity, memory).asByteBuffer();
            return buffer.order(ByteOrder.nativeOrder());
        } finally {
            memory.release();
        }
    }

    /**
     * Copies all elements of another host tensor of the same type and number of elements; the shapes may differ, and
     * the two may overlap.
     */
    public void copyFrom(Tensor source) {
        requireNotNull("source", source);
        if (source.dtype != dtype || source.elements() != elements()) {
            throw new IllegalArgumentException("source is " + source.dtype + " " + source.shape + "; expected "
                    + dtype + " with " + elements() + " elements");
        }
        long to = beginHostAccess(null);
        try {
            long from = source.beginHostAccess(null);
            try {
                if (bytes > 0) {
                    Pointer.memmove(TypedPointers.bytes(to, bytes, memory),
                            TypedPointers.bytes(from, bytes, source.memory), bytes);
                }
            } finally {
                source.memory.release();
            }
        } finally {
            memory.release();
        }
    }

    /** Sets all bytes to zero. */
    public void zero() {
        long address = beginHostAccess(null);
        try {
            if (bytes > 0) {
                Pointer.memset(TypedPointers.bytes(address, bytes, memory), 0, bytes);
            }
        } finally {
            memory.release();
        }
    }

    /** Checks that the host may touch the elements, acquires the memory and returns the first element's address. */
    private long beginHostAccess(String expected, DType... accepted) {
        requireOpen();
        if (!memory.device().isCpu()) {
            throw new IllegalStateException("tensor is on " + memory.device() + "; expected on cpu for host access");
        }
        boolean fits = accepted.length == 0;
        for (DType type : accepted) {
            fits |= type == dtype;
        }
        if (!fits) {
            throw new IllegalStateException("dtype is " + dtype + "; expected " + expected);
        }
        memory.acquire();
        return memory.address() + byteOffset;
    }

    private static int arrayLength(long length) {
        if (length > LONGEST_ARRAY) {
            throw new IllegalStateException(
                    "tensor would need an array of " + length + "; expected at most " + LONGEST_ARRAY);
        }
        return (int) length;
    }

    private static void requireLength(int length, long expected) {
        if (length < 0) {
            throw new NullPointerException("values is null");
        }
        if (length != expected) {
            throw new IllegalArgumentException("values.length is " + length + "; expected " + expected);
        }
    }

    /** Type, shape and device; not the elements. */
    @Override
    public String toString() {
        return (isClosed() ? "closed " : "") + dtype + " " + shape + " on " + device();
    }
}
