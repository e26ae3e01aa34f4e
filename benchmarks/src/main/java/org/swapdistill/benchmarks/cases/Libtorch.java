package org.swapdistill.benchmarks.cases;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptionalList;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.swapdistill.tensor.DType;

/** What all of the libtorch contenders need. */
final class Libtorch {

    private Libtorch() {
    }

    /** A type in libtorch's words. */
    static torch.ScalarType type(DType type) {
        return switch (type) {
            case F32 -> torch.ScalarType.Float;
            case F16 -> torch.ScalarType.Half;
            case BF16 -> torch.ScalarType.BFloat16;
            case U8 -> torch.ScalarType.Byte;
            case I32 -> torch.ScalarType.Int;
            case I64 -> torch.ScalarType.Long;
        };
    }

    /** A tensor over memory that the caller keeps; contiguous. */
    static Tensor over(Pointer memory, torch.ScalarType type, long... shape) {
        return torch.from_blob(memory, shape, new TensorOptions(type));
    }

    /** An uninitialised tensor. */
    static Tensor empty(torch.ScalarType type, long... shape) {
        return torch.empty(shape, new TensorOptions(type), null);
    }

    /**
     * Makes a tensor one whose gradient is wanted. ({@code requires_grad_} returns a second Java object onto the same
     * C++ object, which only the first one keeps.)
     */
    static Tensor differentiable(Tensor tensor) {
        tensor.set_requires_grad(true);
        return tensor;
    }

    static Tensor ofLongs(long[] values, long... shape) {
        Tensor tensor = empty(torch.ScalarType.Long, shape);
        tensor.data_ptr_long().put(values);
        return tensor;
    }

    static Tensor ofFloats(float[] values, long... shape) {
        Tensor tensor = empty(torch.ScalarType.Float, shape);
        tensor.data_ptr_float().put(values);
        return tensor;
    }

    /** The values, of any type and layout, in row-major order. */
    static float[] toFloats(Tensor tensor) {
        try (PointerScope scope = new PointerScope()) {
            Tensor dense = tensor.detach().to(torch.ScalarType.Float).cpu().contiguous();
            float[] values = new float[Math.toIntExact(dense.numel())];
            dense.data_ptr_float().get(values);
            return values;
        }
    }

    /** The values, of any type and layout, in row-major order. */
    static double[] toDoubles(Tensor tensor) {
        try (PointerScope scope = new PointerScope()) {
            Tensor dense = tensor.detach().to(torch.ScalarType.Double).cpu().contiguous();
            double[] values = new double[Math.toIntExact(dense.numel())];
            dense.data_ptr_double().get(values);
            return values;
        }
    }

    /** The memory of the values in row-major order. */
    static byte[] toBytes(Tensor tensor) {
        try (PointerScope scope = new PointerScope()) {
            Tensor dense = tensor.detach().cpu().contiguous();
            byte[] bytes = new byte[Math.toIntExact(dense.nbytes())];
            new BytePointer(dense.data_ptr()).get(bytes);
            return bytes;
        }
    }

    /** For {@code index} and {@code index_put_}. */
    static TensorOptionalList indices(Tensor... indices) {
        TensorOptionalList list = new TensorOptionalList();
        for (Tensor index : indices) {
            list.push_back(new TensorOptional(index));
        }
        return list;
    }

    /** Frees everything that the body makes when it ends, as C++ would. */
    static Runnable scoped(Runnable body) {
        return () -> {
            try (PointerScope scope = new PointerScope()) {
                body.run();
            }
        };
    }

    /** Like {@link #scoped}, and without recording gradients. */
    static Runnable scopedWithoutGradient(Runnable body) {
        return () -> {
            try (PointerScope scope = new PointerScope(); NoGradGuard guard = new NoGradGuard()) {
                body.run();
            }
        };
    }
}
