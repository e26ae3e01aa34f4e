/*
 * The current CUDA device: can it run the kernels, how many blocks does it hold, and what its errors say.
 */
#ifndef SWAPDISTILL_CUDA_DEVICE_H
#define SWAPDISTILL_CUDA_DEVICE_H

#include "swapdistill/swapdistill.h"

#include <cuda_runtime.h>
#include <stdint.h>

namespace sd::cuda {

/* SD_SUCCESS, or SD_ERROR_CUDA with a sentence made of `what` and the runtime's own words. */
sd_status check(cudaError_t error, const char *what);

/* See grid_size() in launch.h. */
sd_status grid_size_of(const char *name, const void *kernel, unsigned threads, int64_t work, int waves,
                       unsigned &blocks);

/* A kernel of the library, to ask the runtime about; in distillation_loss.cu. */
const void *one_of_the_kernels();

} // namespace sd::cuda

#endif
