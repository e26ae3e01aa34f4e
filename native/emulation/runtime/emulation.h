/*
 * What the runtime emulation offers to the other parts of the emulation: the kernels, and the stand-ins for cuDNN and
 * cuBLAS. Exported by the stand-in for libcudart. All functions may be called from any thread.
 */
#ifndef SWAPDISTILL_EMULATION_RUNTIME_EMULATION_H
#define SWAPDISTILL_EMULATION_RUNTIME_EMULATION_H

#include "emulation/include/emulation_runtime_api.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace emulation {

struct Allocation {
    enum Kind { DEVICE, PINNED };

    std::uintptr_t base = 0;
    std::size_t bytes = 0;
    int device = 0;
    Kind kind = DEVICE;
    std::uint64_t id = 0; /* counts the allocations of the process */
};

/* The live allocation of device or pinned memory that contains the address. */
EMULATION_EXPORT bool find_allocation(const void *address, Allocation &found);

/* A number that changes whenever memory is allocated or freed: what find_allocation answered is true until then. */
EMULATION_EXPORT std::uint64_t allocation_epoch();

/* Device memory as text for a message: "byte 12 of a freed allocation of 1024 bytes", or what else the address is. */
EMULATION_EXPORT std::string describe_address(const void *address);

/* A range of device memory that work reads or writes. */
struct Access {
    const void *address;
    std::size_t bytes;
    bool written;
};

/*
 * Puts work on a stream, or into the graph that the stream is captured into. It runs late: when something waits for it,
 * on the thread that waits, with device memory accessible, and after all that the stream had before. what names it in
 * messages and has to stay valid. The ranges that it is known to access are checked for missing synchronisation between
 * streams when it runs, as if touch were called for each.
 *
 * Answers the runtime's error if the stream does not exist or is one of another device than the current one, the
 * context has failed, or capture does not allow it.
 */
EMULATION_EXPORT cudaError_t enqueue(cudaStream_t stream, const char *what, std::function<void()> work,
                                     std::vector<Access> accesses = {});

/* Called by running work, on the thread that runs it: it accesses the range. Reports it if work of another stream that
 * nothing orders before it has written the range, or read it when this writes. */
EMULATION_EXPORT void touch(const void *address, std::size_t bytes, bool written);

/*
 * A fault of the program under test: printed to the error stream with the prefix "CUDA emulation: ", kept for tests,
 * and the reason why the calls of the runtime that follow answer the error, as after a failed kernel.
 */
EMULATION_EXPORT void report(const std::string &message, cudaError_t error = cudaErrorIllegalAddress);

/* The error that a report left behind, or cudaSuccess. */
EMULATION_EXPORT cudaError_t context_error();

/* Objects that must be destroyed before the process ends; kind as in "cuDNN tensor descriptor". */
EMULATION_EXPORT void object_created(const char *kind, const void *address);
EMULATION_EXPORT void object_destroyed(const void *address);

/* Whether a test asked for this call of the function to fail, and with which error code: to be asked at the beginning
 * of every exported function. Where it is one of the runtime, cudaGetLastError answers the code too. */
EMULATION_EXPORT bool injected_failure(const char *function, int &code);

/* The device of a stream; the current device for the default stream. False if the stream does not exist. */
EMULATION_EXPORT bool device_of(cudaStream_t stream, int &device);

/* The device of the stream whose work runs now, on the thread that runs it; -1 outside of work. */
EMULATION_EXPORT int running_device();

struct DeviceProperties {
    const char *name = "SwapDistill CUDA emulation";
    int major = 9;
    int minor = 0;
    /* Few, so that grids stay small and a block does several steps. */
    int multiprocessors = 4;
    int warp_size = 32;
    int threads_per_block = 1024;
    int threads_per_multiprocessor = 2048;
    int blocks_per_multiprocessor = 32;
    int registers_per_block = 65536;
    std::size_t shared_bytes_per_block = 48 * 1024;
    std::size_t shared_bytes_per_block_opt_in = 227 * 1024;
    std::size_t shared_bytes_per_multiprocessor = 228 * 1024;
    std::size_t memory_bytes = 0;
};

EMULATION_EXPORT DeviceProperties properties(int device);

} // namespace emulation

/* For tests, through any foreign-function interface. */
extern "C" {
EMULATION_EXPORT int emulation_report_count(void);
/* Stays valid until the reports are cleared. */
EMULATION_EXPORT const char *emulation_report_text(int index);
/* Also lets the context work again. */
EMULATION_EXPORT void emulation_clear_reports(void);
/* The n-th call of a function from now, counted from 1, answers the code without doing anything; n = 0 takes it back.
 * Ends the process if the emulation has no such function, or none that answers a status. */
EMULATION_EXPORT void emulation_fail_call(const char *function, long n, int code);
/* Calls of a function since the process began, those that failed included. Ends the process as above. */
EMULATION_EXPORT long emulation_call_count(const char *function);
/* Bytes of device memory of every device. */
EMULATION_EXPORT void emulation_set_memory(size_t bytes);
/* Number of objects and allocations that exist; one text each, valid until the next count. */
EMULATION_EXPORT int emulation_leak_count(void);
EMULATION_EXPORT const char *emulation_leak_text(int index);
}

#endif
