#include "emulation/cudnn/convolution_problem.h"

namespace emulation::cudnn {

namespace {

int64_t output_size(int64_t input, int64_t pad, int64_t filter, int64_t dilation, int64_t stride) {
    return 1 + (input + 2 * pad - ((filter - 1) * dilation + 1)) / stride;
}

bool is_half(const Problem &problem) {
    return problem.type != CUDNN_DATA_FLOAT;
}

/* IMPLICIT_PRECOMP_GEMM, BWD_DATA_ALGO_1 and BWD_FILTER_ALGO_1 are all number 1. */
constexpr int TENSOR_CORE_ALGORITHM = 1;

bool tensor_cores_allowed(const Problem &problem) {
    return problem.math_type == CUDNN_TENSOR_OP_MATH ||
           (problem.math_type == CUDNN_DEFAULT_MATH && problem.type == CUDNN_DATA_FLOAT);
}

} // namespace

Problem state_problem(cudnnTensorDescriptor_t x_descriptor, const char *x_name,
                      cudnnFilterDescriptor_t filter_descriptor, const char *filter_name,
                      cudnnConvolutionDescriptor_t convolution_descriptor, cudnnTensorDescriptor_t y_descriptor,
                      const char *y_name) {
    const Tensor x = find_set<Tensor>(x_descriptor, x_name);
    const Filter filter = find_set<Filter>(filter_descriptor, filter_name);
    const Convolution convolution = find_set<Convolution>(convolution_descriptor, "convDesc");
    const Tensor y = find_set<Tensor>(y_descriptor, y_name);

    require_parameter(filter.c == x.dims[1], filter_name, " is ", filter.describe(), ", for ", filter.c,
                      " input channels; ", x_name, " is ", x.describe());
    const int64_t reach_h = (filter.h - 1) * convolution.dilation_h + 1;
    const int64_t reach_w = (filter.w - 1) * convolution.dilation_w + 1;
    require_parameter(reach_h <= x.dims[2] + 2 * convolution.pad_h && reach_w <= x.dims[3] + 2 * convolution.pad_w,
                      filter_name, " is ", filter.describe(), ", larger than the padded ", x_name, " ", x.describe());
    const int64_t p = output_size(x.dims[2], convolution.pad_h, filter.h, convolution.dilation_h, convolution.stride_h);
    const int64_t q = output_size(x.dims[3], convolution.pad_w, filter.w, convolution.dilation_w, convolution.stride_w);
    require_parameter(y.dims[0] == x.dims[0] && y.dims[1] == filter.k && y.dims[2] == p && y.dims[3] == q, y_name,
                      " is ", y.describe(), "; expected dimensions [", x.dims[0], ", ", filter.k, ", ", p, ", ", q,
                      "]");
    require_support(x.type == filter.type && x.type == y.type, "the types of ", x_name, ", ", filter_name, ", ", y_name,
                    " are ", name_of(x.type), ", ", name_of(filter.type), ", ", name_of(y.type),
                    ", which is no supported configuration; expected one type for all");
    require_support(filter.format == CUDNN_TENSOR_NHWC, filter_name, " is ", filter.describe(),
                    "; the emulation has filters in CUDNN_TENSOR_NHWC only");
    require_support(x.packed_nhwc(), x_name, " is ", x.describe(),
                    "; expected NHWC without gaps, the layout of the filter");
    require_support(y.packed_nhwc(), y_name, " is ", y.describe(),
                    "; expected NHWC without gaps, the layout of the filter");
    return {x.dims[0], x.dims[2], x.dims[3], x.dims[1], filter.k, filter.h, filter.w, p, q, convolution.pad_h,
            convolution.pad_w, convolution.stride_h, convolution.stride_w, convolution.dilation_h,
            convolution.dilation_w, x.type, convolution.math_type};
}

std::string obstacle(const Problem &problem, int algorithm) {
    if (problem.math_type == CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION) {
        return "the math type is CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION, which the emulation does not have";
    }
    if (algorithm != 0 && algorithm != 1) {
        return text("algorithm ", algorithm, " is not documented for filters in NHWC; expected 0 or 1");
    }
    if (is_half(problem)) {
        if (problem.math_type == CUDNN_FMA_MATH) {
            return text("the math type is CUDNN_FMA_MATH, which is for f32; the tensors are ", name_of(problem.type));
        }
        if (algorithm == TENSOR_CORE_ALGORITHM && problem.math_type != CUDNN_TENSOR_OP_MATH) {
            return text("the math type is CUDNN_DEFAULT_MATH; expected CUDNN_TENSOR_OP_MATH for algorithm 1 on ",
                        name_of(problem.type));
        }
    }
    return "";
}

bool uses_tensor_cores(const Problem &problem, int algorithm) {
    return algorithm == TENSOR_CORE_ALGORITHM && tensor_cores_allowed(problem);
}

bool deterministic(Direction direction, int algorithm) {
    return direction == Direction::FORWARD || algorithm == 1;
}

int64_t workspace_bytes(Direction direction, const Problem &problem, int algorithm) {
    if (algorithm == 0) {
        return 0;
    }
    /* Real sizes are not documented. These differ with problem, algorithm and math type, so that a size asked for
     * one of them does not serve another. */
    const bool tensor_cores = uses_tensor_cores(problem, algorithm);
    switch (direction) {
        case Direction::FORWARD:
            return 16 * problem.r * problem.s * problem.c + (tensor_cores ? 4 * problem.filter_elements() : 0);
        case Direction::BACKWARD_DATA:
            return 16 * problem.r * problem.s * problem.k + (tensor_cores ? 4 * problem.filter_elements() : 0);
        case Direction::BACKWARD_FILTER: return (tensor_cores ? 16 : 8) * problem.filter_elements();
    }
    return 0;
}

std::vector<Algorithm> algorithms(Direction direction, const Problem &problem) {
    /* An algorithm that is not offered comes first, and where there is one, the algorithm that is not deterministic
     * second: nothing is documented against it, and a caller that takes the first result without a look fails. */
    static const std::vector<int> forward = {CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED, 1, 0,
                                             CUDNN_CONVOLUTION_FWD_ALGO_GEMM, CUDNN_CONVOLUTION_FWD_ALGO_DIRECT,
                                             CUDNN_CONVOLUTION_FWD_ALGO_FFT, CUDNN_CONVOLUTION_FWD_ALGO_FFT_TILING,
                                             CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD};
    static const std::vector<int> backward_data = {
        CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD_NONFUSED, 0, 1, CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT,
        CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT_TILING, CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD};
    static const std::vector<int> backward_filter = {
        CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD_NONFUSED, 0, 1, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3,
        CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD,
        CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT_TILING};
    const std::vector<int> &numbers = direction == Direction::FORWARD         ? forward
                                      : direction == Direction::BACKWARD_DATA ? backward_data
                                                                              : backward_filter;
    std::vector<Algorithm> results;
    for (const int number : numbers) {
        Problem variant = problem;
        const size_t before = results.size();
        const cudnnMathType_t math_types[] = {CUDNN_TENSOR_OP_MATH, is_half(problem) ? CUDNN_DEFAULT_MATH
                                                                                     : CUDNN_FMA_MATH};
        for (const cudnnMathType_t math_type : math_types) {
            const bool tensor_cores = math_type == CUDNN_TENSOR_OP_MATH;
            if (tensor_cores && !(number == TENSOR_CORE_ALGORITHM && tensor_cores_allowed(problem))) {
                continue;
            }
            variant.math_type = math_type;
            if (obstacle(problem, number).empty() && obstacle(variant, number).empty()) {
                results.push_back({number, math_type, CUDNN_STATUS_SUCCESS, deterministic(direction, number),
                                   workspace_bytes(direction, variant, number)});
            }
        }
        if (results.size() == before) {
            results.push_back({number, problem.math_type, CUDNN_STATUS_NOT_SUPPORTED,
                               deterministic(direction, number), 0});
        }
    }
    return results;
}

} // namespace emulation::cudnn
