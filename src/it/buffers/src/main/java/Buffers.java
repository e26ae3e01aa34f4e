import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/** Both operations on memory that the library did not allocate: direct NIO buffers, and pointers of JavaCPP. */
public class Buffers {
    private static final RandomPosition AT = new RandomPosition(3, 0, 0, 0);
    private static final int PAIRS = 4;
    private static final int IMAGE = 3 * 8 * 8;

    public static void main(String[] arguments) {
        float[] expected = expectedImages();
        require(Arrays.equals(swapBuffers(), expected), "direct buffers are swapped like tensors");
        require(Arrays.equals(swapPointers(), expected), "pointers are swapped like tensors");
        lossOfPointers();
        refusals();
        System.out.println("buffers and pointers: patch swap and loss as with tensors");
    }

    /** Images a, then b, after the swap. */
    private static float[] expectedImages() {
        float[] images = images();
        float[] a = Arrays.copyOf(images, PAIRS * IMAGE);
        float[] b = Arrays.copyOfRange(images, PAIRS * IMAGE, images.length);
        try (Tensor tensorA = Tensor.of(a, PAIRS, 3, 8, 8); Tensor tensorB = Tensor.of(b, PAIRS, 3, 8, 8)) {
            swap().apply(Execution.cpu(), AT, tensorA, tensorB);
            System.arraycopy(tensorA.toFloats(), 0, images, 0, a.length);
            System.arraycopy(tensorB.toFloats(), 0, images, a.length, b.length);
        }
        require(!Arrays.equals(images, images()), "something was swapped");
        return images;
    }

    private static float[] swapBuffers() {
        FloatBuffer batch = ByteBuffer.allocateDirect(2 * PAIRS * IMAGE * Float.BYTES).order(ByteOrder.nativeOrder())
                .asFloatBuffer();
        batch.put(images()).clear();

        Shape shape = Shape.of(PAIRS, 3, 8, 8);
        Memory memory = Memory.wrap(batch);
        Tensor a = Tensor.view(memory, 0, DType.F32, shape);
        Tensor b = Tensor.view(memory, a.bytes(), DType.F32, shape);
        swap().apply(Execution.cpu(), AT, a, b);

        float[] result = new float[batch.remaining()];
        batch.get(result);
        return result;
    }

    private static float[] swapPointers() {
        try (PointerScope scope = new PointerScope()) {
            FloatPointer a = new FloatPointer(images());
            FloatPointer b = new FloatPointer(a).position(PAIRS * IMAGE);
            swap().apply(Execution.cpu(), AT, DType.F32, PAIRS, 3, 8, 8, a, b);

            float[] result = new float[2 * PAIRS * IMAGE];
            a.get(result);
            return result;
        }
    }

    /** Equal logits of both sides: cross-entropy alone, here ln 5, and gradients (p - onehot) / 2 N. */
    private static void lossOfPointers() {
        int rows = 3;
        int classes = 5;
        DistillationLoss loss = DistillationLoss.builder().temperature(4).build();
        try (PointerScope scope = new PointerScope()) {
            FloatPointer logits = new FloatPointer(new float[2 * rows * classes]);
            FloatPointer other = new FloatPointer(logits).position((long) rows * classes);
            IntPointer labels = new IntPointer(0, 3, 4);
            FloatPointer value = new FloatPointer(1);
            long bytes = loss.workspaceBytes(Execution.cpu(), rows, classes, 1);
            Pointer workspace = Pointer.malloc(bytes);
            loss.apply(Execution.cpu(), new DistillationLoss.Arrays().logits(logits, rows, classes, 1).target(other)
                    .labels(labels).loss(value).gradientsInPlace().workspace(workspace, bytes));
            Pointer.free(workspace);
            require(Math.abs(value.get() - Math.log(5)) < 1e-6, "the loss is ln 5, not " + value.get());
            require(Math.abs(logits.get(0) - (0.2 - 1) / 6) < 1e-6, "the gradient is " + logits.get(0));
            require(Math.abs(logits.get(rows * classes + 1) - 0.2 / 6) < 1e-6, "the other gradient");
        }
    }

    private static void refusals() {
        refuses(() -> Memory.wrap(FloatBuffer.allocate(4)), "on the heap; expected a direct one");
        refuses(() -> Memory.wrap(ByteBuffer.allocateDirect(16).order(ByteOrder.BIG_ENDIAN).asFloatBuffer()),
                "in the order BIG_ENDIAN; expected LITTLE_ENDIAN");
        try (PointerScope scope = new PointerScope()) {
            FloatPointer a = new FloatPointer(IMAGE);
            FloatPointer small = new FloatPointer(IMAGE - 1);
            refuses(() -> swap().apply(Execution.cpu(), AT, DType.F32, 1, 3, 8, 8, a, small),
                    "b holds 764 bytes; expected at least 768");
            refuses(() -> swap().apply(Execution.cpu(), AT, DType.F32, 1, 3, 8, 8, a, a), "overlap");
        }
    }

    private static PatchSwap swap() {
        return PatchSwap.builder().patchSize(4).probability(1).build();
    }

    private static float[] images() {
        float[] values = new float[2 * PAIRS * IMAGE];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        return values;
    }

    private static void refuses(Runnable call, String message) {
        try {
            call.run();
        } catch (IllegalArgumentException e) {
            require(e.getMessage().contains(message), "\"" + e.getMessage() + "\" contains \"" + message + "\"");
            return;
        }
        throw new IllegalStateException("nothing is thrown; expected \"" + message + "\"");
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException("does not hold: " + what);
        }
    }
}
