/*
 * The distillation loss for f32 logits.
 */
#include "cuda/distillation_loss_dispatch.cuh"

namespace sd::cuda {

template sd_status launch_distillation_loss<float>(const LossParameters &, const SplitWorkspace &, unsigned &,
                                                cudaStream_t);

} // namespace sd::cuda
