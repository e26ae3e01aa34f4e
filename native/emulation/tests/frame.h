/*
 * A small frame for tests of the emulation in C++. Each test runs in a process of its own, because a fault makes the
 * emulated context fail for good. After its body, a test must have taken all reports and left no object behind.
 * Usage of a program of tests: PROGRAM --list | PROGRAM NAME
 */
#ifndef SWAPDISTILL_EMULATION_TESTS_FRAME_H
#define SWAPDISTILL_EMULATION_TESTS_FRAME_H

#include <string>

#include "emulation/runtime/emulation.h"

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

void expect_error(cudaError_t error, cudaError_t expected);
void succeed(cudaError_t error);

/* There must be one report, containing the words; it is taken away, and the context works again. */
void expect_report(const std::string &words);
void expect_no_report();

/* There must be one object or allocation left, whose text contains the words. The leak is then forgiven. */
void expect_leak(const std::string &words);

} // namespace tests

#endif
