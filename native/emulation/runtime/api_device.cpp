/* The runtime's functions about devices and errors. */
#include "emulation/runtime/faults.h"
#include "emulation/runtime/memory.h"
#include "emulation/runtime/streams.h"

#include <cstdio>
#include <cstring>

using namespace emulation;

namespace emulation {

DeviceProperties properties(int) {
    DeviceProperties properties;
    properties.memory_bytes = memory_bytes();
    return properties;
}

} // namespace emulation

namespace {

bool exists(int device) {
    return device >= 0 && device < device_count();
}

cudaError_t answer_version(int *version) {
    if (version == nullptr) {
        return cudaErrorInvalidValue;
    }
    *version = CUDART_VERSION;
    return cudaSuccess;
}

} // namespace

cudaError_t cudaGetDeviceCount(int *count) {
    return api("cudaGetDeviceCount", [&] {
        if (count == nullptr) {
            return cudaErrorInvalidValue;
        }
        *count = device_count();
        return *count > 0 ? cudaSuccess : cudaErrorNoDevice;
    });
}

cudaError_t cudaSetDevice(int device) {
    return api("cudaSetDevice", [&] {
        if (!exists(device)) {
            return cudaErrorInvalidDevice;
        }
        set_current_device(device);
        return cudaSuccess;
    });
}

cudaError_t cudaGetDevice(int *device) {
    return api("cudaGetDevice", [&] {
        if (device == nullptr) {
            return cudaErrorInvalidValue;
        }
        *device = current_device();
        return device_count() > 0 ? cudaSuccess : cudaErrorNoDevice;
    });
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *answer, int device) {
    return api("cudaGetDeviceProperties", [&] {
        if (answer == nullptr) {
            return cudaErrorInvalidValue;
        }
        if (!exists(device)) {
            return cudaErrorInvalidDevice;
        }
        const DeviceProperties known = properties(device);
        std::memset(answer, 0, sizeof *answer);
        std::snprintf(answer->name, sizeof answer->name, "%s", known.name);
        answer->totalGlobalMem = known.memory_bytes;
        answer->sharedMemPerBlock = known.shared_bytes_per_block;
        answer->regsPerBlock = known.registers_per_block;
        answer->warpSize = known.warp_size;
        answer->maxThreadsPerBlock = known.threads_per_block;
        answer->major = known.major;
        answer->minor = known.minor;
        answer->multiProcessorCount = known.multiprocessors;
        return cudaSuccess;
    });
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int device) {
    return api("cudaDeviceGetAttribute", [&] {
        if (value == nullptr) {
            return cudaErrorInvalidValue;
        }
        if (!exists(device)) {
            return cudaErrorInvalidDevice;
        }
        const DeviceProperties known = properties(device);
        switch (attribute) {
        case cudaDevAttrMaxThreadsPerBlock: *value = known.threads_per_block; return cudaSuccess;
        case cudaDevAttrMaxSharedMemoryPerBlock:
            *value = static_cast<int>(known.shared_bytes_per_block);
            return cudaSuccess;
        case cudaDevAttrWarpSize: *value = known.warp_size; return cudaSuccess;
        case cudaDevAttrMaxRegistersPerBlock: *value = known.registers_per_block; return cudaSuccess;
        case cudaDevAttrMultiProcessorCount: *value = known.multiprocessors; return cudaSuccess;
        case cudaDevAttrMaxThreadsPerMultiProcessor: *value = known.threads_per_multiprocessor; return cudaSuccess;
        case cudaDevAttrComputeCapabilityMajor: *value = known.major; return cudaSuccess;
        case cudaDevAttrComputeCapabilityMinor: *value = known.minor; return cudaSuccess;
        case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
            *value = static_cast<int>(known.shared_bytes_per_multiprocessor);
            return cudaSuccess;
        case cudaDevAttrMaxSharedMemoryPerBlockOptin:
            *value = static_cast<int>(known.shared_bytes_per_block_opt_in);
            return cudaSuccess;
        }
        report("cudaDeviceGetAttribute: the emulation does not know attribute " +
               std::to_string(static_cast<int>(attribute)));
        return cudaErrorInvalidValue;
    });
}

cudaError_t cudaDeviceSynchronize(void) {
    return api("cudaDeviceSynchronize", [] {
        const StreamLock lock(stream_mutex());
        const cudaError_t refused = waits_for_captured_device(current_device());
        if (refused != cudaSuccess) {
            return refused;
        }
        wait_for_device(current_device());
        return context_error();
    });
}

cudaError_t cudaDriverGetVersion(int *version) {
    return api("cudaDriverGetVersion", [&] { return answer_version(version); });
}

cudaError_t cudaRuntimeGetVersion(int *version) {
    return api("cudaRuntimeGetVersion", [&] { return answer_version(version); });
}

cudaError_t cudaGetLastError(void) {
    int code = 0;
    const bool fails = injected_failure("cudaGetLastError", code);
    const cudaError_t last = last_error(true);
    return fails ? static_cast<cudaError_t>(code) : last;
}

cudaError_t cudaPeekAtLastError(void) {
    int code = 0;
    return injected_failure("cudaPeekAtLastError", code) ? static_cast<cudaError_t>(code) : last_error(false);
}

namespace {

struct ErrorText {
    cudaError_t error;
    const char *name;
    const char *text;
};

#define ERROR_TEXT(error, text) {error, #error, text}
const ErrorText ERROR_TEXTS[] = {
    ERROR_TEXT(cudaSuccess, "no error"),
    ERROR_TEXT(cudaErrorInvalidValue, "invalid argument"),
    ERROR_TEXT(cudaErrorMemoryAllocation, "out of memory"),
    ERROR_TEXT(cudaErrorInvalidConfiguration, "invalid configuration argument"),
    ERROR_TEXT(cudaErrorInvalidMemcpyDirection, "invalid copy direction for memcpy"),
    ERROR_TEXT(cudaErrorInsufficientDriver, "CUDA driver version is insufficient for CUDA runtime version"),
    ERROR_TEXT(cudaErrorInvalidDeviceFunction, "invalid device function"),
    ERROR_TEXT(cudaErrorNoDevice, "no CUDA-capable device is detected"),
    ERROR_TEXT(cudaErrorInvalidDevice, "invalid device ordinal"),
    ERROR_TEXT(cudaErrorNoKernelImageForDevice, "no kernel image is available for execution on the device"),
    ERROR_TEXT(cudaErrorInvalidResourceHandle, "invalid resource handle"),
    ERROR_TEXT(cudaErrorNotReady, "device not ready"),
    ERROR_TEXT(cudaErrorIllegalAddress, "an illegal memory access was encountered"),
    ERROR_TEXT(cudaErrorLaunchOutOfResources, "too many resources requested for launch"),
    ERROR_TEXT(cudaErrorMisalignedAddress, "misaligned address"),
    ERROR_TEXT(cudaErrorLaunchFailure, "unspecified launch failure"),
    ERROR_TEXT(cudaErrorStreamCaptureUnsupported, "operation not permitted when stream is capturing"),
    ERROR_TEXT(cudaErrorStreamCaptureInvalidated, "operation failed due to a previous error during capture"),
    ERROR_TEXT(cudaErrorStreamCaptureUnmatched, "the capture was not initiated in this stream"),
    ERROR_TEXT(cudaErrorStreamCaptureIsolation, "dependency created on uncaptured work in another stream"),
    ERROR_TEXT(cudaErrorStreamCaptureImplicit,
               "operation would make the legacy stream depend on a capturing blocking stream"),
    ERROR_TEXT(cudaErrorStreamCaptureWrongThread,
               "attempt to terminate a thread-local capture sequence from another thread"),
};
#undef ERROR_TEXT

} // namespace

const char *cudaGetErrorName(cudaError_t error) {
    for (const ErrorText &each : ERROR_TEXTS) {
        if (each.error == error) {
            return each.name;
        }
    }
    return "unrecognized error code";
}

const char *cudaGetErrorString(cudaError_t error) {
    for (const ErrorText &each : ERROR_TEXTS) {
        if (each.error == error) {
            return each.text;
        }
    }
    return "unrecognized error code";
}
