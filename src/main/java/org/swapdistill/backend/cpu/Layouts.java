package org.swapdistill.backend.cpu;

import java.util.Optional;
import org.bytedeco.dnnl.memory;

/** Layouts of oneDNN that its bindings do not translate from one type to another. */
final class Layouts {
    private Layouts() {
    }

    /** The same dimensions in the same order of elements as {@code desc}, in another type, if a format tag has it. */
    static Optional<memory.desc> withType(memory.desc desc, long[] dims, memory.data_type type) {
        memory.data_type own = desc.get_data_type();
        for (memory.format_tag tag : memory.format_tag.values()) {
            if (tag == memory.format_tag.undef || tag == memory.format_tag.any) {
                continue;
            }
            memory.desc candidate = new memory.desc(dims, own, tag, true);
            // A tag of another number of dimensions makes an empty description, which cannot be compared.
            if (candidate.asBoolean() && candidate.equals(desc)) {
                return Optional.of(new memory.desc(dims, type, tag));
            }
        }
        return Optional.empty();
    }
}
