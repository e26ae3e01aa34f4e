/* Takes the place of the CUDA backend in a build without it. */
#include "common/backends.h"
#include "common/error.h"

namespace sd {
namespace cuda {

sd_status available() {
    return fail(SD_ERROR_UNAVAILABLE, "this library was built without CUDA kernels; build it with "
                                      "-Djavacpp.platform.extension=-gpu (Maven) or -DSWAPDISTILL_CUDA=ON (CMake), which "
                                      "needs nvcc");
}

sd_status patch_swap(const sd_execution *, const sd_patch_swap_options *, const sd_random_position *, sd_dtype,
                     sd_layout, int64_t, int64_t, int64_t, int64_t, void *, void *, const uint8_t *) {
    return available();
}

sd_status patch_swap_positions(const sd_execution *, const sd_patch_swap_options *, const sd_random_position *,
                               int64_t, int64_t, int64_t, uint8_t *) {
    return available();
}

sd_status assemble_pairs(const sd_execution *, const sd_assemble_pairs_options *, const sd_patch_swap_options *,
                         const sd_random_position *, int64_t, const uint8_t *, const int32_t *, const int32_t *,
                         void *, void *) {
    return available();
}

sd_status distillation_loss_workspace_bytes(const sd_execution *, const sd_distillation_loss_options *, int64_t,
                                            int64_t, int64_t, size_t *) {
    return available();
}

sd_status distillation_loss(const sd_execution *, const sd_distillation_loss_options *,
                            const sd_distillation_loss_arrays *) {
    return available();
}

sd_status sgd_update(const sd_execution *, const sd_sgd_options *, int64_t, const sd_sgd_parameter *) {
    return available();
}

} // namespace cuda
} // namespace sd
