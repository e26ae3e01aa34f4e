package org.swapdistill.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceTest {
    @Test
    void parsesWhatItPrints() {
        for (Device device : new Device[] {Device.cpu(), Device.cuda(0), Device.cuda(17)}) {
            assertEquals(device, Device.parse(device.toString()));
            assertEquals(device.hashCode(), Device.parse(device.toString()).hashCode());
        }
        assertEquals(Device.cuda(0), Device.parse("cuda"));
        assertNotEquals(Device.cpu(), Device.cuda(0));
        assertNotEquals(Device.cuda(1), Device.cuda(0));
    }

    @Test
    void tellsHostFromCuda() {
        assertTrue(Device.cpu().isCpu());
        assertFalse(Device.cpu().isCuda());
        assertTrue(Device.cuda(2).isCuda());
        assertEquals(2, Device.cuda(2).index());
        assertEquals(0, Device.cpu().index());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "CPU", "gpu", "cuda:", "cuda:-1", "cuda:x", "cuda:99999999999", " cpu"})
    void refusesOtherText(String text) {
        var failure = assertThrows(IllegalArgumentException.class, () -> Device.parse(text));
        assertTrue(failure.getMessage().contains("\"" + text + "\""), failure.getMessage());
    }

    @Test
    void refusesNegativeIndexAndNull() {
        assertThrows(IllegalArgumentException.class, () -> Device.cuda(-1));
        assertThrows(NullPointerException.class, () -> Device.parse(null));
    }
}
