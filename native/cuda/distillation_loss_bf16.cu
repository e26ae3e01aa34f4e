/*
 * The distillation loss for bf16 logits.
 */
#include "cuda/distillation_loss_dispatch.cuh"

namespace sd::cuda {

template sd_status launch_distillation_loss<__nv_bfloat16>(const LossParameters &, const SplitWorkspace &, unsigned &,
                                                cudaStream_t);

} // namespace sd::cuda
