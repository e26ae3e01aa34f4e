/*
 * A convolution as its four descriptors state it, and what the stand-in offers for it: algorithms, math types and
 * workspace sizes.
 *
 * Sources: cuDNN API reference, cudnn_cnn library: tables of supported algorithms of cudnnConvolutionForward(),
 * cudnnConvolutionBackwardData() and cudnnConvolutionBackwardFilter() for filters in NHWC; developer guide, "Legacy
 * API" (which algorithms use tensor cores) and "Reproducibility" (which are not deterministic).
 */
#ifndef SWAPDISTILL_EMULATION_CUDNN_CONVOLUTION_PROBLEM_H
#define SWAPDISTILL_EMULATION_CUDNN_CONVOLUTION_PROBLEM_H

#include <string>
#include <vector>

#include "emulation/cudnn/call.h"

namespace emulation::cudnn {

enum class Direction { FORWARD, BACKWARD_DATA, BACKWARD_FILTER };

/* Sizes in elements. x is [n, h, w, c], the filter [k, r, s, c], y [n, p, q, k], all without gaps. */
struct Problem {
    int64_t n, h, w, c;
    int64_t k, r, s;
    int64_t p, q;
    int64_t pad_h, pad_w, stride_h, stride_w, dilation_h, dilation_w;
    cudnnDataType_t type;
    cudnnMathType_t math_type;

    int64_t x_elements() const { return n * h * w * c; }
    int64_t filter_elements() const { return k * r * s * c; }
    int64_t y_elements() const { return n * p * q * k; }
};

/* One algorithm with one math type. */
struct Algorithm {
    int number;
    cudnnMathType_t math_type;
    /* CUDNN_STATUS_SUCCESS where it can be used. */
    cudnnStatus_t status;
    bool deterministic;
    int64_t workspace_bytes;
};

/* The problem that the descriptors state. Refuses what does not fit together; the names are those of the arguments for
 * the larger tensor, the filter and the smaller tensor. */
Problem state_problem(cudnnTensorDescriptor_t x, const char *x_name, cudnnFilterDescriptor_t filter,
                      const char *filter_name, cudnnConvolutionDescriptor_t convolution, cudnnTensorDescriptor_t y,
                      const char *y_name);

/* Why an algorithm cannot be used for a problem with its math type, or nothing. */
std::string obstacle(const Problem &problem, int algorithm);

/* Whether the algorithm runs on tensor cores: f32 is then cut to TF32, and pointers are multiples of 16 bytes. */
bool uses_tensor_cores(const Problem &problem, int algorithm);

bool deterministic(Direction direction, int algorithm);

int64_t workspace_bytes(Direction direction, const Problem &problem, int algorithm);

/* All algorithms with the math types that the problem's own allows, the order being that of a search. */
std::vector<Algorithm> algorithms(Direction direction, const Problem &problem);

} // namespace emulation::cudnn

#endif
