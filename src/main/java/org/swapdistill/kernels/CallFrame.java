package org.swapdistill.kernels;

import java.nio.ByteBuffer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.SizeTPointer;
import org.swapdistill.kernels.bindings.sd_assemble_pairs_options;
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
        static final int IMAGES = Loader.offsetof(sd_assemble_pairs_options.class, "images");
        static final int POSITION_ON_DEVICE = Loader.offsetof(sd_assemble_pairs_options.class, "random_position");
    }

    final Address a = new Address();
    final Address b = new Address();
    final Address.OfBytes bytes = new Address.OfBytes();
    final Address.OfInts indexA = new Address.OfInts();
    final Address.OfInts indexB = new Address.OfInts();
    /** Receives a size; JavaCPP would refuse to allocate one in a process with more native memory than it expects. */
    final NativeStruct<SizeTPointer> size = NativeStruct.allocate(SizeTPointer.class, SizeTPointer::new);
    final NativeStruct<sd_sgd_options> sgdOptions =
            NativeStruct.allocate(sd_sgd_options.class, sd_sgd_options::new);
    private final NativeStruct<sd_assemble_pairs_options> assembly =
            NativeStruct.allocate(sd_assemble_pairs_options.class, sd_assemble_pairs_options::new);
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

    /**
     * An operation's options with what changes from call to call.
     *
     * @param options of the operation, which other threads read at the same time
     * @param positionOnDevice address of a random position; 0 for none
     */
    sd_assemble_pairs_options assembly(ByteBuffer options, long images, long positionOnDevice) {
        ByteBuffer bytes = assembly.bytes;
        bytes.put(0, options, 0, bytes.capacity());
        bytes.putLong(Offsets.IMAGES, images);
        bytes.putLong(Offsets.POSITION_ON_DEVICE, positionOnDevice);
        return assembly.fields;
    }
}
