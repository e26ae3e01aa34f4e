package org.swapdistill.benchmarks.cases;

import org.swapdistill.backend.cuda.CudaBackend;
import org.swapdistill.backend.cuda.CudaOptions;
import org.swapdistill.kernels.Execution;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/** Where this library's kernels run: the host or a GPU. */
interface KernelDevice extends AutoCloseable {

    /** The device of {@link Implementation#NATIVE} or {@link Implementation#CUDA}. */
    static KernelDevice of(Implementation implementation, int threads) {
        return implementation == Implementation.CUDA ? new Gpu() : new Host(threads);
    }

    Execution execution();

    Stopwatch stopwatch();

    /** A new tensor of the device with the values of a host tensor. */
    Tensor copyOf(Tensor host);

    /** Copies the values of a host tensor into one of the device. */
    void write(Tensor host, Tensor device);

    /** A new host tensor with the values of one of the device; waits for the device. */
    Tensor read(Tensor device);

    @Override
    void close();

    /** The CPU. */
    final class Host implements KernelDevice {
        private final Execution execution;

        Host(int threads) {
            execution = Execution.cpu(threads);
        }

        @Override
        public Execution execution() {
            return execution;
        }

        @Override
        public Stopwatch stopwatch() {
            return Stopwatch.HOST;
        }

        @Override
        public Tensor copyOf(Tensor host) {
            Tensor copy = Tensor.allocate(host.dtype(), host.shape());
            copy.copyFrom(host);
            return copy;
        }

        @Override
        public void write(Tensor host, Tensor device) {
            device.copyFrom(host);
        }

        @Override
        public Tensor read(Tensor device) {
            return copyOf(device);
        }

        @Override
        public void close() {
        }
    }

    /** The first CUDA device. */
    final class Gpu implements KernelDevice {
        private final CudaBackend backend = CudaBackend.create(CudaOptions.of(DType.F32));
        private final CudaStopwatch stopwatch = new CudaStopwatch(backend.stream());

        @Override
        public Execution execution() {
            return backend.execution();
        }

        @Override
        public Stopwatch stopwatch() {
            return stopwatch;
        }

        @Override
        public Tensor copyOf(Tensor host) {
            Tensor copy = backend.allocate(host.dtype(), host.shape());
            backend.write(host, copy);
            return copy;
        }

        @Override
        public void write(Tensor host, Tensor device) {
            backend.write(host, device);
        }

        @Override
        public Tensor read(Tensor device) {
            Tensor host = Tensor.allocate(device.dtype(), device.shape());
            backend.read(device, host);
            return host;
        }

        @Override
        public void close() {
            stopwatch.close();
            backend.close();
        }
    }
}
