/* What tests of the runtime use: memory, streams and events that are given back at the end of a block. */
#ifndef SWAPDISTILL_EMULATION_TESTS_RUNTIME_FIXTURES_H
#define SWAPDISTILL_EMULATION_TESTS_RUNTIME_FIXTURES_H

#include "emulation/tests/frame.h"

#include <functional>
#include <string>

namespace tests {

/* 1,024 floats. */
constexpr std::size_t COUNT = 1024;
constexpr std::size_t BYTES = COUNT * sizeof(float);

struct DeviceMemory {
    DeviceMemory() { succeed(cudaMalloc(reinterpret_cast<void **>(&data), BYTES)); }
    ~DeviceMemory() { cudaFree(data); }
    DeviceMemory(const DeviceMemory &) = delete;

    float *data = nullptr;
};

struct PinnedMemory {
    explicit PinnedMemory(float value) {
        succeed(cudaHostAlloc(reinterpret_cast<void **>(&data), BYTES, cudaHostAllocDefault));
        fill(value);
    }
    ~PinnedMemory() { cudaFreeHost(data); }
    PinnedMemory(const PinnedMemory &) = delete;

    void fill(float value);

    float *data = nullptr;
};

struct Stream {
    explicit Stream(unsigned int flags = cudaStreamNonBlocking) { succeed(cudaStreamCreateWithFlags(&handle, flags)); }
    ~Stream() { cudaStreamDestroy(handle); }
    Stream(const Stream &) = delete;

    cudaStream_t handle = nullptr;
};

struct Event {
    Event() { succeed(cudaEventCreateWithFlags(&handle, cudaEventDisableTiming)); }
    ~Event() { cudaEventDestroy(handle); }
    Event(const Event &) = delete;

    cudaEvent_t handle = nullptr;
};

/* The first value of the device memory, after a wait for the whole device. */
float first_value(const DeviceMemory &memory);

void expect_value(float value, float expected);

/* What a process printed and how it ended: a signal is negative. */
struct Ended {
    int status;
    std::string output;
};

/* Runs the body in a process of its own, which has not used CUDA before if this one has not. */
Ended in_child(const std::function<void()> &body);

/* The process must have been ended by the emulation with these words. */
void expect_aborted(const Ended &ended, const std::string &words);

/* The process must have come to its end and printed the words. */
void expect_exited(const Ended &ended, const std::string &words);

} // namespace tests

#endif
