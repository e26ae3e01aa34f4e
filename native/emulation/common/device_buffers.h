/*
 * The device memory that a call of cuDNN or cuBLAS works on. Every buffer is checked over its whole extent twice: when
 * the call is made, and again when its work runs, so that memory freed in between is found.
 */
#ifndef SWAPDISTILL_EMULATION_COMMON_DEVICE_BUFFERS_H
#define SWAPDISTILL_EMULATION_COMMON_DEVICE_BUFFERS_H

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "emulation/include/emulation_runtime_api.h"

namespace emulation {

struct DeviceBuffer {
    /* The name of the argument. */
    const char *name;
    const char *data;
    int64_t bytes;
    bool written;
};

/* Why a buffer is not memory of the device from its first to its last byte, or nothing. */
std::string trouble_of(const DeviceBuffer &buffer, int device);

/* Two buffers that overlap, one of which is written, as a sentence; or nothing. */
std::string overlap_of(const std::vector<DeviceBuffer> &buffers);

/* Puts work on a stream that checks the buffers before it starts, and reports them instead if they are not right.
 * function names the call. */
cudaError_t enqueue_checked(cudaStream_t stream, int device, const char *function, std::vector<DeviceBuffer> buffers,
                            std::function<void()> work);

} // namespace emulation

#endif
