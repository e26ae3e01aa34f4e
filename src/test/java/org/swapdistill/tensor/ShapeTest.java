package org.swapdistill.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ShapeTest {
    @Test
    void describesItsAxes() {
        Shape shape = Shape.of(2, 3, 5);
        assertEquals(3, shape.rank());
        assertEquals(5, shape.size(2));
        assertEquals(30, shape.elements());
        assertEquals("[2, 3, 5]", shape.toString());
        assertEquals(Shape.of(2, 3, 5), shape);
        assertEquals(Shape.of(2, 3, 5).hashCode(), shape.hashCode());
        assertNotEquals(Shape.of(3, 2, 5), shape);
        assertArrayEquals(new long[] {2, 3, 5}, shape.toArray());
    }

    @Test
    void scalarHasOneElementAndAnEmptyAxisNone() {
        assertEquals(1, Shape.of().elements());
        assertEquals(0, Shape.of(0, Long.MAX_VALUE, Long.MAX_VALUE).elements());
        assertEquals(0, Shape.of(Long.MAX_VALUE, Long.MAX_VALUE, 0).elements());
    }

    @Test
    void isImmutable() {
        long[] sizes = {2, 3};
        Shape shape = Shape.of(sizes);
        sizes[0] = 7;
        shape.toArray()[1] = 7;
        assertEquals(Shape.of(2, 3), shape);
    }

    @Test
    void refusesNegativeSizesAndOverflow() {
        var negative = assertThrows(IllegalArgumentException.class, () -> Shape.of(4, -2));
        assertEquals("size of axis 1 is -2; expected at least 0", negative.getMessage());
        assertThrows(IllegalArgumentException.class, () -> Shape.of(1L << 32, 1L << 31));
        assertThrows(IllegalArgumentException.class, () -> Shape.of(1L << 32, 1L << 32));
        assertEquals(1L << 62, Shape.of(1L << 31, 1L << 31).elements());
        assertThrows(NullPointerException.class, () -> Shape.of((long[]) null));
    }

    @Test
    void refusesAxesOutside() {
        var failure = assertThrows(IndexOutOfBoundsException.class, () -> Shape.of(2, 3).size(2));
        assertTrue(failure.getMessage().contains("2"), failure.getMessage());
        assertThrows(IndexOutOfBoundsException.class, () -> Shape.of(2, 3).size(-1));
    }
}
