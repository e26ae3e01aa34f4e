/* cublasGemmEx for f32 matrices, with sums in f32, and inputs cut to TF32 where the compute type allows it. */
#include <algorithm>
#include <cstring>

#include "emulation/cublas/handle.h"
#include "emulation/numerics/elements.h"
#include "emulation/numerics/matrix_product.h"
#include "emulation/runtime/emulation.h"

using namespace emulation;
using namespace emulation::cublas;

namespace {

/* A column-major matrix in memory, before its operation. */
struct Operand {
    const char *name;
    const void *data;
    cublasOperation_t operation;
    int64_t rows, columns, leading;

    int64_t elements() const { return columns == 0 || rows == 0 ? 0 : (columns - 1) * leading + rows; }
    /* The transpose of op(matrix): element (i, j) is element (j, i) of op(matrix). */
    numerics::MatrixView transposed(const std::vector<float> &values) const {
        return operation == CUBLAS_OP_N ? numerics::MatrixView{values.data(), leading, 1}
                                        : numerics::MatrixView{values.data(), 1, leading};
    }
};

void require_operand(const Operand &operand, const char *operation_name, const char *leading_name) {
    require(operand.operation == CUBLAS_OP_N || operand.operation == CUBLAS_OP_T, CUBLAS_STATUS_INVALID_VALUE,
            operation_name, " is ", int{operand.operation}, "; expected CUBLAS_OP_N or CUBLAS_OP_T");
    require(operand.leading >= std::max<int64_t>(1, operand.rows), CUBLAS_STATUS_INVALID_VALUE, leading_name, " is ",
            operand.leading, "; expected at least ", std::max<int64_t>(1, operand.rows));
}

float host_factor(const Handle &handle, const void *factor, const char *name) {
    require(handle.pointer_mode == CUBLAS_POINTER_MODE_HOST, CUBLAS_STATUS_NOT_SUPPORTED,
            "the pointer mode is CUBLAS_POINTER_MODE_DEVICE; the emulation has cublasGemmEx in host mode only");
    require(factor != nullptr, CUBLAS_STATUS_INVALID_VALUE, name, " is NULL");
    Allocation allocation;
    if (find_allocation(factor, allocation) && allocation.kind == Allocation::DEVICE) {
        fault(std::string(name) + " is device memory, but the pointer mode is host");
    }
    float value;
    std::memcpy(&value, factor, sizeof value);
    return value;
}

std::vector<float> load(const Operand &operand, bool tf32) {
    std::vector<float> values = numerics::load_all(numerics::Type::F32, operand.data, operand.elements());
    if (tf32) {
        numerics::round_to_tf32(values);
    }
    return values;
}

} // namespace

cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n,
                            int k, const void *alpha, const void *A, cudaDataType_t Atype, int lda, const void *B,
                            cudaDataType_t Btype, int ldb, const void *beta, void *C, cudaDataType_t Ctype, int ldc,
                            cublasComputeType_t computeType, cublasGemmAlgo_t algo) {
    return guard(__func__, [&] {
        const Handle &found = find(handle);
        require(m >= 0 && n >= 0 && k >= 0, CUBLAS_STATUS_INVALID_VALUE, "m, n, k are ", m, ", ", n, ", ", k,
                "; expected at least 0");
        require(Atype == CUDA_R_32F && Btype == CUDA_R_32F && Ctype == CUDA_R_32F, CUBLAS_STATUS_NOT_SUPPORTED,
                "the types of A, B and C are ", int{Atype}, ", ", int{Btype}, ", ", int{Ctype},
                "; the emulation has CUDA_R_32F only");
        require(computeType == CUBLAS_COMPUTE_32F || computeType == CUBLAS_COMPUTE_32F_FAST_TF32,
                CUBLAS_STATUS_NOT_SUPPORTED, "computeType is ", int{computeType},
                "; the emulation has CUBLAS_COMPUTE_32F and CUBLAS_COMPUTE_32F_FAST_TF32");
        require(algo == CUBLAS_GEMM_DEFAULT, CUBLAS_STATUS_NOT_SUPPORTED, "algo is ", int{algo},
                "; the emulation has CUBLAS_GEMM_DEFAULT only");
        const Operand a = {"A", A, transa, transa == CUBLAS_OP_N ? m : k, transa == CUBLAS_OP_N ? k : m, lda};
        const Operand b = {"B", B, transb, transb == CUBLAS_OP_N ? k : n, transb == CUBLAS_OP_N ? n : k, ldb};
        const Operand c = {"C", C, CUBLAS_OP_N, m, n, ldc};
        require_operand(a, "transa", "lda");
        require_operand(b, "transb", "ldb");
        require_operand(c, "transc", "ldc");
        const float alpha_value = host_factor(found, alpha, "alpha");
        const float beta_value = host_factor(found, beta, "beta");
        if (m == 0 || n == 0) {
            return;
        }
        std::vector<DeviceBuffer> buffers = {{"C", static_cast<const char *>(C), 4 * c.elements(), true}};
        if (k > 0) {
            buffers.push_back({"A", static_cast<const char *>(A), 4 * a.elements(), false});
            buffers.push_back({"B", static_cast<const char *>(B), 4 * b.elements(), false});
        }
        enqueue(found, std::move(buffers), [=] {
            const bool tf32 = computeType == CUBLAS_COMPUTE_32F_FAST_TF32;
            const std::vector<float> a_values = load(a, tf32);
            const std::vector<float> b_values = load(b, tf32);
            /* Column-major C is row-major C transposed: [n, m] = op(B)' op(A)'. */
            std::vector<float> product(static_cast<size_t>(n) * static_cast<size_t>(m));
            numerics::multiply(n, m, k, b.transposed(b_values), a.transposed(a_values), product.data(), m, false);
            for (int64_t column = 0; column < n; column++) {
                for (int64_t row = 0; row < m; row++) {
                    numerics::store_scaled(numerics::Type::F32, C, column * ldc + row,
                                           product[static_cast<size_t>(column * m + row)], alpha_value, beta_value);
                }
            }
        });
    });
}
