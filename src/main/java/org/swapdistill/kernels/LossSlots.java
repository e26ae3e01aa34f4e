package org.swapdistill.kernels;

import java.util.concurrent.atomic.AtomicBoolean;
import org.bytedeco.javacpp.Pointer;
import org.swapdistill.kernels.bindings.sd_distillation_loss_arrays;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/**
 * The arrays of a distillation loss call, checked and written to the native struct when they have changed since the last
 * call, so that a repeated call only marks the memory as in use. For one thread at a time; {@link #begin} sees to it.
 */
final class LossSlots {
    static final int LOGITS = 0;
    static final int TARGET = 1;
    static final int LABELS = 2;
    static final int ROW_WEIGHTS = 3;
    static final int UPSTREAM = 4;
    /** The slots from here on are written. */
    static final int LOSS = 5;
    static final int LOGITS_GRADIENT = 6;
    static final int TARGET_GRADIENT = 7;
    static final int ROW_CROSS_ENTROPY = 8;
    static final int ROW_DIVERGENCE = 9;
    static final int ROW_LOG_SUM_EXP = 10;
    static final int ROW_HIT = 11;
    static final int WORKSPACE = 12;
    private static final int COUNT = 13;
    private static final int WORKSPACE_ALIGNMENT = 16;
    private static final String[] NAMES = {"logits", "target", "labels", "rowWeights", "upstream", "loss",
        "logitsGradient", "targetGradient", "rowCrossEntropy", "rowDivergence", "rowLogSumExp", "rowHit", "workspace"};

    private final Tensor[] tensors = new Tensor[COUNT];
    /**
     * Kept reachable, and asked whether they are closed: where they point to is read when they are set, because a caller
     * may move them on.
     */
    private final Pointer[] pointers = new Pointer[COUNT];
    private final long[] starts = new long[COUNT];
    private final long[] held = new long[COUNT];
    private long heldBeforeUpstream;
    private final long[] addresses = new long[COUNT];
    private final long[] sizes = new long[COUNT];
    private long outer;
    private long classes;
    private long inner;
    private long upstreamStride;
    private long workspaceBytes;
    private boolean inPlace;
    /** How many of the tensors {@link #acquire} has acquired. */
    private int acquired;

    private final AtomicBoolean busy = new AtomicBoolean();
    private boolean changed = true;
    private DistillationLoss checkedLoss;
    private boolean checkedCuda;
    private NativeStruct<sd_distillation_loss_arrays> struct;

    /**
     * Refuses what another thread's call, or change, would see half done. Every {@code begin} that returns is followed by
     * {@link #end}.
     *
     * @throws IllegalStateException if a call or a change is under way
     */
    void begin() {
        if (!busy.compareAndSet(false, true)) {
            throw new IllegalStateException("arrays are in use by another thread; expected one thread at a time");
        }
    }

    void end() {
        busy.setRelease(false);
    }

    void set(int slot, Tensor value) {
        begin();
        try {
            put(slot, value);
        } finally {
            end();
        }
    }

    void set(int slot, Pointer value) {
        begin();
        try {
            put(slot, value);
        } finally {
            end();
        }
    }

    private void put(int slot, Tensor value) {
        tensors[slot] = value;
        pointers[slot] = null;
        starts[slot] = 0;
        changed = true;
    }

    private void put(int slot, Pointer value) {
        pointers[slot] = value;
        tensors[slot] = null;
        starts[slot] = value == null ? 0 : Operands.start(value);
        held[slot] = value == null ? 0 : Operands.held(value);
        changed = true;
    }

    void logits(Tensor value) {
        set(LOGITS, value);
    }

    void logits(Pointer value, long n, long k, long m) {
        begin();
        try {
            put(LOGITS, value);
            outer = n;
            classes = k;
            inner = m;
        } finally {
            end();
        }
    }

    void upstream(Tensor value) {
        set(UPSTREAM, value);
    }

    void upstream(Pointer value, long stride) {
        begin();
        try {
            put(UPSTREAM, value);
            upstreamStride = stride;
            heldBeforeUpstream =
                    value == null || value.limit() <= 0 ? Long.MAX_VALUE : starts[UPSTREAM] - value.address();
        } finally {
            end();
        }
    }

    void gradient(int slot, Tensor value) {
        begin();
        try {
            put(slot, value);
            leaveInPlace(slot);
        } finally {
            end();
        }
    }

    void gradient(int slot, Pointer value) {
        begin();
        try {
            put(slot, value);
            leaveInPlace(slot);
        } finally {
            end();
        }
    }

    /** Setting one gradient takes the other's in-place place back too. */
    private void leaveInPlace(int slot) {
        if (inPlace) {
            inPlace = false;
            put(slot == LOGITS_GRADIENT ? TARGET_GRADIENT : LOGITS_GRADIENT, (Tensor) null);
        }
    }

    void gradientsInPlace() {
        begin();
        try {
            put(LOGITS_GRADIENT, (Tensor) null);
            put(TARGET_GRADIENT, (Tensor) null);
            inPlace = true;
        } finally {
            end();
        }
    }

    void workspace(Pointer value, long bytes) {
        begin();
        try {
            put(WORKSPACE, value);
            workspaceBytes = bytes;
        } finally {
            end();
        }
    }

    sd_distillation_loss_arrays struct() {
        return struct.fields;
    }

    /** Marks the memory of every tensor as in use. */
    void acquire() {
        acquired = 0;
        for (Tensor tensor : tensors) {
            if (tensor != null) {
                try {
                    tensor.address();
                    tensor.memory().acquire();
                } catch (IllegalStateException closed) {
                    release();
                    throw new IllegalStateException(NAMES[acquired] + " is closed", closed);
                }
            }
            acquired++;
        }
    }

    void release() {
        for (int slot = 0; slot < acquired; slot++) {
            if (tensors[slot] != null) {
                tensors[slot].memory().release();
            }
        }
    }

    /**
     * Checks all arrays against the operation and writes the native struct, if anything has changed.
     *
     * @throws IllegalStateException if a pointer was closed since it was set
     */
    void prepare(DistillationLoss loss, Execution execution) {
        for (int slot = 0; slot < COUNT; slot++) {
            if (starts[slot] != 0) {
                Checks.open(NAMES[slot], pointers[slot]);
            }
        }
        if (!changed && checkedLoss == loss && checkedCuda == execution.isCuda()) {
            return;
        }
        checkPresence(loss);
        readSizes(execution);
        for (int slot = 0; slot < COUNT; slot++) {
            addresses[slot] = 0;
            sizes[slot] = 0;
            if (isSet(slot)) {
                locate(slot, loss, execution);
            }
        }
        if (inPlace) {
            addresses[LOGITS_GRADIENT] = addresses[LOGITS];
            addresses[TARGET_GRADIENT] = loss.givesTargetGradient() ? addresses[TARGET] : 0;
        }
        checkOverlap();
        write();
        checkedLoss = loss;
        checkedCuda = execution.isCuda();
        changed = false;
    }

    private boolean isSet(int slot) {
        return tensors[slot] != null || pointers[slot] != null;
    }

    private void checkPresence(DistillationLoss loss) {
        require(LOGITS, "[N, K, ...]");
        if (loss.target == DistillationLoss.Target.NONE) {
            refuse(TARGET, "with target NONE");
            refuse(ROW_DIVERGENCE, "with target NONE");
        } else {
            require(TARGET, "an array like logits with target " + loss.target);
        }
        if (!loss.givesTargetGradient()) {
            refuse(TARGET_GRADIENT, "unless target is PAIR, or LOGITS and coupled");
        }
        if (loss.crossEntropyWeight > 0 || loss.hasIgnoreIndex || isSet(ROW_CROSS_ENTROPY) || isSet(ROW_HIT)) {
            require(LABELS, "one label for each row");
        }
        boolean output = inPlace;
        for (int slot = LOSS; slot < WORKSPACE; slot++) {
            output |= isSet(slot);
        }
        if (!output) {
            throw new IllegalArgumentException("no output is set; expected at least one, for instance loss");
        }
    }

    private void require(int slot, String expected) {
        if (!isSet(slot)) {
            throw new IllegalArgumentException(NAMES[slot] + " is not set; expected " + expected);
        }
    }

    private void refuse(int slot, String when) {
        if (isSet(slot)) {
            throw new IllegalArgumentException(NAMES[slot] + " is set; expected none " + when);
        }
    }

    private void readSizes(Execution execution) {
        Tensor logits = tensors[LOGITS];
        if (logits == null) {
            return;
        }
        Operands.tensor("logits", logits, execution);
        Shape shape = logits.shape();
        if (shape.rank() < 2) {
            throw new IllegalArgumentException("logits has shape " + shape + "; expected [R, K] or [N, K, ...]");
        }
        outer = shape.size(0);
        classes = shape.size(1);
        inner = 1;
        for (int axis = 2; axis < shape.rank(); axis++) {
            // Where N is 0, the product of the others may be anything.
            inner = Checks.bytes("logits", 1, inner, shape.size(axis));
        }
        if (classes < 2 || classes > DistillationLoss.MAXIMUM_CLASSES || inner < 1) {
            throw new IllegalArgumentException("logits has shape " + shape + "; expected 2 to "
                    + DistillationLoss.MAXIMUM_CLASSES + " classes in axis 1, and no empty axis after it");
        }
    }

    /** Checks one array and notes where it lies. */
    private void locate(int slot, DistillationLoss loss, Execution execution) {
        long rows = Checks.bytes("logits", 1, outer, inner);
        long sides = loss.target == DistillationLoss.Target.PAIR ? 2 : 1;
        switch (slot) {
            case LOGITS:
            case TARGET:
            case LOGITS_GRADIENT:
            case TARGET_GRADIENT:
                locate(slot, loss.dtype, Checks.bytes("logits", 1, outer, classes, inner), execution);
                sameShapeAsLogits(slot);
                break;
            case LABELS:
                locate(slot, loss.labelDtype, rows, execution);
                break;
            case ROW_WEIGHTS:
                locate(slot, DType.F32, rows, execution);
                break;
            case UPSTREAM:
                locateUpstream(loss, rows, execution);
                break;
            case LOSS:
                locate(slot, DType.F32, loss.reduction == DistillationLoss.Reduction.NONE ? rows : 1, execution);
                break;
            case ROW_HIT:
                locate(slot, DType.U8, sides * rows, execution);
                break;
            case WORKSPACE:
                locateWorkspace(execution);
                break;
            default:
                locate(slot, DType.F32, sides * rows, execution);
        }
    }

    private void locate(int slot, DType dtype, long elements, Execution execution) {
        long bytes = Checks.bytes(NAMES[slot], dtype.bytes(), elements);
        Tensor tensor = tensors[slot];
        if (tensor != null) {
            Operands.tensor(NAMES[slot], tensor, execution, dtype);
            sameDevice(slot);
            if (tensor.elements() != elements) {
                throw new IllegalArgumentException(NAMES[slot] + " has shape " + tensor.shape() + "; expected "
                        + elements + " elements for logits of " + outer + " x " + classes + " x " + inner);
            }
            addresses[slot] = tensor.address();
        } else {
            addresses[slot] = pointerAddress(slot, dtype.bytes(), bytes);
        }
        sizes[slot] = bytes;
    }

    private long pointerAddress(int slot, int alignment, long bytes) {
        return Operands.address(NAMES[slot], starts[slot], held[slot], alignment, bytes);
    }

    /** As the first of the tensors. */
    private void sameDevice(int slot) {
        int first = 0;
        while (tensors[first] == null) {
            first++;
        }
        Operands.sameDevice(NAMES[slot], tensors[slot], NAMES[first], tensors[first]);
    }

    private void sameShapeAsLogits(int slot) {
        if (tensors[slot] != null && tensors[LOGITS] != null) {
            Operands.sameShape(NAMES[slot], tensors[slot], tensors[LOGITS].shape());
        }
    }

    private void locateUpstream(DistillationLoss loss, long rows, Execution execution) {
        boolean perRow = loss.reduction == DistillationLoss.Reduction.NONE;
        Tensor tensor = tensors[UPSTREAM];
        if (tensor != null) {
            boolean single = tensor.elements() == 1;
            upstreamStride = single ? 0 : 1;
            locate(UPSTREAM, DType.F32, single || !perRow ? 1 : rows, execution);
            return;
        }
        if (upstreamStride != 0 && !perRow) {
            throw new IllegalArgumentException(
                    "stride of upstream is " + upstreamStride + "; expected 0 with reduction " + loss.reduction);
        }
        long last = Math.max(rows - 1, 0);
        long span = Checks.bytes("upstream", DType.F32.bytes(), last, Math.abs(upstreamStride));
        if (upstreamStride >= 0) {
            sizes[UPSTREAM] = span + DType.F32.bytes();
            addresses[UPSTREAM] = pointerAddress(UPSTREAM, DType.F32.bytes(), sizes[UPSTREAM]);
        } else {
            addresses[UPSTREAM] = pointerAddress(UPSTREAM, DType.F32.bytes(), DType.F32.bytes());
            sizes[UPSTREAM] = DType.F32.bytes();
            if (span > heldBeforeUpstream) {
                throw new IllegalArgumentException("upstream holds " + heldBeforeUpstream + " bytes before its position; expected "
                        + span + " for stride " + upstreamStride);
            }
        }
    }

    private void locateWorkspace(Execution execution) {
        Tensor tensor = tensors[WORKSPACE];
        if (tensor != null) {
            Operands.tensor("workspace", tensor, execution);
            sameDevice(WORKSPACE);
            addresses[WORKSPACE] = tensor.address();
            sizes[WORKSPACE] = tensor.bytes();
            if (addresses[WORKSPACE] % WORKSPACE_ALIGNMENT != 0) {
                throw new IllegalArgumentException("workspace is at address 0x"
                        + Long.toHexString(addresses[WORKSPACE]) + "; expected a multiple of " + WORKSPACE_ALIGNMENT
                        + " bytes");
            }
        } else {
            addresses[WORKSPACE] = pointerAddress(WORKSPACE, WORKSPACE_ALIGNMENT, workspaceBytes);
            sizes[WORKSPACE] = workspaceBytes;
        }
    }

    private void checkOverlap() {
        for (int written = LOSS; written < COUNT; written++) {
            for (int other = 0; other < written; other++) {
                Checks.disjoint(NAMES[written], addresses[written], sizes[written], NAMES[other], addresses[other],
                        sizes[other]);
            }
        }
        // Logits and target may be the same array where neither is overwritten.
        if (inPlace) {
            Checks.disjoint(NAMES[LOGITS], addresses[LOGITS], sizes[LOGITS], NAMES[TARGET], addresses[TARGET],
                    sizes[TARGET]);
            for (int other = LABELS; other <= UPSTREAM; other++) {
                Checks.disjoint(NAMES[LOGITS], addresses[LOGITS], sizes[LOGITS], NAMES[other], addresses[other],
                        sizes[other]);
                Checks.disjoint(NAMES[TARGET], addresses[TARGET], sizes[TARGET], NAMES[other], addresses[other],
                        sizes[other]);
            }
        }
    }

    private void write() {
        if (struct == null) {
            struct = NativeStruct.allocate(sd_distillation_loss_arrays.class, sd_distillation_loss_arrays::new);
            struct.fields.struct_size(struct.bytes.capacity());
        }
        sd_distillation_loss_arrays fields = struct.fields;
        fields.outer(outer);
        fields.classes(classes);
        fields.inner(inner);
        fields.logits(untyped(LOGITS));
        fields.target(untyped(TARGET));
        fields.labels(untyped(LABELS));
        fields.row_weights(floats(ROW_WEIGHTS));
        fields.upstream(floats(UPSTREAM));
        fields.upstream_stride(isSet(UPSTREAM) ? upstreamStride : 0);
        fields.loss(floats(LOSS));
        fields.logits_gradient(untyped(LOGITS_GRADIENT));
        fields.target_gradient(untyped(TARGET_GRADIENT));
        fields.row_cross_entropy(floats(ROW_CROSS_ENTROPY));
        fields.row_divergence(floats(ROW_DIVERGENCE));
        fields.row_log_sum_exp(floats(ROW_LOG_SUM_EXP));
        fields.row_hit(new Address.OfBytes().at(addresses[ROW_HIT]));
        fields.workspace(untyped(WORKSPACE));
        fields.workspace_bytes(sizes[WORKSPACE]);
    }

    private Address untyped(int slot) {
        return new Address().at(addresses[slot]);
    }

    private Address.OfFloats floats(int slot) {
        return new Address.OfFloats().at(addresses[slot]);
    }
}
