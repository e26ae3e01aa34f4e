/* What the tests of the stand-ins for cuDNN and cuBLAS expect of a call, beside what every test expects. */
#ifndef SWAPDISTILL_EMULATION_TESTS_TEST_H
#define SWAPDISTILL_EMULATION_TESTS_TEST_H

#include <string>

#include "emulation/cublas/cublas_api.h"
#include "emulation/cudnn/cudnn_api.h"
#include "emulation/tests/frame.h"

namespace tests {

/* The call must answer the status, and for a refusal cudnnGetLastErrorString() must contain the words. */
void expect_status(cudnnStatus_t status, cudnnStatus_t expected, const std::string &words = "");
void succeed(cudnnStatus_t status);
void succeed(cublasStatus_t status);

} // namespace tests

#endif
