package org.swapdistill.backend.cpu;

import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.primitive;
import org.bytedeco.dnnl.stream;

/** One step of a recorded graph. */
interface Command {
    /** Does it, and returns when it is done. */
    void run();

    /** The execution of a primitive with fixed arguments. */
    record Execute(primitive primitive, stream stream, IntMemoryMap arguments) implements Command {
        @Override
        public void run() {
            primitive.execute(stream, arguments);
        }
    }
}
