/*
 * Launching a kernel under emulation. The real runtime has the same templates in its cuda_runtime.h; here they keep the
 * types of the parameters, so that every emulated thread can call the kernel as a function.
 */
#ifndef SWAPDISTILL_EMULATION_KERNEL_LAUNCH_H
#define SWAPDISTILL_EMULATION_KERNEL_LAUNCH_H

#include "emulation/include/emulation_runtime_api.h"
#include "emulation/kernel/device.h"

#include <cstddef>
#include <memory>
#include <tuple>
#include <utility>

namespace emulation::kernel {

/* A kernel with its parameters, to be called once by every thread. */
struct Call {
    const void *kernel; /* for its name */
    void (*run)(void *arguments);
    std::shared_ptr<void> arguments;
};

cudaError_t launch(Call call, dim3 grid, dim3 block, std::size_t shared_bytes, cudaStream_t stream);

template <typename... P>
struct Arguments {
    void (*kernel)(P...);
    std::tuple<P...> values;
};

/* Runs within a thread of the kernel: not observed, because it reads the memory of the host. */
template <typename... P, std::size_t... I>
__attribute__((no_sanitize("thread"))) void run(Arguments<P...> *arguments, std::index_sequence<I...>) {
    arguments->kernel(std::get<I>(arguments->values)...);
}

template <typename... P>
__attribute__((no_sanitize("thread"))) void run(void *arguments) {
    run(static_cast<Arguments<P...> *>(arguments), std::index_sequence_for<P...>());
}

template <typename... P, std::size_t... I>
std::tuple<P...> copy_arguments(void **arguments, std::index_sequence<I...>) {
    return std::tuple<P...>(*static_cast<P *>(arguments[I])...);
}

} // namespace emulation::kernel

template <typename... P>
cudaError_t cudaLaunchKernel(void (*kernel)(P...), dim3 grid, dim3 block, void **arguments, std::size_t shared_bytes,
                             cudaStream_t stream) {
    /* The parameters are copied now, as the real launch does. */
    auto copied = std::make_shared<emulation::kernel::Arguments<P...>>(emulation::kernel::Arguments<P...>{
        kernel, emulation::kernel::copy_arguments<P...>(arguments, std::index_sequence_for<P...>())});
    return emulation::kernel::launch(
        {reinterpret_cast<const void *>(kernel), &emulation::kernel::run<P...>, std::move(copied)}, grid, block,
        shared_bytes, stream);
}

/* As many blocks as threads and block slots allow: the emulation knows nothing of registers. */
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *kernel, int threads,
                                                          std::size_t shared_bytes);

#endif
