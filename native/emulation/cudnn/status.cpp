#include "emulation/cudnn/status.h"

#include <cstring>
#include <exception>

#include "emulation/runtime/emulation.h"

namespace emulation::cudnn {

namespace {

thread_local std::string last_error;
thread_local const char *running = "cuDNN";

} // namespace

void fault(const std::string &description) {
    report(text(running, ": ", description));
    throw Refusal{CUDNN_STATUS_BAD_PARAM, description};
}

cudnnStatus_t guard(const char *function, const std::function<void()> &body) {
    running = function;
    int injected = 0;
    if (injected_failure(function, injected)) {
        last_error = text(function, ": failed because a test asked for it");
        return static_cast<cudnnStatus_t>(injected);
    }
    try {
        body();
        return CUDNN_STATUS_SUCCESS;
    } catch (const Refusal &refusal) {
        last_error = text(function, ": ", refusal.text);
        return refusal.status;
    } catch (const std::exception &failure) {
        last_error = text(function, ": ", failure.what());
        return CUDNN_STATUS_INTERNAL_ERROR;
    }
}

const char *current_function() {
    return running;
}

} // namespace emulation::cudnn

const char *cudnnGetErrorString(cudnnStatus_t status) {
    switch (status) {
        case CUDNN_STATUS_SUCCESS: return "CUDNN_STATUS_SUCCESS";
        case CUDNN_STATUS_NOT_INITIALIZED: return "CUDNN_STATUS_NOT_INITIALIZED";
        case CUDNN_STATUS_BAD_PARAM: return "CUDNN_STATUS_BAD_PARAM";
        case CUDNN_STATUS_NOT_SUPPORTED: return "CUDNN_STATUS_NOT_SUPPORTED";
        case CUDNN_STATUS_INTERNAL_ERROR: return "CUDNN_STATUS_INTERNAL_ERROR";
        case CUDNN_STATUS_ALLOC_FAILED: return "CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED";
        case CUDNN_STATUS_EXECUTION_FAILED: return "CUDNN_STATUS_EXECUTION_FAILED";
    }
    return "CUDNN_STATUS_UNKNOWN";
}

void cudnnGetLastErrorString(char *message, size_t max_size) {
    if (message == nullptr || max_size == 0) {
        return;
    }
    const std::string &error = emulation::cudnn::last_error;
    const size_t length = error.size() < max_size - 1 ? error.size() : max_size - 1;
    memcpy(message, error.data(), length);
    message[length] = '\0';
}
