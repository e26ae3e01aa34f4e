package example;

import java.util.Arrays;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.cuda.CUDAGuard;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch_cuda;
import org.swapdistill.kernels.Execution;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Layout;

/** What SwapDistill has to know of a libtorch tensor to work on its memory. */
final class TorchTensors {
    private TorchTensors() {
    }

    /** A tensor that is defined and strided. */
    static Tensor require(String name, Tensor tensor) {
        if (tensor == null || tensor.isNull() || !tensor.defined()) {
            throw new IllegalArgumentException(name + " is " + (tensor == null ? "null" : "undefined")
                    + "; expected a tensor");
        }
        if (tensor.layout().intern() != torch.Layout.Strided) {
            throw new IllegalArgumentException(name + " is sparse; expected a strided tensor");
        }
        return tensor;
    }

    static void requireLike(String name, Tensor tensor, String otherName, Tensor other) {
        require(name, tensor);
        if (tensor.scalar_type().intern() != other.scalar_type().intern() || !tensor.device().equals(other.device())
                || !Arrays.equals(sizes(tensor), sizes(other))) {
            throw new IllegalArgumentException(name + " is " + text(tensor) + "; expected " + text(other) + " as "
                    + otherName);
        }
    }

    /** The type of a tensor, which has to be one of those that are expected. */
    static DType dtype(String name, Tensor tensor, DType... expected) {
        for (DType dtype : expected) {
            if (scalarType(dtype) == tensor.scalar_type().intern()) {
                return dtype;
            }
        }
        throw new IllegalArgumentException(name + " is " + text(tensor) + "; expected one of "
                + Arrays.stream(expected).map(TorchTensors::scalarType).toList());
    }

    static torch.ScalarType scalarType(DType dtype) {
        return switch (dtype) {
            case F32 -> torch.ScalarType.Float;
            case F16 -> torch.ScalarType.Half;
            case BF16 -> torch.ScalarType.BFloat16;
            case U8 -> torch.ScalarType.Byte;
            case I32 -> torch.ScalarType.Int;
            case I64 -> torch.ScalarType.Long;
        };
    }

    /** The memory format of a batch of images [N, C, H, W]: contiguous or channels-last, nothing else. */
    static Layout layout(String name, Tensor images) {
        if (images.dim() != 4) {
            throw new IllegalArgumentException(name + " is " + text(images) + "; expected [N, C, H, W]");
        }
        if (images.is_contiguous()) {
            return Layout.NCHW;
        }
        if (images.is_contiguous(torch.MemoryFormat.ChannelsLast)) {
            return Layout.NHWC;
        }
        throw new IllegalArgumentException(name + " is " + text(images) + " with strides "
                + Arrays.toString(strides(images)) + "; expected a contiguous or channels-last tensor");
    }

    /** Runs on the tensor's device: on the CPU with libtorch's number of threads, on CUDA on libtorch's current stream. */
    static void run(String name, Tensor tensor, Consumer<Execution> body) {
        if (tensor.is_cuda()) {
            OnCuda.run(tensor, body);
        } else if (tensor.device().is_cpu()) {
            body.accept(Execution.cpu(torch.get_num_threads()));
        } else {
            throw new IllegalArgumentException(name + " is " + text(tensor) + "; expected a tensor on cpu or cuda");
        }
    }

    /** Loaded only where there are tensors on CUDA: without a GPU its libraries are not there. */
    private static final class OnCuda {
        static void run(Tensor tensor, Consumer<Execution> body) {
            byte index = tensor.device().index();
            try (PointerScope scope = new PointerScope(); CUDAGuard guard = new CUDAGuard(index)) {
                body.accept(Execution.cuda(torch_cuda.getCurrentCUDAStream(index).stream()));
            }
        }
    }

    static long[] sizes(Tensor tensor) {
        long[] sizes = new long[(int) tensor.dim()];
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = tensor.size(i);
        }
        return sizes;
    }

    private static long[] strides(Tensor tensor) {
        long[] strides = new long[(int) tensor.dim()];
        for (int i = 0; i < strides.length; i++) {
            strides[i] = tensor.stride(i);
        }
        return strides;
    }

    static String text(Tensor tensor) {
        return tensor.scalar_type().intern() + " " + Arrays.toString(sizes(tensor)) + " on "
                + tensor.device().str().getString();
    }
}
