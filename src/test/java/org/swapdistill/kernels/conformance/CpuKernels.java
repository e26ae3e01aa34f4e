package org.swapdistill.kernels.conformance;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.swapdistill.kernels.bindings.sd_execution;
import org.swapdistill.kernels.bindings.swapdistill;

/** The CPU kernels in one instruction set. */
record CpuKernels(String name, int instructionSet) implements KernelBackend {
    /** Without guard zones a block ends with its content, so that a sanitizer sees any access behind it. */
    private static final int ALIGNMENT = CallBuffers.GUARD > 0 ? 64 : 1;

    @Override
    public sd_execution execution(int threads) {
        return new sd_execution().struct_size(Pointer.sizeof(sd_execution.class)).device(swapdistill.SD_CPU)
            .threads(threads).instruction_set(instructionSet).stream(null);
    }

    @Override
    public BytePointer allocate(long bytes) {
        BytePointer whole = new BytePointer(Pointer.malloc(bytes + ALIGNMENT)).capacity(bytes + ALIGNMENT);
        long misalignment = whole.address() % ALIGNMENT;
        return new Aligned(whole, (ALIGNMENT - misalignment) % ALIGNMENT, bytes);
    }

    @Override
    public void free(BytePointer memory) {
        Pointer.free(((Aligned) memory).whole);
    }

    @Override
    public void write(BytePointer memory, byte[] bytes) {
        memory.put(bytes);
    }

    @Override
    public byte[] read(BytePointer memory, int bytes) {
        byte[] result = new byte[bytes];
        memory.get(result);
        return result;
    }

    @Override
    public boolean checksContents() {
        return true;
    }

    @Override
    public boolean isEmulated() {
        return false;
    }

    @Override
    public String toString() {
        return name;
    }

    private static final class Aligned extends BytePointer {
        private final transient BytePointer whole;

        Aligned(BytePointer whole, long offset, long bytes) {
            super(whole.getPointer(BytePointer.class, offset));
            this.whole = whole;
            capacity(bytes);
        }
    }
}
