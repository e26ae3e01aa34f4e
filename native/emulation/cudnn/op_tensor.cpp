/*
 * cudnnOpTensor with CUDNN_OP_TENSOR_ADD: C = (alpha1 A + alpha2 B) + beta C, computed in f32, for the combinations of
 * types that the documentation lists for an f32 computation, with any strides.
 */
#include "emulation/cudnn/call.h"

using namespace emulation::cudnn;

namespace {

/* A and B of one type; and C of that type, or one of the two is f32. */
bool supported(cudnnDataType_t a, cudnnDataType_t b, cudnnDataType_t c) {
    return a == b && (a == c || a == CUDNN_DATA_FLOAT || c == CUDNN_DATA_FLOAT);
}

/* The index of an element given by its place in an order of n, h, w, c, by which NHWC tensors are read in memory
 * order. */
int64_t index_of(const Tensor &tensor, int64_t n, int64_t c, int64_t h, int64_t w) {
    return n * tensor.strides[0] + c * tensor.strides[1] + h * tensor.strides[2] + w * tensor.strides[3];
}

template <typename F>
void for_each(const Tensor &tensor, F visit) {
    for (int64_t n = 0; n < tensor.dims[0]; n++) {
        for (int64_t h = 0; h < tensor.dims[2]; h++) {
            for (int64_t w = 0; w < tensor.dims[3]; w++) {
                for (int64_t c = 0; c < tensor.dims[1]; c++) {
                    visit(n, c, h, w);
                }
            }
        }
    }
}

} // namespace

cudnnStatus_t cudnnOpTensor(cudnnHandle_t handle, cudnnOpTensorDescriptor_t opTensorDesc, const void *alpha1,
                            cudnnTensorDescriptor_t aDesc, const void *A, const void *alpha2,
                            cudnnTensorDescriptor_t bDesc, const void *B, const void *beta,
                            cudnnTensorDescriptor_t cDesc, void *C) {
    return guard(__func__, [&] {
        Call call(handle);
        find_set<OpTensor>(opTensorDesc, "opTensorDesc");
        const Tensor a = find_set<Tensor>(aDesc, "aDesc");
        const Tensor b = find_set<Tensor>(bDesc, "bDesc");
        const Tensor c = find_set<Tensor>(cDesc, "cDesc");
        require_parameter(a.same_dims(c), "aDesc is ", a.describe(), " and cDesc ", c.describe(),
                          "; expected the same dimensions");
        require_parameter(b.same_dims(c), "bDesc is ", b.describe(), " and cDesc ", c.describe(),
                          "; expected the same dimensions (the emulation does not repeat B)");
        require_parameter(!c.overlapping(), "cDesc is ", c.describe(), "; elements of the output share addresses");
        require_support(supported(a.type, b.type, c.type), "the types of A, B and C are ", name_of(a.type), ", ",
                        name_of(b.type), " and ", name_of(c.type), ", which is no supported combination");
        const float alpha1_value = scaling_factor(alpha1, "alpha1");
        const float alpha2_value = scaling_factor(alpha2, "alpha2");
        const float beta_value = scaling_factor(beta, "beta");
        call.reads("A", A, a).reads("B", B, b).writes("C", C, c).enqueue([=] {
            const numerics::Type in_type = numerics_type(a.type);
            const numerics::Type out_type = numerics_type(c.type);
            for_each(c, [&](int64_t image, int64_t channel, int64_t row, int64_t column) {
                float sum = alpha1_value * numerics::load(in_type, A, index_of(a, image, channel, row, column));
                if (alpha2_value != 0) {
                    sum += alpha2_value * numerics::load(in_type, B, index_of(b, image, channel, row, column));
                }
                numerics::store_scaled(out_type, C, index_of(c, image, channel, row, column), sum, 1, beta_value);
            });
        });
    });
}
