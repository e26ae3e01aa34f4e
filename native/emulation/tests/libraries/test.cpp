#include "emulation/tests/libraries/test.h"

#include <cstring>

namespace tests {

void expect_status(cudnnStatus_t status, cudnnStatus_t expected, const std::string &words) {
    char message[1024] = "";
    if (status != CUDNN_STATUS_SUCCESS) {
        cudnnGetLastErrorString(message, sizeof message);
    }
    expect(status == expected, std::string("status is ") + cudnnGetErrorString(status) + " (" + message +
                                   "); expected " + cudnnGetErrorString(expected));
    expect(std::strstr(message, words.c_str()) != nullptr,
           std::string("the error is '") + message + "'; expected the words '" + words + "'");
}

void succeed(cudnnStatus_t status) {
    expect_status(status, CUDNN_STATUS_SUCCESS);
}

void succeed(cublasStatus_t status) {
    expect(status == CUBLAS_STATUS_SUCCESS, std::string("status is ") + cublasGetStatusName(status));
}

} // namespace tests
