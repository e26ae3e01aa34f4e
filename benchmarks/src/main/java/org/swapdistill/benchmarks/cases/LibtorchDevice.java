package org.swapdistill.benchmarks.cases;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.swapdistill.benchmarks.machine.OpenMp;

/** Where libtorch computes: the host, or the first GPU on its default stream. */
final class LibtorchDevice implements AutoCloseable {
    private final CudaStopwatch gpu;

    private LibtorchDevice(boolean gpu) {
        this.gpu = gpu ? new CudaStopwatch(null) : null;
    }

    /**
     * The device of {@link Implementation#LIBTORCH} or {@link Implementation#LIBTORCH_CUDA}. libtorch keeps the number
     * of threads for each calling thread.
     */
    static LibtorchDevice of(Implementation implementation, int threads) {
        OpenMp.useThreads(threads);
        torch.set_num_threads(threads);
        if (torch.get_num_threads() != threads) {
            throw new IllegalStateException(
                    "libtorch uses " + torch.get_num_threads() + " threads instead of " + threads);
        }
        return new LibtorchDevice(implementation.onGpu());
    }

    /** The tensor itself on the host, a copy on a GPU. */
    Tensor place(Tensor host) {
        return gpu == null ? host : host.cuda();
    }

    Stopwatch stopwatch() {
        return gpu == null ? Stopwatch.HOST : gpu;
    }

    @Override
    public void close() {
        if (gpu != null) {
            gpu.close();
        }
    }
}
