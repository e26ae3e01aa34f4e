/*
 * The sums of a convolution and of its two gradients, on copies in f32: each output is one sum in f32 over its terms in
 * a given order. With an order that is empty the terms come in memory order.
 */
#ifndef SWAPDISTILL_EMULATION_CUDNN_CONVOLUTION_SUMS_H
#define SWAPDISTILL_EMULATION_CUDNN_CONVOLUTION_SUMS_H

#include <vector>

#include "emulation/cudnn/convolution_problem.h"

namespace emulation::cudnn {

/* y [n, p, q, k] from x [n, h, w, c] and the filter [k, r, s, c]. */
std::vector<float> forward_sums(const Problem &problem, const std::vector<float> &x, const std::vector<float> &filter);

/* dx [n, h, w, c]; order is a permutation of the k * r * s terms of each element. */
std::vector<float> data_gradient_sums(const Problem &problem, const std::vector<float> &filter,
                                      const std::vector<float> &dy, const std::vector<int64_t> &order);

/* dw [k, r, s, c]; order is a permutation of the n * p * q terms of each element. */
std::vector<float> filter_gradient_sums(const Problem &problem, const std::vector<float> &x,
                                        const std::vector<float> &dy, const std::vector<int64_t> &order);

} // namespace emulation::cudnn

#endif
