package org.swapdistill.kernels.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.swapdistill.kernels.bindings.swapdistill;

/** What the tests expect of a status. */
final class NativeCall {
    private NativeCall() {
    }

    static void succeeds(int status) {
        if (status != swapdistill.SD_SUCCESS) {
            throw new AssertionError("status " + status + ": " + swapdistill.sd_last_error().getString());
        }
    }

    /** The call was refused with this status, in words that name the argument and contain each of {@code words}. */
    static void refused(int expected, int status, String... words) {
        String message = swapdistill.sd_last_error().getString();
        assertEquals(expected, status, message);
        for (String word : words) {
            if (!message.contains(word)) {
                throw new AssertionError("expected \"" + word + "\" in the message: " + message);
            }
        }
    }
}
