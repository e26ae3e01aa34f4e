#include "emulation/cublas/handle.h"

#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "emulation/runtime/emulation.h"

namespace emulation::cublas {

namespace {

/* Never destroyed, and no entry removed: a destroyed handle's address is not given out again and is recognised. */
struct Registry {
    std::mutex mutex;
    std::unordered_map<const void *, std::unique_ptr<Handle>> handles;
};

Registry &registry() {
    static Registry *instance = new Registry();
    return *instance;
}

thread_local const char *running = "cuBLAS";

Handle &find_live(cublasHandle_t address) {
    require(address != nullptr, CUBLAS_STATUS_NOT_INITIALIZED, "handle is NULL");
    const std::lock_guard<std::mutex> lock(registry().mutex);
    const auto found = registry().handles.find(address);
    std::ostringstream text;
    text << "handle is " << static_cast<const void *>(address);
    if (found == registry().handles.end()) {
        fault(text.str() + ", which is no handle of cuBLAS");
    }
    if (found->second->destroyed) {
        fault(text.str() + ", a handle that was destroyed");
    }
    return *found->second;
}

} // namespace

cublasStatus_t guard(const char *function, const std::function<void()> &body) {
    running = function;
    int injected = 0;
    if (injected_failure(function, injected)) {
        return static_cast<cublasStatus_t>(injected);
    }
    try {
        body();
        return CUBLAS_STATUS_SUCCESS;
    } catch (const Refusal &refusal) {
        std::fprintf(stderr, "CUDA emulation: %s refuses: %s\n", function, refusal.text.c_str());
        return refusal.status;
    } catch (const std::exception &failure) {
        std::fprintf(stderr, "CUDA emulation: %s fails: %s\n", function, failure.what());
        return CUBLAS_STATUS_INTERNAL_ERROR;
    }
}

void fault(const std::string &description) {
    report(std::string(running) + ": " + description);
    throw Refusal{CUBLAS_STATUS_INVALID_VALUE, description};
}

Handle &find(cublasHandle_t handle) {
    Handle &found = find_live(handle);
    int device = 0;
    require(cudaGetDevice(&device) == cudaSuccess, CUBLAS_STATUS_EXECUTION_FAILED, "cudaGetDevice failed");
    if (device != found.device) {
        std::ostringstream text;
        text << "the handle belongs to device " << found.device << ", but device " << device << " is current";
        fault(text.str());
    }
    return found;
}

void enqueue(const Handle &handle, std::vector<DeviceBuffer> buffers, std::function<void()> work) {
    if (handle.workspace != nullptr) {
        buffers.push_back({"workspace", static_cast<const char *>(handle.workspace), handle.workspace_bytes, true});
    }
    for (const DeviceBuffer &buffer : buffers) {
        require(buffer.data != nullptr, CUBLAS_STATUS_INVALID_VALUE, buffer.name, " is NULL");
        const std::string trouble = trouble_of(buffer, handle.device);
        if (!trouble.empty()) {
            fault(trouble);
        }
        require(reinterpret_cast<std::uintptr_t>(buffer.data) % 4 == 0, CUBLAS_STATUS_INVALID_VALUE, buffer.name,
                " is ", static_cast<const void *>(buffer.data), "; expected a multiple of 4 bytes");
    }
    const std::string overlap = overlap_of(buffers);
    require(overlap.empty(), CUBLAS_STATUS_INVALID_VALUE, overlap);
    const cudaError_t error =
        enqueue_checked(handle.stream, handle.device, running, std::move(buffers),
                        [scratch = handle.workspace, bytes = handle.workspace_bytes, work = std::move(work)] {
                            /* Whatever the caller kept there is lost. */
                            if (scratch != nullptr) {
                                std::memset(scratch, 0xFF, static_cast<size_t>(bytes));
                            }
                            work();
                        });
    require(error == cudaSuccess, CUBLAS_STATUS_EXECUTION_FAILED,
            "the work cannot be put on the stream: ", cudaGetErrorString(error));
}

} // namespace emulation::cublas

using namespace emulation::cublas;

cublasStatus_t cublasCreate_v2(cublasHandle_t *handle) {
    return guard(__func__, [&] {
        require(handle != nullptr, CUBLAS_STATUS_INVALID_VALUE, "the pointer for the new handle is NULL");
        auto created = std::make_unique<Handle>();
        require(cudaGetDevice(&created->device) == cudaSuccess, CUBLAS_STATUS_NOT_INITIALIZED,
                "cudaGetDevice failed");
        const std::lock_guard<std::mutex> lock(registry().mutex);
        *handle = reinterpret_cast<cublasHandle_t>(created.get());
        emulation::object_created("cuBLAS handle", created.get());
        registry().handles[created.get()] = std::move(created);
    });
}

cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
    return guard(__func__, [&] {
        find_live(handle).destroyed = true;
        emulation::object_destroyed(handle);
    });
}

cublasStatus_t cublasGetVersion_v2(cublasHandle_t, int *version) {
    return guard(__func__, [&] {
        require(version != nullptr, CUBLAS_STATUS_INVALID_VALUE, "version is NULL");
        *version = CUBLAS_VERSION;
    });
}

cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t streamId) {
    return guard(__func__, [&] {
        Handle &found = find(handle);
        int device = 0;
        /* The runtime has reported it then. */
        require(emulation::device_of(streamId, device), CUBLAS_STATUS_INVALID_VALUE, "streamId is no live stream");
        require(device == found.device, CUBLAS_STATUS_INVALID_VALUE, "streamId is a stream of device ", device,
                "; the handle belongs to device ", found.device);
        found.stream = streamId;
        /* "unconditionally resets the cuBLAS library workspace back to the default workspace pool" */
        found.workspace = nullptr;
        found.workspace_bytes = 0;
    });
}

cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void *workspace, size_t workspaceSizeInBytes) {
    return guard(__func__, [&] {
        Handle &found = find(handle);
        require(reinterpret_cast<std::uintptr_t>(workspace) % 256 == 0, CUBLAS_STATUS_INVALID_VALUE, "workspace is ",
                workspace, "; expected a multiple of 256 bytes");
        if (workspaceSizeInBytes > 0) {
            const std::string trouble = emulation::trouble_of(
                {"workspace", static_cast<const char *>(workspace), static_cast<int64_t>(workspaceSizeInBytes), true},
                found.device);
            if (!trouble.empty()) {
                fault(trouble);
            }
        }
        found.workspace = workspaceSizeInBytes > 0 ? workspace : nullptr;
        found.workspace_bytes = static_cast<int64_t>(workspaceSizeInBytes);
    });
}

cublasStatus_t cublasSetPointerMode_v2(cublasHandle_t handle, cublasPointerMode_t mode) {
    return guard(__func__, [&] {
        require(mode == CUBLAS_POINTER_MODE_HOST || mode == CUBLAS_POINTER_MODE_DEVICE, CUBLAS_STATUS_INVALID_VALUE,
                "mode is ", int{mode}, ", which is no pointer mode");
        find(handle).pointer_mode = mode;
    });
}

const char *cublasGetStatusName(cublasStatus_t status) {
    switch (status) {
        case CUBLAS_STATUS_SUCCESS: return "CUBLAS_STATUS_SUCCESS";
        case CUBLAS_STATUS_NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
        case CUBLAS_STATUS_ALLOC_FAILED: return "CUBLAS_STATUS_ALLOC_FAILED";
        case CUBLAS_STATUS_INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
        case CUBLAS_STATUS_ARCH_MISMATCH: return "CUBLAS_STATUS_ARCH_MISMATCH";
        case CUBLAS_STATUS_MAPPING_ERROR: return "CUBLAS_STATUS_MAPPING_ERROR";
        case CUBLAS_STATUS_EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
        case CUBLAS_STATUS_INTERNAL_ERROR: return "CUBLAS_STATUS_INTERNAL_ERROR";
        case CUBLAS_STATUS_NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
        case CUBLAS_STATUS_LICENSE_ERROR: return "CUBLAS_STATUS_LICENSE_ERROR";
    }
    return "CUBLAS_STATUS_UNKNOWN";
}

const char *cublasGetStatusString(cublasStatus_t status) {
    switch (status) {
        case CUBLAS_STATUS_SUCCESS: return "the operation completed successfully";
        case CUBLAS_STATUS_NOT_INITIALIZED: return "the library was not initialized";
        case CUBLAS_STATUS_ALLOC_FAILED: return "the resource allocation failed";
        case CUBLAS_STATUS_INVALID_VALUE: return "an unsupported value or parameter was passed to the function";
        case CUBLAS_STATUS_ARCH_MISMATCH: return "the function requires a feature absent from the device";
        case CUBLAS_STATUS_MAPPING_ERROR: return "an access to GPU memory space failed";
        case CUBLAS_STATUS_EXECUTION_FAILED: return "the GPU program failed to execute";
        case CUBLAS_STATUS_INTERNAL_ERROR: return "an internal operation failed";
        case CUBLAS_STATUS_NOT_SUPPORTED: return "the functionality requested is not supported";
        case CUBLAS_STATUS_LICENSE_ERROR: return "the functionality requested requires some license";
    }
    return "unknown status";
}
