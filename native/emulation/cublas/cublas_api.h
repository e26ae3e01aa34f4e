/*
 * The part of the cuBLAS 13 interface that the stand-in has: types, values and signatures as the cuBLAS documentation
 * gives them. Written from the documentation; the stand-in is built without NVIDIA's headers.
 */
#ifndef SWAPDISTILL_EMULATION_CUBLAS_API_H
#define SWAPDISTILL_EMULATION_CUBLAS_API_H

#include <cstddef>

#include "emulation/include/emulation_runtime_api.h"

#define CUBLAS_EXPORT __attribute__((visibility("default")))
#define CUBLAS_VERSION 130201

extern "C" {

enum cublasStatus_t {
    CUBLAS_STATUS_SUCCESS = 0,
    CUBLAS_STATUS_NOT_INITIALIZED = 1,
    CUBLAS_STATUS_ALLOC_FAILED = 3,
    CUBLAS_STATUS_INVALID_VALUE = 7,
    CUBLAS_STATUS_ARCH_MISMATCH = 8,
    CUBLAS_STATUS_MAPPING_ERROR = 11,
    CUBLAS_STATUS_EXECUTION_FAILED = 13,
    CUBLAS_STATUS_INTERNAL_ERROR = 14,
    CUBLAS_STATUS_NOT_SUPPORTED = 15,
    CUBLAS_STATUS_LICENSE_ERROR = 16
};

enum cublasOperation_t { CUBLAS_OP_N = 0, CUBLAS_OP_T = 1, CUBLAS_OP_C = 2 };

enum cublasPointerMode_t { CUBLAS_POINTER_MODE_HOST = 0, CUBLAS_POINTER_MODE_DEVICE = 1 };

enum cublasComputeType_t { CUBLAS_COMPUTE_32F = 68, CUBLAS_COMPUTE_32F_FAST_TF32 = 77 };

enum cublasGemmAlgo_t { CUBLAS_GEMM_DEFAULT = -1 };

/* cudaDataType of library_types.h. */
enum cudaDataType_t { CUDA_R_32F = 0 };

typedef struct cublasContext *cublasHandle_t;

CUBLAS_EXPORT cublasStatus_t cublasCreate_v2(cublasHandle_t *handle);
CUBLAS_EXPORT cublasStatus_t cublasDestroy_v2(cublasHandle_t handle);
CUBLAS_EXPORT cublasStatus_t cublasGetVersion_v2(cublasHandle_t handle, int *version);
CUBLAS_EXPORT cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t streamId);
CUBLAS_EXPORT cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void *workspace,
                                                   size_t workspaceSizeInBytes);
CUBLAS_EXPORT cublasStatus_t cublasSetPointerMode_v2(cublasHandle_t handle, cublasPointerMode_t mode);
CUBLAS_EXPORT const char *cublasGetStatusName(cublasStatus_t status);
CUBLAS_EXPORT const char *cublasGetStatusString(cublasStatus_t status);

/* C = alpha op(A) op(B) + beta C, all in column-major order; op(A) is m x k, op(B) k x n, C m x n. */
CUBLAS_EXPORT cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb,
                                          int m, int n, int k, const void *alpha, const void *A, cudaDataType_t Atype,
                                          int lda, const void *B, cudaDataType_t Btype, int ldb, const void *beta,
                                          void *C, cudaDataType_t Ctype, int ldc, cublasComputeType_t computeType,
                                          cublasGemmAlgo_t algo);

/* The sum of the absolute values of n elements. */
CUBLAS_EXPORT cublasStatus_t cublasSasum_v2(cublasHandle_t handle, int n, const float *x, int incx, float *result);
}

#endif
