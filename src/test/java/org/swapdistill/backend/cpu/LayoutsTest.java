package org.swapdistill.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.bytedeco.dnnl.memory;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;

class LayoutsTest {
    @Test
    void findsTheSameOrderInAnotherType() {
        long[] dims = {32, 3, 3, 3};
        try (PointerScope scope = new PointerScope()) {
            for (memory.format_tag tag : new memory.format_tag[] {memory.format_tag.oihw, memory.format_tag.OIhw8i8o,
                memory.format_tag.OIhw16i16o, memory.format_tag.OIhw8i16o2i, memory.format_tag.Ohwi16o}) {
                memory.desc narrow = new memory.desc(dims, memory.data_type.bf16, tag);
                memory.desc wide = Layouts.withType(narrow, dims, memory.data_type.f32).orElseThrow();
                assertTrue(wide.equals(new memory.desc(dims, memory.data_type.f32, tag)), tag.toString());
                assertEquals(2 * narrow.get_size(), wide.get_size());
            }
        }
    }

    @Test
    void findsNothingForAnOrderWithoutTag() {
        long[] dims = {4, 4, 3, 3};
        try (PointerScope scope = new PointerScope()) {
            memory.desc spaced = new memory.desc(dims, memory.data_type.bf16, new long[] {72, 18, 6, 2});
            assertTrue(Layouts.withType(spaced, dims, memory.data_type.f32).isEmpty());
        }
    }
}
