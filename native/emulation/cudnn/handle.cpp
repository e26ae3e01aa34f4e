/* Handles: one per device and use; a handle remembers the stream that its calls go to. */
#include "emulation/cudnn/call.h"
#include "emulation/runtime/emulation.h"

using namespace emulation::cudnn;

size_t cudnnGetVersion(void) {
    int version = 0;
    return emulation::injected_failure(__func__, version) ? static_cast<size_t>(version) : CUDNN_VERSION;
}

cudnnStatus_t cudnnCreate(cudnnHandle_t *handle) {
    return guard(__func__, [&] {
        require_parameter(handle != nullptr, "the pointer for the new handle is NULL");
        auto created = std::make_unique<Handle>();
        const cudaError_t error = cudaGetDevice(&created->device);
        require(error == cudaSuccess, CUDNN_STATUS_NOT_INITIALIZED, "cudaGetDevice failed: ",
                cudaGetErrorString(error));
        *handle = static_cast<cudnnHandle_t>(add_object(std::move(created)));
    });
}

cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
    return destroy<Handle>(__func__, handle);
}

cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t streamId) {
    return guard(__func__, [&] {
        Handle &found = find_handle(handle);
        int device = 0;
        /* The runtime has reported it then. */
        require_parameter(emulation::device_of(streamId, device), "streamId is ", streamId,
                          ", which is no live stream");
        require_parameter(device == found.device, "streamId is a stream of device ", device,
                          "; the handle belongs to device ", found.device);
        found.stream = streamId;
    });
}
