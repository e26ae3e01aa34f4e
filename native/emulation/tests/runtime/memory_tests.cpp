/* Allocations, copies and fills: what is refused, and the healthy call beside it. */
#include "emulation/tests/runtime/fixtures.h"

#include <cmath>
#include <cstdlib>
#include <vector>

using namespace tests;

TEST(copies_there_and_back) {
    DeviceMemory memory;
    std::vector<float> values(COUNT), answer(COUNT);
    for (std::size_t i = 0; i < COUNT; i++) {
        values[i] = static_cast<float>(i);
    }
    succeed(cudaMemcpy(memory.data, values.data(), BYTES, cudaMemcpyHostToDevice));
    succeed(cudaMemcpy(answer.data(), memory.data, BYTES, cudaMemcpyDefault));
    expect(answer == values, "the copy differs");
}

TEST(copies_between_device_buffers_and_fills) {
    DeviceMemory from, to;
    succeed(cudaMemset(from.data, 0, BYTES));
    succeed(cudaMemcpy(to.data, from.data, BYTES, cudaMemcpyDeviceToDevice));
    expect_value(first_value(to), 0);
}

TEST(new_device_memory_holds_nothing_useful) {
    DeviceMemory memory;
    expect(std::isnan(first_value(memory)), "new memory should be NaN");
}

TEST(tells_device_from_pinned_memory) {
    DeviceMemory memory;
    PinnedMemory pinned(0);
    cudaPointerAttributes attributes;
    succeed(cudaPointerGetAttributes(&attributes, memory.data));
    expect(attributes.type == cudaMemoryTypeDevice, "device memory is not known as such");
    succeed(cudaPointerGetAttributes(&attributes, pinned.data));
    expect(attributes.type == cudaMemoryTypeHost, "pinned memory is not known as such");
    succeed(cudaPointerGetAttributes(&attributes, &attributes));
    expect(attributes.type == cudaMemoryTypeUnregistered, "host memory is not known as such");
}

TEST(fault_null_results) {
    DeviceMemory memory;
    size_t bytes = 0;
    expect_error(cudaMemGetInfo(nullptr, &bytes), cudaErrorInvalidValue);
    expect_error(cudaMemGetInfo(&bytes, nullptr), cudaErrorInvalidValue);
    expect_error(cudaPointerGetAttributes(nullptr, memory.data), cudaErrorInvalidValue);
    expect_error(cudaRuntimeGetVersion(nullptr), cudaErrorInvalidValue);
    expect_error(cudaDriverGetVersion(nullptr), cudaErrorInvalidValue);
}

TEST(fault_copy_past_the_end) {
    DeviceMemory memory;
    std::vector<float> values(COUNT + 1);
    succeed(cudaMemcpy(memory.data, values.data(), BYTES, cudaMemcpyHostToDevice));
    expect_error(cudaMemcpy(memory.data, values.data(), BYTES + 4, cudaMemcpyHostToDevice), cudaErrorIllegalAddress);
    expect_report("cudaMemcpy: 4100 bytes of dst, which is byte 0 of 4096 bytes of memory of device 0");
}

TEST(fault_copy_from_behind_the_end) {
    DeviceMemory memory;
    float value;
    expect_error(cudaMemcpy(&value, memory.data + COUNT, 4, cudaMemcpyDeviceToHost), cudaErrorIllegalAddress);
    expect_report("0 bytes behind the end of 4096 bytes of memory of device 0");
}

TEST(fault_fill_past_the_end) {
    DeviceMemory memory;
    expect_error(cudaMemset(memory.data + 1, 0, BYTES), cudaErrorIllegalAddress);
    expect_report("cudaMemset: 4096 bytes of devPtr, which is byte 4 of 4096 bytes");
}

TEST(fault_fill_of_host_memory) {
    float value = 0;
    expect_error(cudaMemset(&value, 0, 4), cudaErrorIllegalAddress);
    expect_report("cudaMemset: devPtr is");
}

TEST(fault_wrong_kind_of_copy) {
    DeviceMemory memory;
    std::vector<float> values(COUNT);
    expect_error(cudaMemcpy(memory.data, values.data(), BYTES, cudaMemcpyDeviceToHost), cudaErrorIllegalAddress);
    expect_report("cudaMemcpy: the kind is cudaMemcpyDeviceToHost, but dst is byte 0 of 4096 bytes of memory");
}

TEST(fault_wrong_kind_with_pinned_memory) {
    DeviceMemory memory;
    PinnedMemory pinned(1);
    expect_error(cudaMemcpy(memory.data, pinned.data, BYTES, cudaMemcpyDeviceToDevice), cudaErrorIllegalAddress);
    expect_report("src is byte 0 of 4096 bytes of pinned host memory");
}

TEST(fault_double_free) {
    float *data = nullptr;
    succeed(cudaMalloc(reinterpret_cast<void **>(&data), BYTES));
    succeed(cudaFree(data));
    expect_error(cudaFree(data), cudaErrorInvalidValue);
    expect_report("was freed before");
}

TEST(fault_free_of_a_part) {
    DeviceMemory memory;
    expect_error(cudaFree(memory.data + 1), cudaErrorInvalidValue);
    expect_report("lies inside of 4096 bytes of memory of device 0");
}

TEST(fault_free_of_pinned_memory_as_device_memory) {
    PinnedMemory pinned(1);
    expect_error(cudaFree(pinned.data), cudaErrorInvalidValue);
    expect_report("is 4096 bytes of pinned host memory");
}

TEST(fault_use_of_freed_memory) {
    float *data = nullptr, value = 0;
    succeed(cudaMalloc(reinterpret_cast<void **>(&data), BYTES));
    succeed(cudaFree(data));
    DeviceMemory next;
    expect(next.data != data, "the address was given out again at once");
    expect_error(cudaMemcpy(&value, data, 4, cudaMemcpyDeviceToHost), cudaErrorIllegalAddress);
    expect_report("src is byte 0 of freed 4096 bytes of memory of device 0");
}

TEST(fault_out_of_memory) {
    emulation_set_memory(3 * BYTES);
    DeviceMemory first, second;
    size_t free = 0, total = 0;
    succeed(cudaMemGetInfo(&free, &total));
    expect(free == BYTES && total == 3 * BYTES, "cudaMemGetInfo answers " + std::to_string(free));
    void *data = nullptr;
    expect_error(cudaMalloc(&data, BYTES + 1), cudaErrorMemoryAllocation);
    expect(data == nullptr, "a pointer was answered");
    DeviceMemory third;
    emulation_set_memory(BYTES);
    succeed(cudaMemGetInfo(&free, &total));
    expect(free == 0 && total == BYTES, "cudaMemGetInfo answers " + std::to_string(free));
    expect_error(cudaMalloc(&data, 1), cudaErrorMemoryAllocation);
    expect_error(cudaGetLastError(), cudaErrorMemoryAllocation);
    expect_error(cudaGetLastError(), cudaSuccess);
}

TEST(fault_memory_of_another_device) {
    setenv("SWAPDISTILL_EMULATION_DEVICES", "2", 1);
    DeviceMemory memory;
    succeed(cudaSetDevice(1));
    expect_error(cudaSetDevice(2), cudaErrorInvalidDevice);
    DeviceMemory other;
    succeed(cudaMemset(other.data, 0, BYTES));
    succeed(cudaDeviceSynchronize());
    expect_error(cudaMemset(memory.data, 0, BYTES), cudaErrorIllegalAddress);
    expect_report("cudaMemset on a stream of device 1: devPtr is byte 0 of 4096 bytes of memory of device 0");
}

TEST(fault_leaked_device_memory) {
    void *data = nullptr;
    succeed(cudaMalloc(&data, 100));
    expect_leak("100 bytes of memory of device 0");
}

TEST(fault_leaked_pinned_memory) {
    void *data = nullptr;
    succeed(cudaHostAlloc(&data, 100, cudaHostAllocDefault));
    expect_leak("100 bytes of pinned host memory");
}
