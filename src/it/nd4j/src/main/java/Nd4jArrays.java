import java.lang.ref.Reference;
import java.util.Arrays;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Device;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/** Both operations on arrays of ND4J, in their own memory. */
public class Nd4jArrays {
    public static void main(String[] arguments) {
        swapImages();
        computeLoss();
        refuses(Nd4j.rand(DataType.FLOAT, 4, 6).permute(1, 0));
        System.out.println("ND4J: patch swap and loss in the arrays' own memory");
    }

    /**
     * A tensor over the memory of an array of C order, which may be a part of another; both see every change. ND4J frees the
     * memory when the array is garbage: keep it reachable while the tensor is used.
     */
    static Tensor tensor(INDArray array) {
        long[] strides = new long[array.rank()];
        long next = 1;
        for (int axis = array.rank() - 1; axis >= 0; axis--) {
            strides[axis] = next;
            next *= array.size(axis);
        }
        if (!Arrays.equals(strides, array.stride())) {
            throw new IllegalArgumentException("array has shape " + Arrays.toString(array.shape()) + " and strides "
                    + Arrays.toString(array.stride()) + "; expected " + Arrays.toString(strides) + ": use dup('c')");
        }
        DType dtype = switch (array.dataType()) {
            case FLOAT -> DType.F32;
            case HALF -> DType.F16;
            case BFLOAT16 -> DType.BF16;
            case UBYTE -> DType.U8;
            case INT -> DType.I32;
            case LONG -> DType.I64;
            default -> throw new IllegalArgumentException("array is " + array.dataType()
                    + "; expected FLOAT, HALF, BFLOAT16, UBYTE, INT or LONG");
        };
        Pointer whole = array.data().pointer();
        Memory memory = Memory.wrap(whole, whole.limit() * dtype.bytes(), Device.cpu());
        return Tensor.view(memory, array.offset() * dtype.bytes(), dtype, Shape.of(array.shape()));
    }

    private static void swapImages() {
        INDArray batch = Nd4j.rand(DataType.FLOAT, 8, 3, 8, 8);
        INDArray before = batch.dup();
        INDArray a = batch.get(NDArrayIndex.interval(0, 4));
        INDArray b = batch.get(NDArrayIndex.interval(4, 8));
        PatchSwap swap = PatchSwap.builder().patchSize(4).probability(1).positionCount(1).build();
        RandomPosition at = new RandomPosition(1, 0, 0, 0);
        swap.apply(Execution.cpu(), at, tensor(a), tensor(b));
        long changed = batch.neq(before).castTo(DataType.INT32).sumNumber().longValue();
        require(changed == 2 * 4 * 3 * 4 * 4, changed + " values changed; expected those of a patch of each image");
        swap.apply(Execution.cpu(), at, tensor(a), tensor(b));
        require(batch.equals(before), "a second swap undoes the first");
        Reference.reachabilityFence(batch);
    }

    private static void computeLoss() {
        int rows = 6;
        int classes = 10;
        float temperature = 4;
        INDArray a = Nd4j.randn(DataType.FLOAT, rows, classes);
        INDArray b = Nd4j.randn(DataType.FLOAT, rows, classes);
        INDArray labels = Nd4j.createFromArray(0, 1, 2, 3, 4, 9);
        INDArray value = Nd4j.zeros(DataType.FLOAT, 1);
        INDArray gradient = Nd4j.zeros(DataType.FLOAT, rows, classes);
        INDArray otherGradient = Nd4j.zeros(DataType.FLOAT, rows, classes);
        DistillationLoss loss = DistillationLoss.builder().temperature(temperature).build();
        try (Tensor workspace = Tensor.allocate(DType.U8, loss.workspaceBytes(Execution.cpu(), rows, classes, 1))) {
            loss.apply(Execution.cpu(), new DistillationLoss.Arrays().logits(tensor(a)).target(tensor(b))
                    .labels(tensor(labels)).loss(tensor(value)).logitsGradient(tensor(gradient))
                    .targetGradient(tensor(otherGradient)).workspace(workspace));
        }
        INDArray p = Transforms.softmax(a.castTo(DataType.DOUBLE), true);
        INDArray q = Transforms.softmax(b.castTo(DataType.DOUBLE), true);
        INDArray s = Transforms.softmax(a.castTo(DataType.DOUBLE).div(temperature), true);
        INDArray t = Transforms.softmax(b.castTo(DataType.DOUBLE).div(temperature), true);
        double expected = s.sub(t).mul(Transforms.log(s.div(t))).sumNumber().doubleValue() * temperature * temperature;
        INDArray expectedGradient = p.add(s.sub(t).mul(temperature));
        for (int row = 0; row < rows; row++) {
            int label = labels.getInt(row);
            expected -= Math.log(p.getDouble(row, label) * q.getDouble(row, label));
            expectedGradient.putScalar(row, label, expectedGradient.getDouble(row, label) - 1);
        }
        require(Math.abs(value.getDouble(0) - expected / (2 * rows)) < 1e-5, "the loss is " + value + ", not "
                + expected / (2 * rows));
        double error = Transforms.abs(expectedGradient.div(2 * rows).sub(gradient.castTo(DataType.DOUBLE))).maxNumber()
                .doubleValue();
        require(error < 1e-6, "the gradient is off by " + error);
        Reference.reachabilityFence(b);
    }

    private static void refuses(INDArray array) {
        try {
            tensor(array);
        } catch (IllegalArgumentException e) {
            require(e.getMessage().contains("expected [4, 1]: use dup('c')"), e.getMessage());
            return;
        }
        throw new IllegalStateException("a transposed array is not refused");
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException("does not hold: " + what);
        }
    }
}
