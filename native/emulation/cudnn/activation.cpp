/*
 * cudnnActivationForward and cudnnActivationBackward for ReLU, in place or apart. A NaN stays a NaN; the gradient is
 * that of the output where the input was above zero, 0 elsewhere, and a NaN where the input was one.
 */
#include <cmath>

#include "emulation/cudnn/call.h"

using namespace emulation::cudnn;

namespace {

/* All elements of a tensor are visited in memory order, so it must have no gaps. */
void require_packed(const Tensor &tensor, const char *name) {
    require_support(tensor.packed_nhwc() || tensor.packed_nchw(), name, " is ", tensor.describe(),
                    "; the emulation has activations of tensors without gaps only");
}

} // namespace

cudnnStatus_t cudnnActivationForward(cudnnHandle_t handle, cudnnActivationDescriptor_t activationDesc,
                                     const void *alpha, cudnnTensorDescriptor_t xDesc, const void *x, const void *beta,
                                     cudnnTensorDescriptor_t yDesc, void *y) {
    return guard(__func__, [&] {
        Call call(handle);
        find_set<Activation>(activationDesc, "activationDesc");
        const Tensor in = find_set<Tensor>(xDesc, "xDesc");
        const Tensor out = find_set<Tensor>(yDesc, "yDesc");
        require_parameter(in.type == out.type && in.same_dims(out), "xDesc is ", in.describe(), " and yDesc ",
                          out.describe(), "; expected the same type and dimensions");
        require_parameter(x != y || in.same_strides(out), "xDesc is ", in.describe(), " and yDesc ", out.describe(),
                          "; expected the same strides, as the call works in place");
        require_support(in.same_strides(out), "xDesc is ", in.describe(), " and yDesc ", out.describe(),
                        "; the emulation has activations with the same strides only");
        require_packed(in, "xDesc");
        const float alpha_value = scaling_factor(alpha, "alpha");
        const float beta_value = scaling_factor(beta, "beta");
        if (x != y) {
            call.reads("x", x, in);
        }
        call.writes("y", y, out).enqueue([=] {
            const numerics::Type type = numerics_type(in.type);
            std::vector<float> values = numerics::load_all(type, x, in.elements());
            for (float &value : values) {
                value = value < 0 ? 0 : value;
            }
            numerics::store_all(type, y, values, alpha_value, beta_value);
        });
    });
}

cudnnStatus_t cudnnActivationBackward(cudnnHandle_t handle, cudnnActivationDescriptor_t activationDesc,
                                      const void *alpha, cudnnTensorDescriptor_t yDesc, const void *y,
                                      cudnnTensorDescriptor_t dyDesc, const void *dy, cudnnTensorDescriptor_t xDesc,
                                      const void *x, const void *beta, cudnnTensorDescriptor_t dxDesc, void *dx) {
    return guard(__func__, [&] {
        Call call(handle);
        find_set<Activation>(activationDesc, "activationDesc");
        const Tensor out = find_set<Tensor>(yDesc, "yDesc");
        const Tensor out_gradient = find_set<Tensor>(dyDesc, "dyDesc");
        const Tensor in = find_set<Tensor>(xDesc, "xDesc");
        const Tensor in_gradient = find_set<Tensor>(dxDesc, "dxDesc");
        require_parameter(dy != dx || out_gradient.same_strides(in_gradient), "dyDesc is ", out_gradient.describe(),
                          " and dxDesc ", in_gradient.describe(),
                          "; expected the same strides, as the call works in place");
        require_support(out.same(out_gradient), "yDesc is ", out.describe(), " and dyDesc ", out_gradient.describe(),
                        "; expected the same");
        require_support(in.same(in_gradient), "xDesc is ", in.describe(), " and dxDesc ", in_gradient.describe(),
                        "; expected the same");
        require_support(in.same(out), "xDesc is ", in.describe(), " and yDesc ", out.describe(),
                        "; expected the same");
        require_packed(in, "xDesc");
        const float alpha_value = scaling_factor(alpha, "alpha");
        const float beta_value = scaling_factor(beta, "beta");
        call.reads("y", y, out).reads("x", x, in);
        if (dy != dx) {
            call.reads("dy", dy, out_gradient);
        }
        call.writes("dx", dx, in_gradient).enqueue([=] {
            const numerics::Type type = numerics_type(in.type);
            const std::vector<float> values = numerics::load_all(type, x, in.elements());
            std::vector<float> gradients = numerics::load_all(type, dy, in.elements());
            for (size_t i = 0; i < gradients.size(); i++) {
                gradients[i] = std::isnan(values[i]) ? values[i] : values[i] > 0 ? gradients[i] : 0;
            }
            numerics::store_all(type, dx, gradients, alpha_value, beta_value);
        });
    });
}
