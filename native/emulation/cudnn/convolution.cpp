/*
 * cudnnConvolutionForward, cudnnConvolutionBackwardData, cudnnConvolutionBackwardFilter: sums in f32, rounded once to
 * the type of the output, to nearest even. f32 inputs of tensor-core algorithms are cut to TF32 first.
 */
#include "emulation/cudnn/convolution_sums.h"
#include "emulation/cudnn/summation_order.h"

using namespace emulation::cudnn;

namespace {

struct Plan {
    Problem problem;
    int algorithm;
    bool tensor_cores;
    /* Bytes that the pointers of the three tensors are multiples of: 128 bits for tensor cores. */
    int64_t alignment;
};

template <typename A>
Plan plan(const Problem &problem, A algorithm) {
    const std::string reason = obstacle(problem, int{algorithm});
    require_support(reason.empty(), reason);
    const bool tensor_cores = uses_tensor_cores(problem, int{algorithm});
    return {problem, int{algorithm}, tensor_cores, tensor_cores ? 16 : bytes_of(problem.type)};
}

std::vector<float> load_operand(const Plan &plan, const void *data, int64_t elements) {
    std::vector<float> values = numerics::load_all(numerics_type(plan.problem.type), data, elements);
    if (plan.tensor_cores && plan.problem.type == CUDNN_DATA_FLOAT) {
        numerics::round_to_tf32(values);
    }
    return values;
}

std::vector<int64_t> order_of(const Plan &plan, Direction direction, int64_t terms) {
    return deterministic(direction, plan.algorithm) ? std::vector<int64_t>() : shuffled_order(terms);
}

} // namespace

cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t handle, const void *alpha, cudnnTensorDescriptor_t xDesc,
                                      const void *x, cudnnFilterDescriptor_t wDesc, const void *w,
                                      cudnnConvolutionDescriptor_t convDesc, cudnnConvolutionFwdAlgo_t algo,
                                      void *workSpace, size_t workSpaceSizeInBytes, const void *beta,
                                      cudnnTensorDescriptor_t yDesc, void *y) {
    return guard(__func__, [&] {
        Call call(handle);
        const Plan made = plan(state_problem(xDesc, "xDesc", wDesc, "wDesc", convDesc, yDesc, "yDesc"), algo);
        const Problem &problem = made.problem;
        const float alpha_value = scaling_factor(alpha, "alpha");
        const float beta_value = scaling_factor(beta, "beta");
        const int64_t bytes = bytes_of(problem.type);
        call.reads("x", x, problem.x_elements() * bytes, made.alignment)
            .reads("w", w, problem.filter_elements() * bytes, made.alignment)
            .writes("y", y, problem.y_elements() * bytes, made.alignment)
            .workspace("workSpace", workSpace, static_cast<int64_t>(workSpaceSizeInBytes),
                       workspace_bytes(Direction::FORWARD, problem, made.algorithm))
            .enqueue([=] {
                const Problem &shape = made.problem;
                numerics::store_all(numerics_type(shape.type), y,
                                    forward_sums(shape, load_operand(made, x, shape.x_elements()),
                                                 load_operand(made, w, shape.filter_elements())),
                                    alpha_value, beta_value);
            });
    });
}

cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t handle, const void *alpha, cudnnFilterDescriptor_t wDesc,
                                           const void *w, cudnnTensorDescriptor_t dyDesc, const void *dy,
                                           cudnnConvolutionDescriptor_t convDesc, cudnnConvolutionBwdDataAlgo_t algo,
                                           void *workSpace, size_t workSpaceSizeInBytes, const void *beta,
                                           cudnnTensorDescriptor_t dxDesc, void *dx) {
    return guard(__func__, [&] {
        Call call(handle);
        const Plan made = plan(state_problem(dxDesc, "dxDesc", wDesc, "wDesc", convDesc, dyDesc, "dyDesc"), algo);
        const Problem &problem = made.problem;
        const float alpha_value = scaling_factor(alpha, "alpha");
        const float beta_value = scaling_factor(beta, "beta");
        const int64_t bytes = bytes_of(problem.type);
        call.reads("w", w, problem.filter_elements() * bytes, made.alignment)
            .reads("dy", dy, problem.y_elements() * bytes, made.alignment)
            .writes("dx", dx, problem.x_elements() * bytes, made.alignment)
            .workspace("workSpace", workSpace, static_cast<int64_t>(workSpaceSizeInBytes),
                       workspace_bytes(Direction::BACKWARD_DATA, problem, made.algorithm))
            .enqueue([=] {
                const Problem &shape = made.problem;
                const int64_t terms = shape.k * shape.r * shape.s;
                numerics::store_all(numerics_type(shape.type), dx,
                                    data_gradient_sums(shape, load_operand(made, w, shape.filter_elements()),
                                                       load_operand(made, dy, shape.y_elements()),
                                                       order_of(made, Direction::BACKWARD_DATA, terms)),
                                    alpha_value, beta_value);
            });
    });
}

cudnnStatus_t cudnnConvolutionBackwardFilter(cudnnHandle_t handle, const void *alpha, cudnnTensorDescriptor_t xDesc,
                                             const void *x, cudnnTensorDescriptor_t dyDesc, const void *dy,
                                             cudnnConvolutionDescriptor_t convDesc,
                                             cudnnConvolutionBwdFilterAlgo_t algo, void *workSpace,
                                             size_t workSpaceSizeInBytes, const void *beta,
                                             cudnnFilterDescriptor_t dwDesc, void *dw) {
    return guard(__func__, [&] {
        Call call(handle);
        const Plan made = plan(state_problem(xDesc, "xDesc", dwDesc, "dwDesc", convDesc, dyDesc, "dyDesc"), algo);
        const Problem &problem = made.problem;
        const float alpha_value = scaling_factor(alpha, "alpha");
        const float beta_value = scaling_factor(beta, "beta");
        const int64_t bytes = bytes_of(problem.type);
        call.reads("x", x, problem.x_elements() * bytes, made.alignment)
            .reads("dy", dy, problem.y_elements() * bytes, made.alignment)
            .writes("dw", dw, problem.filter_elements() * bytes, made.alignment)
            .workspace("workSpace", workSpace, static_cast<int64_t>(workSpaceSizeInBytes),
                       workspace_bytes(Direction::BACKWARD_FILTER, problem, made.algorithm))
            .enqueue([=] {
                const Problem &shape = made.problem;
                const int64_t terms = shape.n * shape.p * shape.q;
                numerics::store_all(numerics_type(shape.type), dw,
                                    filter_gradient_sums(shape, load_operand(made, x, shape.x_elements()),
                                                         load_operand(made, dy, shape.y_elements()),
                                                         order_of(made, Direction::BACKWARD_FILTER, terms)),
                                    alpha_value, beta_value);
            });
    });
}
