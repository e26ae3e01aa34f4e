/*
 * Launching a kernel and checking that it was accepted.
 *
 * Launches go through cudaLaunchKernel instead of the <<<...>>> syntax, so that the sources remain plain C++ which a
 * host compiler can read as well.
 *
 * What is a source's own lies in an inline namespace with the source's name, not in an anonymous one: nvcc names kernels in
 * the latter after the path of the source, and builds in two directories would not give the same bytes.
 */
#ifndef SWAPDISTILL_CUDA_LAUNCH_H
#define SWAPDISTILL_CUDA_LAUNCH_H

#include "cuda/device.h"

#include <cuda_runtime.h>

namespace sd::cuda {

/* Makes a parameter's type come from the kernel's signature alone, so that arguments convert to it. */
template <typename T>
struct Exactly {
    using type = T;
};

/* Launches a kernel on a grid of blocks of the given number of threads; name is for the error message. */
template <typename... P>
sd_status launch(const char *name, void (*kernel)(P...), unsigned blocks, unsigned threads, cudaStream_t stream,
                 typename Exactly<P>::type... arguments) {
    void *pointers[] = {const_cast<void *>(static_cast<const void *>(&arguments))...};
    return check(cudaLaunchKernel(kernel, dim3(blocks), dim3(threads), pointers, 0, stream), name);
}

/* A number of blocks for work that a kernel walks through in steps of the grid: no more than there is work, and at
 * most `waves` times as many blocks as fit on the current device at once. */
template <typename... P>
sd_status grid_size(const char *name, void (*kernel)(P...), unsigned threads, int64_t work, int waves,
                    unsigned &blocks) {
    return grid_size_of(name, reinterpret_cast<const void *>(kernel), threads, work, waves, blocks);
}

} // namespace sd::cuda

#endif
