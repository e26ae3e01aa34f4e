package org.swapdistill.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.bytedeco.javacpp.FloatPointer;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

class ExecutionTest {
    @Test
    void describesItself() {
        assertEquals(3, Execution.cpu(3).threads());
        assertEquals(0, Execution.cpu().threads());
        assertFalse(Execution.cpu().isCuda());
        assertTrue(Execution.cuda(null).isCuda());
        Execution avx2 = Execution.cpu(3).withInstructionSet(InstructionSet.AVX2);
        assertEquals(InstructionSet.AVX2, avx2.instructionSet());
        assertEquals(3, avx2.threads());
        assertEquals("cpu, 3 threads, instruction set AVX2", avx2.toString());
    }

    @Test
    void refusesBadValues() {
        assertEquals("threads is -1; expected at least 0",
                assertThrows(IllegalArgumentException.class, () -> Execution.cpu(-1)).getMessage());
        assertThrows(NullPointerException.class, () -> Execution.cpu().withInstructionSet(null));
        assertThrows(IllegalArgumentException.class,
                () -> Execution.cuda(null).withInstructionSet(InstructionSet.BASELINE));
    }

    @Test
    void libraryAnswers() {
        assertEquals(java.util.Optional.empty(), KernelLibrary.unavailableReason());
        assertEquals("0.1.0", KernelLibrary.version());
        assertNotEquals(InstructionSet.BEST, KernelLibrary.bestInstructionSet());
    }

    @Test
    void cudaThatIsNotThereIsAKernelExceptionWithTheReason() {
        String reason = KernelLibrary.cudaUnavailableReason().orElse("");
        Assumptions.assumeFalse(reason.isEmpty(), "CUDA is there");
        PatchSwap swap = PatchSwap.builder().patchSize(1).probability(1).build();
        try (FloatPointer a = new FloatPointer(4); FloatPointer b = new FloatPointer(4)) {
            var failure = assertThrows(KernelException.class, () -> swap.apply(Execution.cuda(null),
                    new RandomPosition(0, 0, 0, 0), DType.F32, 1, 1, 2, 2, a, b));
            assertFalse(failure.getMessage().isBlank());
        }
    }

    @Test
    void instructionSetsThatTheCpuLacksAreAKernelExceptionAndTheOthersAgree() {
        PatchSwap swap = PatchSwap.builder().patchSize(1).probability(1).build();
        RandomPosition at = new RandomPosition(5, 0, 0, 0);
        float[] expected = null;
        int ran = 0;
        for (InstructionSet set : InstructionSet.values()) {
            try (Tensor a = Tensor.of(new float[] {1, 2, 3, 4}, 1, 1, 2, 2);
                    Tensor b = Tensor.of(new float[] {5, 6, 7, 8}, 1, 1, 2, 2)) {
                try {
                    swap.apply(Execution.cpu().withInstructionSet(set), at, a, b);
                } catch (KernelException absent) {
                    assertTrue(set.ordinal() > KernelLibrary.bestInstructionSet().ordinal(), absent.getMessage());
                    continue;
                }
                ran++;
                expected = expected == null ? a.toFloats() : expected;
                assertArrayEquals(expected, a.toFloats());
            }
        }
        assertTrue(ran >= 2, "ran with " + ran + " instruction sets");
    }
}
