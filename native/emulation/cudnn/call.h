/*
 * A call that works on device memory: its handle, the buffers that it reads and writes, and the work itself, which is
 * put on the handle's stream and runs late, as on a GPU.
 *
 * Every buffer is checked over its whole extent twice: when the call is made, and again when the work runs, so that
 * memory freed in between is found. Buffers that are written may overlap no other one; a call that allows work in place
 * names the shared buffer once.
 */
#ifndef SWAPDISTILL_EMULATION_CUDNN_CALL_H
#define SWAPDISTILL_EMULATION_CUDNN_CALL_H

#include <functional>
#include <vector>

#include "emulation/common/device_buffers.h"
#include "emulation/cudnn/descriptors.h"

namespace emulation::cudnn {

struct Handle : Object {
    static constexpr const char *KIND = "handle";
    const char *kind() const override { return KIND; }

    cudaStream_t stream = nullptr;
    int device = 0;
};

/* The live handle of an address, whose device must be the current one. */
CUDNN_EXPORT Handle &find_handle(cudnnHandle_t handle);

/* A scaling factor: an f32 in host memory. */
CUDNN_EXPORT float scaling_factor(const void *value, const char *name);

class CUDNN_EXPORT Call {
  public:
    explicit Call(cudnnHandle_t handle);

    /* name is the argument's; alignment in bytes. */
    Call &reads(const char *name, const void *data, int64_t bytes, int64_t alignment);
    Call &writes(const char *name, void *data, int64_t bytes, int64_t alignment);

    /* A tensor as far as its descriptor reaches, aligned to its elements. */
    Call &reads(const char *name, const void *data, const Tensor &tensor);
    Call &writes(const char *name, void *data, const Tensor &tensor);

    /* Scratch memory. The documentation says nothing about its content afterwards: the work starts by filling what the
     * call needs with NaNs, so that data kept there by mistake is lost. required and given in bytes. */
    Call &workspace(const char *name, void *data, int64_t given, int64_t required);

    /* Puts the work on the handle's stream. */
    void enqueue(std::function<void()> work);

    cudaStream_t stream() const { return stream_; }

  private:
    void add(const char *name, const void *data, int64_t bytes, int64_t alignment, bool written);

    cudaStream_t stream_;
    int device_;
    std::vector<DeviceBuffer> buffers_;
    void *scratch_ = nullptr;
    int64_t scratch_bytes_ = 0;
};

} // namespace emulation::cudnn

#endif
