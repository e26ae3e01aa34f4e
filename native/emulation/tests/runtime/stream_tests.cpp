/* When work happens: streams run late, and synchronise as the CUDA Runtime API documents. */
#include "emulation/tests/runtime/fixtures.h"

#include <cstdlib>
#include <vector>

using namespace tests;

TEST(async_copy_from_pinned_memory_happens_late) {
    DeviceMemory memory;
    Stream stream;
    PinnedMemory pinned(1);
    succeed(cudaMemcpyAsync(memory.data, pinned.data, BYTES, cudaMemcpyHostToDevice, stream.handle));
    succeed(cudaStreamSynchronize(stream.handle));
    expect_value(first_value(memory), 1);
}

TEST(async_copy_from_pageable_memory_takes_the_values_of_the_call) {
    DeviceMemory memory;
    Stream stream;
    std::vector<float> values(COUNT, 1.0f);
    succeed(cudaMemcpyAsync(memory.data, values.data(), BYTES, cudaMemcpyHostToDevice, stream.handle));
    values.assign(COUNT, 2.0f);
    expect_value(first_value(memory), 1);
}

TEST(async_copy_to_pageable_memory_has_happened_on_return) {
    DeviceMemory memory;
    Stream stream;
    std::vector<float> values(COUNT, 1.0f);
    succeed(cudaMemsetAsync(memory.data, 0, BYTES, stream.handle));
    succeed(cudaMemcpyAsync(values.data(), memory.data, BYTES, cudaMemcpyDeviceToHost, stream.handle));
    expect_value(values[0], 0);
}

TEST(copy_between_host_buffers_has_happened_on_return) {
    Stream stream;
    PinnedMemory from(3), to(1);
    succeed(cudaMemcpyAsync(to.data, from.data, BYTES, cudaMemcpyHostToHost, stream.handle));
    expect_value(to.data[0], 3);
}

TEST(query_says_not_ready_and_comes_to_an_end) {
    DeviceMemory memory;
    Stream stream;
    Event event;
    succeed(cudaMemsetAsync(memory.data, 0, BYTES, stream.handle));
    succeed(cudaEventRecord(event.handle, stream.handle));
    expect_error(cudaEventQuery(event.handle), cudaErrorNotReady);
    int queries = 1;
    while (cudaEventQuery(event.handle) == cudaErrorNotReady) {
        expect(++queries < 10, "the event never happens");
    }
    expect_error(cudaStreamQuery(stream.handle), cudaSuccess);
    expect_error(cudaGetLastError(), cudaSuccess);
}

TEST(destroyed_stream_still_runs_its_work) {
    DeviceMemory memory;
    {
        Stream stream;
        succeed(cudaMemsetAsync(memory.data, 0, BYTES, stream.handle));
    }
    expect_value(first_value(memory), 0);
}

TEST(fault_buffer_freed_before_its_stream_ran) {
    Stream stream;
    {
        DeviceMemory memory;
        succeed(cudaMemsetAsync(memory.data, 0, BYTES, stream.handle));
    }
    expect_error(cudaStreamSynchronize(stream.handle), cudaErrorIllegalAddress);
    const std::string words = "cudaMemsetAsync, when it ran: devPtr is byte 0 of freed 4096 bytes of memory";
    expect(std::string(emulation_report_text(0)).find(words) == 0, emulation_report_text(0));
    expect_report("the buffer was freed before its stream ran");
}

TEST(fault_pinned_buffer_freed_before_its_stream_ran) {
    DeviceMemory memory;
    Stream stream;
    {
        PinnedMemory pinned(1);
        succeed(cudaMemcpyAsync(memory.data, pinned.data, BYTES, cudaMemcpyHostToDevice, stream.handle));
    }
    expect_error(cudaStreamSynchronize(stream.handle), cudaErrorIllegalAddress);
    expect_report("src is byte 0 of freed 4096 bytes of pinned host memory");
}

TEST(fault_stays_with_the_context) {
    DeviceMemory memory;
    expect_error(cudaMemset(memory.data, 0, BYTES + 1), cudaErrorIllegalAddress);
    void *data = nullptr;
    expect_error(cudaMalloc(&data, 4), cudaErrorIllegalAddress);
    expect_error(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
    expect_error(cudaGetLastError(), cudaErrorIllegalAddress);
    expect_error(cudaGetLastError(), cudaErrorIllegalAddress);
    expect_report("cudaMemset");
}

TEST(fault_destroyed_stream) {
    DeviceMemory memory;
    cudaStream_t stream = nullptr;
    succeed(cudaStreamCreate(&stream));
    succeed(cudaStreamDestroy(stream));
    expect_error(cudaMemsetAsync(memory.data, 0, BYTES, stream), cudaErrorInvalidResourceHandle);
    expect_report("use of a destroyed stream");
}

TEST(fault_destroyed_event) {
    Stream stream;
    cudaEvent_t event = nullptr;
    succeed(cudaEventCreate(&event));
    succeed(cudaEventDestroy(event));
    expect_error(cudaEventRecord(event, stream.handle), cudaErrorInvalidResourceHandle);
    expect_report("use of a destroyed event");
}

TEST(fault_stream_destroyed_twice) {
    cudaStream_t stream = nullptr;
    succeed(cudaStreamCreate(&stream));
    succeed(cudaStreamDestroy(stream));
    expect_error(cudaStreamDestroy(stream), cudaErrorInvalidResourceHandle);
    expect_report("use of a destroyed stream");
}

TEST(fault_event_of_another_device) {
    setenv("SWAPDISTILL_EMULATION_DEVICES", "2", 1);
    Event event;
    succeed(cudaSetDevice(1));
    Stream stream;
    expect_error(cudaEventRecord(event.handle, stream.handle), cudaErrorInvalidResourceHandle);
}

TEST(an_event_that_was_never_recorded_has_happened) {
    Stream stream;
    Event event;
    succeed(cudaEventQuery(event.handle));
    succeed(cudaEventSynchronize(event.handle));
    succeed(cudaStreamWaitEvent(stream.handle, event.handle, 0));
    expect_error(cudaStreamQuery(stream.handle), cudaSuccess);
}

TEST(fault_kernel_on_a_stream_of_another_device) {
    setenv("SWAPDISTILL_EMULATION_DEVICES", "2", 1);
    Stream stream;
    bool ran = false;
    succeed(cudaSetDevice(1));
    expect_error(emulation::enqueue(stream.handle, "a kernel", [&] { ran = true; }), cudaErrorInvalidResourceHandle);
    expect_error(cudaGetLastError(), cudaErrorInvalidResourceHandle);
    succeed(cudaSetDevice(0));
    succeed(cudaStreamSynchronize(stream.handle));
    expect(!ran, "the kernel ran");
    succeed(emulation::enqueue(stream.handle, "a kernel", [&] { ran = true; }));
    succeed(cudaStreamSynchronize(stream.handle));
    expect(ran, "the kernel did not run");
}

TEST(a_copy_on_a_stream_of_another_device_is_allowed) {
    setenv("SWAPDISTILL_EMULATION_DEVICES", "2", 1);
    DeviceMemory memory;
    Stream stream;
    succeed(cudaSetDevice(1));
    succeed(cudaMemsetAsync(memory.data, 0, BYTES, stream.handle));
    succeed(cudaStreamSynchronize(stream.handle));
}

TEST(fault_kernel_in_a_failed_capture) {
    Stream stream;
    succeed(cudaStreamBeginCapture(stream.handle, cudaStreamCaptureModeThreadLocal));
    expect_error(cudaStreamSynchronize(stream.handle), cudaErrorStreamCaptureUnsupported);
    expect_error(cudaGetLastError(), cudaErrorStreamCaptureUnsupported);
    expect_error(emulation::enqueue(stream.handle, "a kernel", [] {}), cudaErrorStreamCaptureInvalidated);
    expect_error(cudaPeekAtLastError(), cudaErrorStreamCaptureInvalidated);
    expect_error(cudaGetLastError(), cudaErrorStreamCaptureInvalidated);
    cudaGraph_t graph = nullptr;
    expect_error(cudaStreamEndCapture(stream.handle, &graph), cudaErrorStreamCaptureInvalidated);
}

TEST(fault_leaked_stream) {
    cudaStream_t stream = nullptr;
    succeed(cudaStreamCreate(&stream));
    expect_leak("stream");
}

TEST(fault_leaked_event) {
    cudaEvent_t event = nullptr;
    succeed(cudaEventCreate(&event));
    expect_leak("event");
}

TEST(fault_injected_at_the_second_call) {
    emulation_fail_call("cudaMalloc", 2, cudaErrorMemoryAllocation);
    DeviceMemory first;
    void *data = nullptr;
    expect_error(cudaMalloc(&data, 4), cudaErrorMemoryAllocation);
    DeviceMemory third;
    succeed(cudaMemset(third.data, 0, BYTES));
}

TEST(calls_are_counted) {
    expect(emulation_call_count("cudaMalloc") == 0, "cudaMalloc was called before the test");
    DeviceMemory memory;
    void *data = nullptr;
    expect(cudaMalloc(nullptr, 4) != cudaSuccess, "memory was allocated for nobody");
    succeed(cudaMalloc(&data, 4));
    succeed(cudaFree(data));
    expect(emulation_call_count("cudaMalloc") == 3, "calls of cudaMalloc were miscounted");
    expect(emulation_call_count("cudaFree") == 1, "calls of cudaFree were miscounted");
    cudaGetLastError();
}

TEST(fault_injected_by_the_environment) {
    setenv("SWAPDISTILL_EMULATION_FAIL", "cudaMalloc:1:2,cudaStreamCreate:2:46", 1);
    void *data = nullptr;
    expect_error(cudaMalloc(&data, 4), cudaErrorMemoryAllocation);
    DeviceMemory memory;
    cudaStream_t stream = nullptr, second = nullptr;
    succeed(cudaStreamCreate(&stream));
    expect(cudaStreamCreate(&second) == 46, "the second stream was created");
    succeed(cudaStreamDestroy(stream));
}

TEST(fault_injected_launch_is_the_last_error) {
    emulation_fail_call("cudaLaunchKernel", 1, cudaErrorLaunchOutOfResources);
    int code = 0;
    expect(emulation::injected_failure("cudaLaunchKernel", code), "the launch does not fail");
    expect_error(cudaPeekAtLastError(), cudaErrorLaunchOutOfResources);
    expect_error(cudaGetLastError(), cudaErrorLaunchOutOfResources);
    expect_error(cudaGetLastError(), cudaSuccess);
}

TEST(a_failure_injected_into_another_library_is_no_error_of_the_runtime) {
    emulation_fail_call("cudnnCreate", 1, 1);
    int code = 0;
    expect(emulation::injected_failure("cudnnCreate", code), "the call does not fail");
    expect_error(cudaGetLastError(), cudaSuccess);
}
