package org.swapdistill.kernels;

import org.bytedeco.javacpp.Pointer;
import org.swapdistill.kernels.bindings.sd_execution;
import org.swapdistill.kernels.bindings.swapdistill;

/** Where and how a call runs: threads and instruction set on the CPU, or a CUDA stream. Immutable and thread safe. */
public final class Execution {
    private static final Execution CPU = cpu(0);

    private final boolean cuda;
    private final int threads;
    private final InstructionSet instructionSet;
    /** Kept reachable; its address is the stream's handle. */
    private final Pointer stream;
    private final long streamHandle;
    private volatile NativeStruct<sd_execution> struct;

    private Execution(boolean cuda, int threads, InstructionSet instructionSet, Pointer stream) {
        this.cuda = cuda;
        this.threads = threads;
        this.instructionSet = instructionSet;
        this.stream = stream;
        this.streamHandle = stream == null ? 0 : stream.address();
    }

    /** On the CPU, with all processors and the best instruction set. */
    public static Execution cpu() {
        return CPU;
    }

    /**
     * On the CPU. The number of threads does not change any result.
     *
     * @param threads at least 0; 0 = all processors
     */
    public static Execution cpu(int threads) {
        Checks.atLeast("threads", threads, 0);
        return new Execution(false, threads, InstructionSet.BEST, null);
    }

    /**
     * On the CUDA device that is current on the calling thread.
     *
     * @param stream a {@code CUstream_st} of any CUDA binding, whose address is the stream's handle; null for the legacy
     *     default stream. The caller owns it, and keeps it until the work queued on it has ended: a pointer that has become
     *     null is an {@link IllegalStateException} of the call, but a stream that was destroyed behind its pointer cannot be
     *     told from one that was not.
     */
    public static Execution cuda(Pointer stream) {
        return new Execution(true, 0, InstructionSet.BEST, stream);
    }

    /**
     * The same, with these CPU kernels. One that the CPU lacks makes the call fail with a {@link KernelException}.
     *
     * @throws IllegalArgumentException on CUDA, unless {@code set} is {@link InstructionSet#BEST}
     */
    public Execution withInstructionSet(InstructionSet set) {
        Checks.notNull("set", set);
        if (cuda && set != InstructionSet.BEST) {
            throw new IllegalArgumentException("set is " + set + "; expected BEST on CUDA");
        }
        return new Execution(cuda, threads, set, stream);
    }

    /** Whether calls are queued on a CUDA stream. */
    public boolean isCuda() {
        return cuda;
    }

    /** Number of CPU threads; 0 = all processors, and on CUDA. */
    public int threads() {
        return threads;
    }

    /** The CPU kernels to use. */
    public InstructionSet instructionSet() {
        return instructionSet;
    }

    /**
     * The native description; loads the native library.
     *
     * @throws IllegalStateException if the stream's pointer has been closed
     */
    sd_execution struct() {
        if (streamHandle != 0 && stream.isNull()) {
            throw new IllegalStateException(
                    "stream 0x" + Long.toHexString(streamHandle) + " is closed; expected it open as long as it is used");
        }
        NativeStruct<sd_execution> made = struct;
        return (made != null ? made : makeStruct()).fields;
    }

    private synchronized NativeStruct<sd_execution> makeStruct() {
        NativeStruct<sd_execution> current = struct;
        if (current == null) {
            current = NativeStruct.allocate(sd_execution.class, sd_execution::new);
            current.fields.struct_size(current.bytes.capacity());
            current.fields.device(cuda ? swapdistill.SD_CUDA : swapdistill.SD_CPU);
            current.fields.threads(threads);
            current.fields.instruction_set(instructionSet.code());
            current.fields.stream(streamHandle == 0 ? null : new Address().at(streamHandle));
            struct = current;
        }
        return current;
    }

    @Override
    public String toString() {
        if (cuda) {
            return "cuda, stream 0x" + Long.toHexString(streamHandle);
        }
        return "cpu, " + (threads == 0 ? "all" : threads) + " threads, instruction set " + instructionSet;
    }
}
