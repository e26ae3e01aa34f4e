/* The values of cublasGemmEx and cublasSasum, and what they refuse. */
#include <cmath>
#include <limits>

#include "emulation/tests/libraries/fixtures.h"

using namespace tests;

namespace {

struct BlasFixture {
    BlasFixture() { succeed(cublasCreate_v2(&handle)); }
    ~BlasFixture() { cublasDestroy_v2(handle); }
    operator cublasHandle_t() const { return handle; }
    cublasHandle_t handle = nullptr;
};

cublasStatus_t multiply(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k,
                        const void *a, int lda, const void *b, int ldb, float beta, void *c, int ldc,
                        cublasComputeType_t compute = CUBLAS_COMPUTE_32F) {
    const float alpha = 1;
    return cublasGemmEx(handle, transa, transb, m, n, k, &alpha, a, CUDA_R_32F, lda, b, CUDA_R_32F, ldb, &beta, c,
                        CUDA_R_32F, ldc, compute, CUBLAS_GEMM_DEFAULT);
}

} // namespace

TEST(gemm_matches_the_reference_with_all_operations) {
    const int m = 13, n = 19, k = 37, lead = 41;
    BlasFixture handle;
    DeviceArray workspace(CUDNN_DATA_FLOAT, 1 << 12);
    const std::vector<double> a = random_values(CUDNN_DATA_FLOAT, lead * lead, 1);
    const std::vector<double> b = random_values(CUDNN_DATA_FLOAT, lead * lead, 2);
    const std::vector<double> before = random_values(CUDNN_DATA_FLOAT, lead * n, 3);
    DeviceArray a_array(CUDNN_DATA_FLOAT, a), b_array(CUDNN_DATA_FLOAT, b);
    succeed(cublasSetWorkspace_v2(handle, workspace.data(), 4 << 12));
    for (const cublasOperation_t transa : {CUBLAS_OP_N, CUBLAS_OP_T}) {
        for (const cublasOperation_t transb : {CUBLAS_OP_N, CUBLAS_OP_T}) {
            for (const float beta : {0.0f, 1.0f}) {
                DeviceArray c(CUDNN_DATA_FLOAT, before);
                succeed(multiply(handle, transa, transb, m, n, k, a_array.data(), lead, b_array.data(), lead, beta,
                                 c.data(), lead));
                succeed(cudaDeviceSynchronize());
                const std::vector<double> actual = c.values();
                std::vector<double> written;
                std::vector<Sum> expected;
                for (int j = 0; j < n; j++) {
                    for (int i = 0; i < lead; i++) {
                        if (i >= m) {
                            expect(actual[j * lead + i] == before[j * lead + i], "C was written past its rows");
                            continue;
                        }
                        Sum sum;
                        for (int l = 0; l < k; l++) {
                            sum.add((transa == CUBLAS_OP_N ? a[l * lead + i] : a[i * lead + l]) *
                                    (transb == CUBLAS_OP_N ? b[j * lead + l] : b[l * lead + j]));
                        }
                        sum.add(beta * before[j * lead + i]);
                        expected.push_back(sum);
                        written.push_back(actual[j * lead + i]);
                    }
                }
                expect_sums(written, expected, k + 1, CUDNN_DATA_FLOAT, "C");
            }
        }
    }
}

TEST(gemm_does_not_read_an_uninitialised_output_and_cuts_to_tf32_when_asked) {
    BlasFixture handle;
    const double above = 1 + std::ldexp(1, -12);
    DeviceArray a(CUDNN_DATA_FLOAT, std::vector<double>(4, above)), b(CUDNN_DATA_FLOAT, std::vector<double>(4, 1));
    DeviceArray c(CUDNN_DATA_FLOAT, 4);
    succeed(multiply(handle, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 2, a.data(), 2, b.data(), 2, 0, c.data(), 2));
    succeed(cudaDeviceSynchronize());
    expect_equal(c.values(), std::vector<double>(4, 2 * above), "C");
    succeed(multiply(handle, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 2, a.data(), 2, b.data(), 2, 0, c.data(), 2,
                     CUBLAS_COMPUTE_32F_FAST_TF32));
    succeed(cudaDeviceSynchronize());
    expect_equal(c.values(), std::vector<double>(4, 2), "C");
}

TEST(sum_of_absolute_values_is_not_finite_when_an_element_is_not) {
    BlasFixture handle;
    std::vector<double> values = random_values(CUDNN_DATA_FLOAT, 5000, 1);
    Sum sum;
    for (const double value : values) {
        sum.add(std::fabs(value));
    }
    DeviceArray x(CUDNN_DATA_FLOAT, values), result(CUDNN_DATA_FLOAT, 1);
    succeed(cublasSetPointerMode_v2(handle, CUBLAS_POINTER_MODE_DEVICE));
    succeed(cublasSasum_v2(handle, 5000, static_cast<float *>(x.data()), 1, static_cast<float *>(result.data())));
    succeed(cudaDeviceSynchronize());
    expect_sums(result.values(), {sum}, 5000, CUDNN_DATA_FLOAT, "sum");
    for (const double odd : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
        values[4321] = odd;
        x.write(values);
        succeed(cublasSasum_v2(handle, 5000, static_cast<float *>(x.data()), 1, static_cast<float *>(result.data())));
        succeed(cudaDeviceSynchronize());
        expect(!std::isfinite(result.values()[0]), "the sum is finite");
    }
}

TEST(gemm_refuses_leading_dimensions_types_and_workspaces_that_do_not_fit) {
    BlasFixture handle;
    DeviceArray a(CUDNN_DATA_FLOAT, 64), b(CUDNN_DATA_FLOAT, 64), c(CUDNN_DATA_FLOAT, 64);
    expect(multiply(handle, CUBLAS_OP_N, CUBLAS_OP_N, 4, 4, 4, a.data(), 3, b.data(), 4, 0, c.data(), 4) ==
               CUBLAS_STATUS_INVALID_VALUE,
           "lda 3 for 4 rows was accepted");
    expect(multiply(handle, CUBLAS_OP_N, CUBLAS_OP_N, 4, -1, 4, a.data(), 4, b.data(), 4, 0, c.data(), 4) ==
               CUBLAS_STATUS_INVALID_VALUE,
           "n = -1 was accepted");
    expect(multiply(handle, CUBLAS_OP_N, CUBLAS_OP_N, 4, 4, 4, a.data(), 4, b.data(), 4, 0, c.data(), 4,
                    static_cast<cublasComputeType_t>(64)) == CUBLAS_STATUS_NOT_SUPPORTED,
           "CUBLAS_COMPUTE_16F was accepted for f32 matrices");
    expect(cublasSetWorkspace_v2(handle, static_cast<char *>(a.data()) + 4, 64) == CUBLAS_STATUS_INVALID_VALUE,
           "a workspace of 4-byte alignment was accepted");
    succeed(multiply(handle, CUBLAS_OP_N, CUBLAS_OP_N, 4, 4, 4, a.data(), 4, b.data(), 4, 0, c.data(), 4));
    succeed(cudaDeviceSynchronize());
}

TEST(gemm_reports_a_matrix_that_is_too_small_and_one_in_host_memory) {
    BlasFixture handle;
    DeviceArray a(CUDNN_DATA_FLOAT, 64), b(CUDNN_DATA_FLOAT, 64), c(CUDNN_DATA_FLOAT, 64);
    expect(multiply(handle, CUBLAS_OP_N, CUBLAS_OP_N, 8, 9, 8, a.data(), 8, b.data(), 8, 0, c.data(), 8) ==
               CUBLAS_STATUS_INVALID_VALUE,
           "a C of 9 columns in memory for 8 was accepted");
    expect_report("C needs 288 bytes, but its allocation ends after 256");
    float host[64] = {};
    expect(multiply(handle, CUBLAS_OP_N, CUBLAS_OP_N, 8, 8, 8, host, 8, b.data(), 8, 0, c.data(), 8) ==
               CUBLAS_STATUS_INVALID_VALUE,
           "a host pointer was accepted");
    expect_report("which is no live device memory");
}
