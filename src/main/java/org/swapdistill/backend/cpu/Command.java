package org.swapdistill.backend.cpu;

import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.primitive;
import org.bytedeco.dnnl.stream;

/** One step of a recorded graph. */
interface Command {
    /** Does it, and returns when it is done. */
    void run();

    /**
     * The execution of a primitive with fixed arguments.
     *
     * @param name kind, oneDNN's implementation and dimensions of the first argument, such as
     *     {@code convolution jit:avx2 [128, 16, 32, 32]}
     */
    record Execute(String name, primitive primitive, stream stream, IntMemoryMap arguments) implements Command {
        @Override
        public void run() {
            primitive.execute(stream, arguments);
        }
    }
}
