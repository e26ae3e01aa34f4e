package org.swapdistill.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.swapdistill.ChildJvm;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/** The environment variable that hides instruction sets. */
class InstructionSetTest {
    private static final String VARIABLE = "SWAPDISTILL_MAX_INSTRUCTION_SET";

    /** Prints what is best, the bits of a loss by the best, and what asking for each of the sets gives. */
    static final class Program {
        private Program() {
        }

        public static void main(String[] arguments) {
            System.out.println(KernelLibrary.bestInstructionSet());
            for (InstructionSet set : InstructionSet.values()) {
                try {
                    System.out.println(set + " " + loss(Execution.cpu(1).withInstructionSet(set)));
                } catch (KernelException | IllegalArgumentException e) {
                    System.out.println(set + " " + e);
                }
            }
        }
    }

    /** As text: bits of the loss and of one gradient. */
    private static String loss(Execution execution) {
        Random random = new Random(1);
        float[] logits = new float[7 * 1001];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = 5 * (float) random.nextGaussian();
        }
        DistillationLoss loss = DistillationLoss.builder().target(DistillationLoss.Target.NONE).build();
        try (Tensor z = Tensor.of(logits, 7, 1001); Tensor labels = Tensor.of(new int[7], 7);
                Tensor value = Tensor.allocate(DType.F32, 1); Tensor workspace = Tensor.allocate(DType.U8,
                        loss.workspaceBytes(execution, 7, 1001, 1))) {
            loss.apply(execution, new DistillationLoss.Arrays().logits(z).labels(labels).loss(value)
                    .gradientsInPlace().workspace(workspace));
            return java.util.Arrays.hashCode(z.toFloats()) + " " + value.toFloats()[0];
        }
    }

    @BeforeEach
    void requireThisProcessToHaveAll() {
        assumeTrue(System.getenv(VARIABLE) == null, VARIABLE + " is set for this process too");
    }

    @ParameterizedTest
    @EnumSource(value = InstructionSet.class, names = "BEST", mode = EnumSource.Mode.EXCLUDE)
    void betterOnesAreTreatedAsIfTheProcessorLackedThem(InstructionSet maximum) throws Exception {
        String[] lines = run(maximum.name());
        InstructionSet best = KernelLibrary.bestInstructionSet();
        InstructionSet expected = maximum.compareTo(best) < 0 ? maximum : best;
        assertEquals(expected.name(), lines[0]);
        for (InstructionSet set : InstructionSet.values()) {
            boolean allowed = set.compareTo(expected) <= 0;
            String name = "SD_INSTRUCTION_SET_" + (set == InstructionSet.AVX2 ? "AVX2 (with FMA and F16C)"
                    : "AVX512 (F, BW, DQ, VL)");
            assertEquals(set + " " + (allowed ? loss(Execution.cpu(1).withInstructionSet(
                    set == InstructionSet.BEST ? expected : set)) : KernelException.class.getName()
                    + ": execution->instruction_set is " + name + "; expected one that this CPU has and " + VARIABLE
                    + " allows"), lines[1 + set.ordinal()]);
        }
    }

    @Test
    void anotherValueIsRefused() throws Exception {
        for (String value : new String[] {"SSE", "", "avx2"}) {
            String refusal = IllegalArgumentException.class.getName() + ": " + VARIABLE + " is "
                    + (value.isEmpty() ? "empty" : value) + "; expected BASELINE, AVX2 or AVX512";
            assertEquals(InstructionSet.BEST + " " + refusal, run(value)[1]);
        }
    }

    private static String[] run(String maximum) throws Exception {
        ChildJvm.Outcome outcome = ChildJvm.of(Program.class).environment(VARIABLE, maximum).run();
        assertEquals(0, outcome.status(), outcome.output());
        return outcome.output().split("\n");
    }
}
