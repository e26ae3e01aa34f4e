/*
 * Answers about the current CUDA device.
 */
#include "cuda/device.h"

#include "common/backends.h"
#include "common/error.h"

#include <algorithm>

namespace sd::cuda {
inline namespace device_unit {

/* The oldest architecture that the kernels are compiled for. */
constexpr int OLDEST_MAJOR = 7;
constexpr int OLDEST_MINOR = 5;

/* What a failure of cudaGetDeviceCount means to a user who may not have a GPU at all. */
sd_status no_device(cudaError_t error) {
    /* The runtime keeps the error for the next caller that asks; it is answered here. */
    cudaGetLastError();
    switch (error) {
    case cudaErrorInsufficientDriver:
        return fail(SD_ERROR_UNAVAILABLE,
                    "the CUDA driver is missing or older than CUDA %d.%d, with which the kernels were built (%s)",
                    CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10, cudaGetErrorString(error));
    case cudaErrorNoDevice:
        return fail(SD_ERROR_UNAVAILABLE, "the CUDA driver finds no GPU (%s)", cudaGetErrorString(error));
    default:
        return fail(SD_ERROR_UNAVAILABLE, "the CUDA runtime cannot be used: %s (%s)", cudaGetErrorString(error),
                    cudaGetErrorName(error));
    }
}

/* Whether the library was built for the device: the kernels are all compiled for the same architectures. */
sd_status has_code_for(int device, int major, int minor) {
    cudaFuncAttributes attributes;
    const cudaError_t error = cudaFuncGetAttributes(&attributes, one_of_the_kernels());
    if (error == cudaSuccess) {
        return SD_SUCCESS;
    }
    if (error != cudaErrorNoKernelImageForDevice && error != cudaErrorInvalidDeviceFunction) {
        return no_device(error);
    }
    /* The runtime keeps the error for the next caller that asks; it is answered here. */
    cudaGetLastError();
    return fail(SD_ERROR_UNAVAILABLE,
                "CUDA device %d has compute capability %d.%d, for which the library has no code (%s): build it with "
                "-DCMAKE_CUDA_ARCHITECTURES=%d%d",
                device, major, minor, cudaGetErrorString(error), major, minor);
}

} // namespace device_unit

sd_status available() {
    int devices = 0;
    cudaError_t error = cudaGetDeviceCount(&devices);
    if (error == cudaSuccess && devices == 0) {
        error = cudaErrorNoDevice;
    }
    int device = 0;
    int major = 0;
    int minor = 0;
    if (error == cudaSuccess) {
        error = cudaGetDevice(&device);
    }
    if (error == cudaSuccess) {
        error = cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
    }
    if (error == cudaSuccess) {
        error = cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device);
    }
    if (error != cudaSuccess) {
        return no_device(error);
    }
    if (major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR)) {
        return fail(SD_ERROR_UNAVAILABLE, "CUDA device %d has compute capability %d.%d; expected at least %d.%d",
                    device, major, minor, OLDEST_MAJOR, OLDEST_MINOR);
    }
    return has_code_for(device, major, minor);
}

sd_status check(cudaError_t error, const char *what) {
    if (error == cudaSuccess) {
        return SD_SUCCESS;
    }
    /* The runtime keeps the error for the next caller that asks; it is answered here. An error that an earlier call of
     * someone else left behind is not asked for, and stays. */
    cudaGetLastError();
    if (error == cudaErrorInsufficientDriver || error == cudaErrorNoDevice) {
        return no_device(error);
    }
    const bool no_code = error == cudaErrorNoKernelImageForDevice || error == cudaErrorInvalidDeviceFunction;
    return fail(no_code ? SD_ERROR_UNAVAILABLE : SD_ERROR_CUDA, "%s: %s (%s)", what, cudaGetErrorString(error), cudaGetErrorName(error));
}

sd_status grid_size_of(const char *name, const void *kernel, unsigned threads, int64_t work, int waves,
                       unsigned &blocks) {
    int device = 0;
    int multiprocessors = 0;
    int resident = 0;
    cudaError_t error = cudaGetDevice(&device);
    if (error == cudaSuccess) {
        error = cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device);
    }
    if (error == cudaSuccess) {
        error = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&resident, kernel, static_cast<int>(threads), 0);
    }
    if (error != cudaSuccess) {
        return check(error, name);
    }
    const int64_t most = static_cast<int64_t>(std::max(multiprocessors, 1)) * std::max(resident, 1) * waves;
    blocks = static_cast<unsigned>(std::max<int64_t>(1, std::min(work, most)));
    return SD_SUCCESS;
}

} // namespace sd::cuda
