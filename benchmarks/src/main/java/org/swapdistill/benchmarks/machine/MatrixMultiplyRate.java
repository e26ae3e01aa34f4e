package org.swapdistill.benchmarks.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.matmul;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.stream;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;

/**
 * Products of two square matrices by oneDNN: what the machine can compute at best. The threads are those that
 * {@link OpenMp#useThreads} gave the calling thread.
 */
public final class MatrixMultiplyRate implements AutoCloseable {
    private static final long SIZE = 2048;
    private static final int PASSES = 3;

    private final List<Pointer> owned = new ArrayList<>();
    private final stream stream;
    private final matmul product;
    private final IntMemoryMap arguments;

    /**
     * Prepares matrices of zeros.
     *
     * @param bf16 in bf16 instead of f32
     * @return empty if oneDNN cannot multiply in the type on this processor
     */
    public static Optional<MatrixMultiplyRate> of(boolean bf16) {
        try {
            return Optional.of(new MatrixMultiplyRate(bf16));
        } catch (RuntimeException e) {
            return Optional.empty();
        }
    }

    private MatrixMultiplyRate(boolean bf16) {
        try (PointerScope scope = new PointerScope()) {
            engine engine = own(new engine(org.bytedeco.dnnl.engine.kind.cpu, 0));
            stream = own(new stream(engine));
            memory.data_type type = bf16 ? memory.data_type.bf16 : memory.data_type.f32;
            memory.desc desc = new memory.desc(new long[] {SIZE, SIZE}, type, memory.format_tag.ab);
            product = own(new matmul(new matmul.primitive_desc(engine, desc, desc, desc)));
            arguments = own(new IntMemoryMap());
            for (int argument : new int[] {dnnl.DNNL_ARG_SRC, dnnl.DNNL_ARG_WEIGHTS, dnnl.DNNL_ARG_DST}) {
                arguments.put(argument, own(new memory(desc, engine)));
            }
        }
    }

    private <P extends Pointer> P own(P pointer) {
        pointer.retainReference();
        owned.add(pointer);
        return pointer;
    }

    /** Additions and multiplications of {@link #multiply}. */
    public static double operations() {
        return 2.0 * SIZE * SIZE * SIZE;
    }

    /** Multiplies once. */
    public void multiply() {
        product.execute(stream, arguments);
        stream._wait();
    }

    /** Additions and multiplications per second of the best of a few products. */
    public double measure() {
        double best = 0;
        for (int pass = 0; pass < PASSES; pass++) {
            long start = System.nanoTime();
            multiply();
            best = Math.max(best, operations() * 1e9 / (System.nanoTime() - start));
        }
        return best;
    }

    @Override
    public void close() {
        for (int i = owned.size() - 1; i >= 0; i--) {
            owned.get(i).releaseReference();
        }
        owned.clear();
    }
}
