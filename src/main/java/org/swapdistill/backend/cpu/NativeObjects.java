package org.swapdistill.backend.cpu;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;

/**
 * Owns native objects that outlive the {@code PointerScope} in which they were made, and frees them, last first, when
 * it is closed. Nothing is left to JavaCPP's deallocator thread. Not thread safe.
 */
final class NativeObjects implements AutoCloseable {
    private final List<Pointer> pointers = new ArrayList<>();

    /** Takes ownership of an object just made. */
    <P extends Pointer> P own(P pointer) {
        pointer.retainReference();
        pointers.add(pointer);
        return pointer;
    }

    @Override
    public void close() {
        for (int i = pointers.size() - 1; i >= 0; i--) {
            pointers.get(i).releaseReference();
        }
        pointers.clear();
    }
}
