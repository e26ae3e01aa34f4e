package org.swapdistill.kernels;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Function;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;

/**
 * A struct of the C ABI in memory of the Java heap's companion, a direct buffer: freed by the garbage collector, and
 * unknown to any {@code PointerScope}, which would free a struct that JavaCPP allocated while the scope was open.
 */
final class NativeStruct<S extends Pointer> {
    /** Owns the bytes; also the quick way to fields that change with every call. */
    final ByteBuffer bytes;
    /** The generated view of the same bytes. */
    final S fields;

    private NativeStruct(ByteBuffer bytes, S fields) {
        this.bytes = bytes;
        this.fields = fields;
    }

    /** Zeroed structs, one after the other; {@code fields} views the first one. */
    static <S extends Pointer> NativeStruct<S> allocate(Class<S> type, Function<Pointer, S> view, int count) {
        KernelLibrary.require();
        ByteBuffer bytes = ByteBuffer.allocateDirect(Math.multiplyExact(Loader.sizeof(type), count))
                .order(ByteOrder.nativeOrder());
        return new NativeStruct<>(bytes, view.apply(new Address().at(addressOf(bytes))));
    }

    static <S extends Pointer> NativeStruct<S> allocate(Class<S> type, Function<Pointer, S> view) {
        return allocate(type, view, 1);
    }

    private static long addressOf(ByteBuffer bytes) {
        try (Pointer pointer = new Pointer(bytes)) {
            return pointer.address();
        }
    }
}
