#include "emulation/tests/frame.h"

#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace tests {

namespace {

Test *first = nullptr;
bool leak_expected = false;

} // namespace

Registration::Registration(const char *name, void (*body)()) : test{name, body, first} {
    first = &test;
}

void expect(bool condition, const std::string &text) {
    if (!condition) {
        throw std::runtime_error(text);
    }
}

void expect_error(cudaError_t error, cudaError_t expected) {
    expect(error == expected, std::string("error is ") + cudaGetErrorName(error) + "; expected " +
                                  cudaGetErrorName(expected));
}

void succeed(cudaError_t error) {
    expect_error(error, cudaSuccess);
}

void expect_report(const std::string &words) {
    const int count = emulation_report_count();
    expect(count == 1, std::to_string(count) + " faults were reported; expected 1 with the words '" + words + "'");
    const std::string text = emulation_report_text(0);
    expect(text.find(words) != std::string::npos,
           "the report is '" + text + "'; expected the words '" + words + "'");
    emulation_clear_reports();
}

void expect_no_report() {
    expect(emulation_report_count() == 0, "no fault was expected to be reported");
}

void expect_leak(const std::string &words) {
    const int count = emulation_leak_count();
    expect(count == 1, std::to_string(count) + " objects are left; expected 1 with the words '" + words + "'");
    const std::string text = emulation_leak_text(0);
    expect(text.find(words) != std::string::npos, "the leak is '" + text + "'; expected the words '" + words + "'");
    leak_expected = true;
}

namespace {

int run_test(const char *name) {
    for (const Test *test = first; test != nullptr; test = test->next) {
        if (std::strcmp(test->name, name) != 0) {
            continue;
        }
        try {
            test->body();
            expect_no_report();
            for (int i = 0; !leak_expected && i < emulation_leak_count(); i++) {
                expect(false, std::string("left behind: ") + emulation_leak_text(i));
            }
            return 0;
        } catch (const std::exception &failure) {
            std::printf("%s: %s\n", name, failure.what());
            return 1;
        }
    }
    std::printf("there is no test %s\n", name);
    return 2;
}

void list_tests() {
    for (const Test *test = first; test != nullptr; test = test->next) {
        std::printf("%s\n", test->name);
    }
}

} // namespace

} // namespace tests

int main(int count, char **arguments) {
    if (count == 2 && std::strcmp(arguments[1], "--list") == 0) {
        tests::list_tests();
        return 0;
    }
    if (count != 2) {
        std::printf("usage: %s --list | %s NAME\n", arguments[0], arguments[0]);
        return 2;
    }
    return tests::run_test(arguments[1]);
}
