#include "emulation/runtime/faults.h"

#include "emulation/runtime/environment.h"
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
    long calls_left = 0;
    int code = 0;
};

struct Faults {
    std::mutex mutex;
    std::deque<std::string> reports;
    cudaError_t error = cudaSuccess;
    std::map<const void *, std::string> objects;
    std::deque<std::string> leaks;
    std::map<std::string, Injection> injections;
    bool injections_read = false;
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
        all.injections[function] = {n, code};
        text += length + (text[length] == ',' ? 1 : 0);
    }
}

/* Prints what exists when the library is unloaded, after the destructors of the program. */
struct AtExit {
    ~AtExit() {
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
    if (!all.injections_read) {
        read_injections(all);
    }
    const auto found = all.injections.find(function);
    if (found == all.injections.end() || found->second.calls_left == 0 || --found->second.calls_left > 0) {
        return false;
    }
    code = found->second.code;
    if (std::strncmp(function, "cuda", 4) == 0) {
        remember(static_cast<cudaError_t>(code));
    }
    return true;
}

} // namespace emulation

using emulation::faults;

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
    const std::lock_guard<std::mutex> lock(faults().mutex);
    faults().injections[function] = {n, code};
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
