package org.swapdistill.kernels;

import org.swapdistill.kernels.bindings.swapdistill;

/**
 * The CPU kernels to use. Results are the same to the bit only within one instruction set.
 *
 * <p>The environment variable {@code SWAPDISTILL_MAX_INSTRUCTION_SET}, read when the native library is loaded, can name one of
 * them but {@link #BEST}: better ones are then treated as if the CPU lacked them. Any other value is refused by every call on
 * the CPU.
 */
public enum InstructionSet {
    /** The best one that the CPU has. */
    BEST(swapdistill.SD_INSTRUCTION_SET_BEST),
    /** What the compiler emits for the platform's baseline. */
    BASELINE(swapdistill.SD_INSTRUCTION_SET_BASELINE),
    /** AVX2 with fused multiply-add. */
    AVX2(swapdistill.SD_INSTRUCTION_SET_AVX2),
    /** AVX-512. */
    AVX512(swapdistill.SD_INSTRUCTION_SET_AVX512);

    private final int code;

    InstructionSet(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    static InstructionSet of(int code) {
        for (InstructionSet set : values()) {
            if (set.code == code) {
                return set;
            }
        }
        throw new KernelException("native library names instruction set " + code + ", which these classes do not know");
    }
}
