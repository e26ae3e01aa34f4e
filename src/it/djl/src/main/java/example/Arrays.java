package example;

import ai.djl.ndarray.NDArray;
import java.nio.ByteBuffer;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/** Arrays of DJL as tensors. */
final class Arrays {
    private Arrays() {
    }

    /**
     * A tensor over the memory of an array of the PyTorch engine on the CPU: both see every change. Keep the array open while
     * the tensor is used.
     *
     * @throws IllegalArgumentException if the array is not contiguous, on another device or of another engine: DJL then gives
     *     a copy, which would receive the results in place of the array
     */
    static Tensor tensor(String name, NDArray array) {
        ByteBuffer buffer = array.toByteBuffer(true);
        // DJL does not say whether an array is contiguous; of one that is not, every call makes another copy.
        boolean shared = buffer.isDirect() && Memory.wrap(array.toByteBuffer(true)).address() == Memory.wrap(buffer).address();
        if (!shared) {
            throw new IllegalArgumentException(name + " is " + array.getDataType() + " " + array.getShape() + " on "
                    + array.getDevice() + " and gives no access to its memory; expected a contiguous array on cpu(): "
                    + "use flatten().reshape(getShape())");
        }
        return Tensor.view(Memory.wrap(buffer), 0, dtype(name, array), Shape.of(array.getShape().getShape()));
    }

    private static DType dtype(String name, NDArray array) {
        return switch (array.getDataType()) {
            case FLOAT32 -> DType.F32;
            case FLOAT16 -> DType.F16;
            case UINT8 -> DType.U8;
            case INT32 -> DType.I32;
            case INT64 -> DType.I64;
            default -> throw new IllegalArgumentException(name + " is " + array.getDataType()
                    + "; expected float32, float16, uint8, int32 or int64");
        };
    }
}
