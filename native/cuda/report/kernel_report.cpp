/*
 * Writes what the CUDA compiler says of every kernel, on every architecture, as a Markdown page: registers, shared
 * memory, stack, spills and theoretical occupancy; fails if a kernel spills or has anything in local memory.
 *
 *     kernel_report PAGE LOG...
 *
 * The logs are those of compile_and_log.sh. The occupancy is computed by NVIDIA's cuda_occupancy.h for blocks of the
 * size of the kernel's launch bound, from the limits of each architecture (CUDA C++ Programming Guide, table
 * "Technical Specifications per Compute Capability").
 */
#include "cuda/report/kernel_name.h"

#include <cuda_occupancy.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace {

struct Resources {
    int registers = 0;
    int shared_bytes = 0;
    int stack_bytes = 0;
    int spill_bytes = 0;
};

struct Kernel {
    int threads = 0;
    std::map<int, Resources> architectures; /* by compute capability, 90 for 9.0 */
};

/* Limits of one multiprocessor. */
struct Multiprocessor {
    int threads;
    int shared_kilobytes;
    int shared_kilobytes_per_block;
};

const std::map<int, Multiprocessor> MULTIPROCESSORS = {
    {75, {1024, 64, 64}},   {80, {2048, 164, 163}},  {86, {1536, 100, 99}},  {89, {1536, 100, 99}},
    {90, {2048, 228, 227}}, {100, {2048, 228, 227}}, {120, {1536, 100, 99}},
};

[[noreturn]] void stop(const std::string &message) {
    std::cerr << "kernel_report: " << message << std::endl;
    std::exit(1);
}

std::string readable(const std::string &mangled) {
    const std::string name = readable_kernel_name(mangled);
    if (name.empty()) {
        stop("cannot read the kernel name " + mangled);
    }
    return name;
}

void read_log(const char *path, std::map<std::string, Kernel> &kernels, std::set<std::string> &local_memory) {
    std::ifstream in(path);
    if (!in) {
        stop(std::string("cannot read ") + path);
    }
    const std::regex entry("Compiling entry function '([^']+)' for 'sm_([0-9]+)'");
    const std::regex function("Function properties for (.+)");
    const std::regex local("([0-9]+) bytes stack frame, ([0-9]+) bytes spill stores, ([0-9]+) bytes spill loads");
    const std::regex registers("Used ([0-9]+) registers");
    const std::regex shared("([0-9]+) bytes smem");
    const std::regex bound_of("\\.entry (.+)");
    const std::regex bound("\\.maxntid ([0-9]+)");
    Kernel *kernel = nullptr;
    Resources *resources = nullptr;
    std::string function_name;
    std::string line;
    std::smatch match;
    while (std::getline(in, line)) {
        if (std::regex_search(line, match, entry)) {
            resources = &kernels[match[1]].architectures[std::stoi(match[2])];
        } else if (std::regex_search(line, match, function)) {
            function_name = match[1];
        } else if (std::regex_search(line, match, local)) {
            const int stack = std::stoi(match[1]);
            const int spills = std::stoi(match[2]) + std::stoi(match[3]);
            if (stack + spills > 0) {
                local_memory.insert(function_name);
            }
            if (resources != nullptr) {
                resources->stack_bytes = std::max(resources->stack_bytes, stack);
                resources->spill_bytes = std::max(resources->spill_bytes, spills);
            }
        } else if (std::regex_search(line, match, registers) && resources != nullptr) {
            resources->registers = std::stoi(match[1]);
            if (std::regex_search(line, match, shared)) {
                resources->shared_bytes = std::stoi(match[1]);
            }
        } else if (std::regex_search(line, match, bound_of)) {
            kernel = &kernels[match[1]];
        } else if (std::regex_search(line, match, bound) && kernel != nullptr) {
            kernel->threads = std::stoi(match[1]);
        }
    }
}

/* Resident threads over the most that a multiprocessor can hold, in percent. */
int occupancy(int architecture, int threads, const Resources &resources) {
    const auto limits = MULTIPROCESSORS.find(architecture);
    if (limits == MULTIPROCESSORS.end()) {
        stop("the limits of sm_" + std::to_string(architecture) + " are not known; add them to MULTIPROCESSORS");
    }
    const Multiprocessor &multiprocessor = limits->second;
    cudaOccDeviceProp device;
    device.computeMajor = architecture / 10;
    device.computeMinor = architecture % 10;
    device.maxThreadsPerBlock = 1024;
    device.maxThreadsPerMultiprocessor = multiprocessor.threads;
    device.regsPerBlock = 65536;
    device.regsPerMultiprocessor = 65536;
    device.warpSize = 32;
    device.sharedMemPerBlock = 49152;
    device.sharedMemPerMultiprocessor = static_cast<std::size_t>(multiprocessor.shared_kilobytes) * 1024;
    device.numSms = 1;
    device.sharedMemPerBlockOptin = static_cast<std::size_t>(multiprocessor.shared_kilobytes_per_block) * 1024;
    device.reservedSharedMemPerBlock = architecture >= 80 ? 1024 : 0;
    cudaOccFuncAttributes attributes;
    attributes.maxThreadsPerBlock = threads;
    attributes.numRegs = resources.registers;
    attributes.sharedSizeBytes = static_cast<std::size_t>(resources.shared_bytes);
    cudaOccDeviceState state;
    cudaOccResult result;
    const cudaOccError error =
        cudaOccMaxActiveBlocksPerMultiprocessor(&result, &device, &attributes, &state, threads, 0);
    if (error != CUDA_OCC_SUCCESS) {
        stop("cuda_occupancy.h answers " + std::to_string(error) + " for sm_" + std::to_string(architecture));
    }
    return result.activeBlocksPerMultiprocessor * threads * 100 / multiprocessor.threads;
}

template <typename Get>
int most(const Kernel &kernel, Get get) {
    int value = 0;
    for (const auto &architecture : kernel.architectures) {
        value = std::max(value, get(architecture.second));
    }
    return value;
}

std::string page(const std::map<std::string, Kernel> &named, const std::set<int> &architectures) {
    std::ostringstream out;
    out << "# Resources of the CUDA kernels\n\n"
           "Written by the build of the CUDA kernels (`native/cuda/report`) from what `ptxas -v` says and from "
           "`cuda_occupancy.h`,\nwith nvcc "
        << CUDA_VERSION_TEXT
        << ". The columns of the architectures hold registers per thread and theoretical occupancy in percent, for\n"
           "blocks of the given number of threads; shared memory, stack and spills are in bytes, the most over the\n"
           "architectures. The build fails if a kernel spills or has anything in local memory. Nothing here was "
           "measured on a GPU.\n\n"
           "| kernel | threads | shared | stack | spills |";
    for (int architecture : architectures) {
        out << " sm_" << architecture << " |";
    }
    out << "\n| --- | --- | --- | --- | --- |";
    for (std::size_t i = 0; i < architectures.size(); ++i) {
        out << " --- |";
    }
    out << "\n";
    for (const auto &entry : named) {
        const Kernel &kernel = entry.second;
        out << "| `" << entry.first << "` | " << kernel.threads << " | "
            << most(kernel, [](const Resources &r) { return r.shared_bytes; }) << " | "
            << most(kernel, [](const Resources &r) { return r.stack_bytes; }) << " | "
            << most(kernel, [](const Resources &r) { return r.spill_bytes; }) << " |";
        for (int architecture : architectures) {
            const auto found = kernel.architectures.find(architecture);
            if (found == kernel.architectures.end()) {
                stop(entry.first + " was not compiled for sm_" + std::to_string(architecture));
            }
            out << " " << found->second.registers << ", " << occupancy(architecture, kernel.threads, found->second)
                << "% |";
        }
        out << "\n";
    }
    return out.str();
}

} // namespace

int main(int count, char **arguments) {
    if (count < 3) {
        stop("expected the page to write and at least one log");
    }
    std::map<std::string, Kernel> kernels;
    std::set<std::string> local_memory;
    for (int i = 2; i < count; ++i) {
        read_log(arguments[i], kernels, local_memory);
    }
    std::map<std::string, Kernel> named;
    std::set<int> architectures;
    for (const auto &entry : kernels) {
        const std::string name = readable(entry.first);
        if (entry.second.threads == 0) {
            stop(name + " has no launch bound");
        }
        if (!named.emplace(name, entry.second).second) {
            stop("two kernels are named " + name);
        }
        for (const auto &architecture : entry.second.architectures) {
            architectures.insert(architecture.first);
        }
    }
    if (named.empty()) {
        stop("the logs name no kernel");
    }
    std::ofstream out(arguments[1]);
    out << page(named, architectures);
    out.close();
    if (!out) {
        stop(std::string("cannot write ") + arguments[1]);
    }
    for (const std::string &function : local_memory) {
        std::cerr << "kernel_report: " << readable(function) << " spills or uses local memory; see " << arguments[1]
                  << std::endl;
    }
    return local_memory.empty() ? 0 : 1;
}
