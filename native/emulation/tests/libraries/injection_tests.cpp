/* Every function that the stand-ins export can be made to fail. */
#include "emulation/tests/libraries/test.h"

#include <dlfcn.h>

#include <cstdio>
#include <set>

using namespace tests;

namespace {

/* They answer texts. */
const std::set<std::string> TEXTS = {"cudaGetErrorName",        "cudaGetErrorString",  "cudnnGetErrorString",
                                     "cudnnGetLastErrorString", "cublasGetStatusName", "cublasGetStatusString"};
constexpr int CODE = 77;
constexpr std::size_t FEWEST = 90;

/* The functions for callers that the library exports in which one of them lies. */
void add_exported(const void *function, std::set<std::string> &names) {
    Dl_info library;
    expect(dladdr(function, &library) != 0, "the library of the function is unknown");
    const std::string command = "nm -D --defined-only " + std::string(library.dli_fname);
    std::FILE *symbols = popen(command.c_str(), "r");
    expect(symbols != nullptr, command + " does not run");
    char address[64], kind[8], name[512];
    while (std::fscanf(symbols, "%63s %7s %511s", address, kind, name) == 3) {
        const std::string plain = std::string(name).substr(0, std::string(name).find('@'));
        if (kind[0] == 'T' && plain.compare(0, 2, "cu") == 0) {
            names.insert(plain);
        }
    }
    expect(pclose(symbols) == 0, command + " failed");
}

/* More arguments than any function has; those that are not looked at do no harm. */
using Function = int (*)(void *, void *, void *, void *, void *, void *, void *, void *, void *, void *, void *, void *,
                         void *, void *, void *, void *, void *, void *, void *, void *, void *, void *, void *, void *,
                         void *, void *, void *, void *, void *, void *, void *, void *);

int call(const std::string &name) {
    const Function function = reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name.c_str()));
    expect(function != nullptr, name + " is not found");
    void *const none = nullptr;
    return function(none, none, none, none, none, none, none, none, none, none, none, none, none, none, none, none, none,
                    none, none, none, none, none, none, none, none, none, none, none, none, none, none, none);
}

} // namespace

TEST(a_failure_can_be_injected_into_every_function) {
    std::set<std::string> names;
    add_exported(reinterpret_cast<const void *>(cudaMalloc), names);
    add_exported(reinterpret_cast<const void *>(cudnnCreate), names);
    add_exported(reinterpret_cast<const void *>(cudnnCreateTensorDescriptor), names);
    add_exported(reinterpret_cast<const void *>(cudnnConvolutionForward), names);
    add_exported(reinterpret_cast<const void *>(cublasCreate_v2), names);
    expect(names.size() >= FEWEST + TEXTS.size(), std::to_string(names.size()) + " functions are exported");
    for (const std::string &name : names) {
        if (TEXTS.count(name) == 0) {
            emulation_fail_call(name.c_str(), 1, CODE);
            const int answer = call(name);
            expect(answer == CODE, name + " answers " + std::to_string(answer) + "; expected " + std::to_string(CODE));
            cudaGetLastError();
        }
    }
}
