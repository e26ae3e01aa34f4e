package org.swapdistill.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class WindowTest {
    @Test
    void countsPositions() {
        assertEquals(32, Window.centred(3, 1).outputSize(32));
        assertEquals(16, Window.centred(3, 2).outputSize(32));
        assertEquals(17, Window.centred(3, 2).outputSize(33));
        assertEquals(112, Window.centred(7, 2).outputSize(224));
        assertEquals(3, new Window(2, 2, 0).outputSize(7));
    }

    @Test
    void refusesImpossibleNumbers() {
        assertThrows(IllegalArgumentException.class, () -> new Window(0, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> new Window(3, 0, 1));
        assertThrows(IllegalArgumentException.class, () -> new Window(3, 1, 3));
        assertThrows(IllegalArgumentException.class, () -> new Window(3, 1, -1));
        assertThrows(IllegalArgumentException.class, () -> new Window(5, 1, 1).outputSize(2));
    }
}
