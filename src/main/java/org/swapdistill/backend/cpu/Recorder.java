package org.swapdistill.backend.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.binary;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.post_ops;
import org.bytedeco.dnnl.primitive;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.primitive_desc_base;
import org.bytedeco.dnnl.reorder;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.Pointer;
import org.swapdistill.backend.MemoryPlan;
import org.swapdistill.tensor.Memory;

/**
 * Collects the commands of a graph while it is built, and the memory that they need. Time counts operations: forward
 * ones from 0, then backward ones. Used inside a {@code PointerScope}, which frees the temporaries.
 */
final class Recorder {
    private final CpuBackend backend;
    private final int batchSize;
    private final boolean training;
    private final NativeObjects objects;
    private final MemoryPlan plan = new MemoryPlan(Memory.ALIGNMENT);
    private final List<Placement> placements = new ArrayList<>();
    private final primitive_attr plainAttributes;
    private List<Command> commands;
    private int time;

    private record Placement(Operand operand, long skip) {
    }

    Recorder(CpuBackend backend, int batchSize, boolean training, NativeObjects objects) {
        this.backend = backend;
        this.batchSize = batchSize;
        this.training = training;
        this.objects = objects;
        plainAttributes = attributes();
    }

    CpuBackend backend() {
        return backend;
    }

    engine engine() {
        return backend.engine();
    }

    stream stream() {
        return backend.stream();
    }

    NativeObjects objects() {
        return objects;
    }

    int batchSize() {
        return batchSize;
    }

    boolean training() {
        return training;
    }

    /** Commands from now on go into {@code target} and happen at {@code now}. */
    void at(int now, List<Command> target) {
        time = now;
        commands = target;
    }

    /** Attributes that leave scratch memory to the arena. */
    primitive_attr attributes() {
        primitive_attr attributes = new primitive_attr();
        attributes.set_scratchpad_mode(dnnl.scratchpad_mode.user);
        return attributes;
    }

    /** The same attributes at every call. */
    primitive_attr plainAttributes() {
        return plainAttributes;
    }

    /** Attributes with a ReLU after the operation. */
    primitive_attr reluAttributes() {
        post_ops operations = new post_ops();
        operations.append_eltwise(dnnl.algorithm.eltwise_relu, 0, 0);
        primitive_attr attributes = attributes();
        attributes.set_post_ops(operations);
        return attributes;
    }

    /** Attributes that add the result to the destination. */
    primitive_attr sumAttributes() {
        post_ops operations = new post_ops();
        operations.append_sum();
        primitive_attr attributes = attributes();
        attributes.set_post_ops(operations);
        return attributes;
    }

    /** Description of an activation: channel-blocked, in the compute type. */
    memory.desc activationDesc(CpuActivation activation) {
        return new memory.desc(dims(activation), backend.nativeType(), backend.activationTag());
    }

    /** [N, C, H, W]. */
    long[] dims(CpuActivation activation) {
        return new long[] {batchSize, activation.channels(), activation.height(), activation.width()};
    }

    /** A new operand in the arena. */
    Operand inArena(memory.desc desc) {
        return inBlock(desc, plan.add(desc.get_size()), 0);
    }

    /** An operand on a block of the arena, {@code skip} bytes from its beginning. */
    Operand inBlock(memory.desc desc, MemoryPlan.Block block, long skip) {
        Operand operand = new Operand(handle(desc), desc, block);
        placements.add(new Placement(operand, skip));
        return operand;
    }

    /** An operand outside the arena, whose address the caller sets. */
    Operand outside(memory.desc desc) {
        return new Operand(handle(desc), desc, null);
    }

    private memory handle(memory.desc desc) {
        return objects.own(new memory(desc, engine(), (Pointer) null));
    }

    /** Arguments of a primitive. */
    static final class Arguments {
        private final List<Integer> keys = new ArrayList<>();
        private final List<Operand> operands = new ArrayList<>();

        Arguments with(int key, Operand operand) {
            keys.add(key);
            operands.add(operand);
            return this;
        }
    }

    static Arguments arguments() {
        return new Arguments();
    }

    /** Records the execution of a primitive; its scratch memory comes from the arena. */
    void execute(primitive primitive, primitive_desc_base description, Arguments arguments) {
        memory.desc scratchpad = description.scratchpad_desc();
        if (scratchpad.get_size() > 0) {
            arguments.with(dnnl.DNNL_ARG_SCRATCHPAD, inArena(scratchpad));
        }
        IntMemoryMap map = objects.own(new IntMemoryMap());
        for (int i = 0; i < arguments.keys.size(); i++) {
            Operand operand = arguments.operands.get(i);
            map.put(arguments.keys.get(i), operand.handle());
            if (operand.block() != null) {
                operand.block().useAt(time);
            }
        }
        memory.desc first = arguments.operands.get(0).desc();
        long[] dims = new long[first.get_ndims()];
        first.get_dims().get(dims);
        String name = primitive.get_kind().intern() + " " + description.impl_info_str().getString() + " "
                + Arrays.toString(dims);
        commands.add(new Command.Execute(name, objects.own(primitive), stream(), map));
    }

    /** Records a command of another kind. */
    void execute(Command command) {
        commands.add(command);
    }

    /** Records a conversion of layout or type. */
    void reorder(Operand from, Operand to, primitive_attr attributes) {
        var description = new reorder.primitive_desc(engine(), from.desc(), engine(), to.desc(), attributes, false);
        execute(new reorder(description), description,
                arguments().with(dnnl.DNNL_ARG_FROM, from).with(dnnl.DNNL_ARG_TO, to));
    }

    /** The operand itself if it is laid out as {@code wanted}, otherwise a converted copy for use at this time. */
    Operand as(memory.desc wanted, Operand operand) {
        if (wanted.equals(operand.desc())) {
            return operand;
        }
        Operand copy = inArena(wanted);
        reorder(operand, copy, plainAttributes);
        return copy;
    }

    /**
     * Adds to an activation's gradient.
     *
     * @param fresh an operand in the arena that nothing else reads or writes; becomes the activation's gradient
     */
    void contributeGradient(CpuActivation activation, Operand fresh) {
        Operand earlier = activation.gradient();
        if (earlier != null) {
            var description = new binary.primitive_desc(engine(), dnnl.algorithm.binary_add, fresh.desc(),
                    earlier.desc(), fresh.desc(), plainAttributes, false);
            execute(new binary(description), description, arguments().with(dnnl.DNNL_ARG_SRC_0, fresh)
                    .with(dnnl.DNNL_ARG_SRC_1, earlier).with(dnnl.DNNL_ARG_DST, fresh));
        }
        activation.setGradient(fresh, false);
    }

    /** Places everything in the arena; returns its size in bytes. */
    long arrange() {
        plan.arrange();
        return plan.bytes();
    }

    /** Sets the addresses of all operands in the arena. */
    void setAddresses(long arena) {
        for (Placement placement : placements) {
            placement.operand.handle().set_data_handle(
                    new AddressPointer(arena + placement.operand.block().offset() + placement.skip));
        }
    }
}
