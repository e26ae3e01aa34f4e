package org.swapdistill.kernels.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.EnumMap;
import java.util.Map;

/** What one call of the distillation loss wrote, as bytes and as values. */
final class LossOutputs {
    private final Map<LossOutput, byte[]> bytes = new EnumMap<>(LossOutput.class);
    private final ElementType dtype;

    LossOutputs(ElementType dtype) {
        this.dtype = dtype;
    }

    void put(LossOutput output, byte[] content) {
        bytes.put(output, content);
    }

    boolean has(LossOutput output) {
        return bytes.containsKey(output);
    }

    float[] values(LossOutput output) {
        boolean gradient = output == LossOutput.LOGITS_GRADIENT || output == LossOutput.TARGET_GRADIENT;
        return (gradient ? dtype : ElementType.F32).decode(bytes.get(output));
    }

    byte[] hits() {
        return bytes.get(LossOutput.HIT);
    }

    float loss() {
        return values(LossOutput.LOSS)[0];
    }

    void assertSameBits(LossOutputs other, String what) {
        assertEquals(bytes.keySet(), other.bytes.keySet(), what);
        bytes.forEach((output, content) ->
            assertArrayEquals(content, other.bytes.get(output), what + ": " + output));
    }
}
