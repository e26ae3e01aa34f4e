/*
 * A small frame for tests of the stand-ins. Each test runs in a process of its own (main.cpp), because a fault makes
 * the emulated context fail for good. After its body, a test must have taken all reports and left no object behind.
 */
#ifndef SWAPDISTILL_EMULATION_TESTS_TEST_H
#define SWAPDISTILL_EMULATION_TESTS_TEST_H

#include <string>

#include "emulation/cublas/cublas_api.h"
#include "emulation/cudnn/cudnn_api.h"

namespace tests {

struct Test {
    const char *name;
    void (*body)();
    Test *next;
};

/* Adds a test to the list. */
struct Registration {
    Registration(const char *name, void (*body)());
    Test test;
};

#define TEST(name)                                                    \
    static void name();                                               \
    static const tests::Registration name##_registration(#name, name); \
    static void name()

/* Ends the test with the text unless the condition holds. */
void expect(bool condition, const std::string &text);

/* The call must answer the status, and for a refusal cudnnGetLastErrorString() must contain the words. */
void expect_status(cudnnStatus_t status, cudnnStatus_t expected, const std::string &words = "");
void succeed(cudnnStatus_t status);
void succeed(cublasStatus_t status);
void succeed(cudaError_t error);

/* There must be one report, containing the words; it is taken away, and the context works again. */
void expect_report(const std::string &words);
void expect_no_report();

/* There must be one object or allocation left, whose text contains the words. The leak is then forgiven. */
void expect_leak(const std::string &words);

/* Runs the test of the name; the exit code of the process. */
int run_test(const char *name);
void list_tests();

} // namespace tests

#endif
