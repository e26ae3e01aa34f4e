package org.swapdistill.kernels;

import java.nio.ByteBuffer;
import org.bytedeco.javacpp.Loader;
import org.swapdistill.kernels.bindings.sd_random_position;
import org.swapdistill.kernels.bindings.sd_sgd_options;

/** What a thread needs to pass the arguments that change with every call; one per thread, reused. */
final class CallFrame {
    private static final ThreadLocal<CallFrame> FRAMES = ThreadLocal.withInitial(CallFrame::new);

    /** Of the structs' members; known once the library is loaded. */
    private static final class Offsets {
        static final int SEED = Loader.offsetof(sd_random_position.class, "seed");
        static final int EPOCH = Loader.offsetof(sd_random_position.class, "epoch");
        static final int STEP = Loader.offsetof(sd_random_position.class, "step");
        static final int FIRST_PAIR = Loader.offsetof(sd_random_position.class, "first_pair");
    }

    final Address a = new Address();
    final Address b = new Address();
    final Address.OfBytes bytes = new Address.OfBytes();
    final Address.OfInts indexA = new Address.OfInts();
    final Address.OfInts indexB = new Address.OfInts();
    final NativeStruct<sd_sgd_options> sgdOptions =
            NativeStruct.allocate(sd_sgd_options.class, sd_sgd_options::new);
    private final NativeStruct<sd_random_position> position =
            NativeStruct.allocate(sd_random_position.class, sd_random_position::new);

    private CallFrame() {
        sgdOptions.fields.struct_size(sgdOptions.bytes.capacity());
    }

    /** The calling thread's frame. Loads the native library. */
    static CallFrame ofThread() {
        return FRAMES.get();
    }

    sd_random_position position(RandomPosition at) {
        ByteBuffer bytes = position.bytes;
        bytes.putLong(Offsets.SEED, at.seed());
        bytes.putInt(Offsets.EPOCH, at.epoch());
        bytes.putInt(Offsets.STEP, at.step());
        bytes.putInt(Offsets.FIRST_PAIR, at.firstPair());
        return position.fields;
    }
}
