/*
 * The distillation loss for f16 logits.
 */
#include "cuda/distillation_loss_dispatch.cuh"

namespace sd::cuda {

template sd_status launch_distillation_loss<__half>(const LossParameters &, const SplitWorkspace &, unsigned &,
                                                cudaStream_t);

} // namespace sd::cuda
