#include "emulation/runtime/faults.h"

#include "emulation/runtime/environment.h"
#include "emulation/runtime/functions.h"
#include "emulation/runtime/memory.h"
#include "emulation/runtime/pinned.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>

namespace emulation {
namespace {

struct Injection {
    long call = 0;
    int code = 0;
    long calls = 0; /* until now */
    bool must_happen = false;
};

struct Faults {
    std::mutex mutex;
    std::deque<std::string> reports;
    cudaError_t error = cudaSuccess;
    std::map<const void *, std::string> objects;
    std::deque<std::string> leaks;
    std::multimap<std::string, Injection> injections;
    bool injections_read = false;
    std::map<std::string, long> calls;
};

/* Never destroyed: other libraries may still report when the process ends. */
Faults &faults() {
    static Faults *instance = new Faults();
    return *instance;
}

thread_local cudaError_t last = cudaSuccess;

void print(const std::string &line) {
    const std::string text = "CUDA emulation: " + line + "\n";
    std::fputs(text.c_str(), stderr);
    std::fflush(stderr);
    const char *path = std::getenv("SWAPDISTILL_EMULATION_REPORT");
    if (path != nullptr) {
        if (FILE *file = std::fopen(path, "a")) {
            std::fputs(text.c_str(), file);
            std::fclose(file);
        }
    }
}

std::deque<std::string> existing() {
    std::deque<std::string> found = live_allocations();
    Faults &all = faults();
    const std::lock_guard<std::mutex> lock(all.mutex);
    for (const auto &object : all.objects) {
        found.push_back(object.second + " " + hexadecimal(object.first) + " was not destroyed");
    }
    return found;
}

constexpr const char *FAIL = "SWAPDISTILL_EMULATION_FAIL";

/* FAIL: function:n:code, several separated by commas. */
void read_injections(Faults &all) {
    if (all.injections_read) {
        return;
    }
    all.injections_read = true;
    const char *text = std::getenv(FAIL);
    while (text != nullptr && *text != '\0') {
        char function[128];
        long n = 0;
        int code = 0, length = 0;
        const int read = std::sscanf(text, "%127[^:,]:%ld:%d%n", function, &n, &code, &length);
        if (read != 3 || n < 1 || (text[length] != ',' && text[length] != '\0')) {
            refuse_environment(FAIL, std::getenv(FAIL),
                               "function:n:code with n at least 1, or several of them separated by commas");
        }
        if (!can_fail(function)) {
            refuse_environment(FAIL, std::getenv(FAIL),
                               "the name of a function that the emulation has and that answers a status instead of " +
                                   std::string(function));
        }
        all.injections.insert({function, {n, code, 0, true}});
        text += length + (text[length] == ',' ? 1 : 0);
    }
}

/* Failures that a test asked for and that did not come: what it shows is not what it seems to. */
std::deque<std::string> not_failed() {
    std::deque<std::string> found;
    Faults &all = faults();
    const std::lock_guard<std::mutex> lock(all.mutex);
    read_injections(all);
    for (const auto &[function, injection] : all.injections) {
        if (injection.must_happen && injection.calls < injection.call) {
            found.push_back(std::string(FAIL) + ": " + function + " was called " + std::to_string(injection.calls) +
                            (injection.calls == 1 ? " time" : " times") + "; expected at least " +
                            std::to_string(injection.call));
        }
    }
    return found;
}

/* Prints what exists when the library is unloaded, after the destructors of the program. */
struct AtExit {
    ~AtExit() {
        for (const std::string &one : not_failed()) {
            print(one);
        }
        for (const std::string &leak : existing()) {
            print("leak: " + leak);
        }
    }
} at_exit;

} // namespace

std::string hexadecimal(const void *address) {
    char text[32];
    std::snprintf(text, sizeof text, "%p", address);
    return text;
}

cudaError_t remember(cudaError_t error) {
    /* The documentation does not count cudaErrorNotReady as an error. */
    if (error != cudaSuccess && error != cudaErrorNotReady) {
        last = error;
    }
    return error;
}

cudaError_t last_error(bool take) {
    const cudaError_t failed = context_error();
    const cudaError_t answer = failed != cudaSuccess ? failed : last;
    if (take) {
        last = cudaSuccess;
    }
    return answer;
}

void report(const std::string &message, cudaError_t error) {
    forget_all_pending();
    Faults &all = faults();
    const std::lock_guard<std::mutex> lock(all.mutex);
    all.reports.push_back(message);
    if (all.error == cudaSuccess) {
        all.error = error;
    }
    print(message);
}

cudaError_t context_error() {
    Faults &all = faults();
    const std::lock_guard<std::mutex> lock(all.mutex);
    return all.error;
}

void object_created(const char *kind, const void *address) {
    Faults &all = faults();
    const std::lock_guard<std::mutex> lock(all.mutex);
    all.objects[address] = kind;
}

void object_destroyed(const void *address) {
    Faults &all = faults();
    const std::lock_guard<std::mutex> lock(all.mutex);
    all.objects.erase(address);
}

bool injected_failure(const char *function, int &code) {
    Faults &all = faults();
    const std::lock_guard<std::mutex> lock(all.mutex);
    read_injections(all);
    ++all.calls[function];
    bool fails = false;
    const auto range = all.injections.equal_range(function);
    for (auto one = range.first; one != range.second; ++one) {
        if (++one->second.calls == one->second.call) {
            code = one->second.code;
            fails = true;
        }
    }
    if (!fails) {
        return false;
    }
    if (std::strncmp(function, "cuda", 4) == 0) {
        remember(static_cast<cudaError_t>(code));
    }
    return true;
}

} // namespace emulation

using emulation::faults;

namespace {

/* For a function of this file that takes the name of another one. */
void require_function(const char *caller, const char *function) {
    if (!emulation::can_fail(function)) {
        std::fprintf(stderr, "CUDA emulation: %s: function is \"%s\"; expected one that the emulation has and that "
                             "answers a status\n", caller, function);
        std::abort();
    }
}

} // namespace

int emulation_report_count(void) {
    const std::lock_guard<std::mutex> lock(faults().mutex);
    return static_cast<int>(faults().reports.size());
}

const char *emulation_report_text(int index) {
    const std::lock_guard<std::mutex> lock(faults().mutex);
    const auto &reports = faults().reports;
    return index >= 0 && index < static_cast<int>(reports.size()) ? reports[static_cast<std::size_t>(index)].c_str()
                                                                  : nullptr;
}

void emulation_clear_reports(void) {
    const std::lock_guard<std::mutex> lock(faults().mutex);
    faults().reports.clear();
    faults().error = cudaSuccess;
}

void emulation_fail_call(const char *function, long n, int code) {
    require_function("emulation_fail_call", function);
    const std::lock_guard<std::mutex> lock(faults().mutex);
    faults().injections.erase(function);
    if (n > 0) {
        faults().injections.insert({function, {n, code, 0, false}});
    }
}

long emulation_call_count(const char *function) {
    require_function("emulation_call_count", function);
    const std::lock_guard<std::mutex> lock(faults().mutex);
    return faults().calls[function];
}

int emulation_leak_count(void) {
    std::deque<std::string> found = emulation::existing();
    const std::lock_guard<std::mutex> lock(faults().mutex);
    faults().leaks = std::move(found);
    return static_cast<int>(faults().leaks.size());
}

const char *emulation_leak_text(int index) {
    const std::lock_guard<std::mutex> lock(faults().mutex);
    const auto &leaks = faults().leaks;
    return index >= 0 && index < static_cast<int>(leaks.size()) ? leaks[static_cast<std::size_t>(index)].c_str()
                                                                : nullptr;
}
