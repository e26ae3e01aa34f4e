/*
 * Chooses the kernel of the distillation loss for a shape. Included by one translation unit per element type.
 */
#ifndef SWAPDISTILL_CUDA_DISTILLATION_LOSS_DISPATCH_CUH
#define SWAPDISTILL_CUDA_DISTILLATION_LOSS_DISPATCH_CUH

#include "cuda/distillation_loss_chunks.cuh"
#include "cuda/distillation_loss_rows.cuh"
#include "cuda/distillation_loss_stream.cuh"
#include "cuda/distillation_loss_strided.cuh"
#include "cuda/distillation_loss_tiles.cuh"

namespace sd::cuda {

template <typename T>
sd_status launch_distillation_loss(const LossParameters &p, const SplitWorkspace &split, unsigned &partials,
                                   cudaStream_t stream) {
    constexpr unsigned SHORT = SHORT_ROW_PACKETS<T>;
    constexpr unsigned LONG = LONG_ROW_PACKETS<T>;
    if (p.inner > 1) {
        if (suits_tiles<T>(p)) {
            return launch_tiles<T>(p, partials, stream);
        }
        if (p.classes <= ON_CHIP_STRIDED_CLASSES) {
            return launch_strided<T, ON_CHIP_STRIDED_CLASSES / STRIDED_SLICES>(p, partials, stream);
        }
        return p.inner % SECTOR_ELEMENTS<T> == 0 ? launch_strided<T, 0>(p, partials, stream)
                                                 : launch_chunks<T>(p, partials, stream);
    }
    constexpr int32_t ELEMENTS = PACKET_ELEMENTS<T>;
    if (p.classes <= static_cast<int32_t>(SHORT) * ELEMENTS) {
        return launch_rows<T, 1, SHORT>(p, partials, stream);
    }
    if (p.classes <= 8 * ELEMENTS) {
        return launch_rows<T, 8, 1>(p, partials, stream);
    }
    if (p.classes <= 32 * static_cast<int32_t>(SHORT) * ELEMENTS) {
        return launch_rows<T, 32, SHORT>(p, partials, stream);
    }
    if (p.classes <= MOST_STAGED_ROW_CLASSES<T> && p.classes % SECTOR_ELEMENTS<T> != 0) {
        return launch_rows<T, 32, STAGED_ROW_PACKETS>(p, partials, stream);
    }
    /* A row begins at most so far behind the beginning of its packets. */
    if (p.classes + SECTOR_ELEMENTS<T> - 1 <= 128 * static_cast<int32_t>(LONG) * ELEMENTS) {
        return launch_rows<T, 128, LONG>(p, partials, stream);
    }
    if (p.classes <= ON_CHIP_CLASSES) {
        return launch_rows<T, 512, LONG>(p, partials, stream);
    }
    return split.splits > 1 ? launch_split<T>(p, split, partials, stream) : launch_stream<T>(p, partials, stream);
}

} // namespace sd::cuda

#endif
