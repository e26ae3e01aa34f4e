/* Graphs: what a capture records, and what it does not allow. */
#include "emulation/tests/runtime/fixtures.h"

#include <future>
#include <thread>
#include <vector>

using namespace tests;

namespace {

void begin(cudaStream_t stream) {
    succeed(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
}

/* The capture must have failed, and the stream works again. */
void expect_invalidated(const Stream &stream) {
    cudaStreamCaptureStatus status;
    succeed(cudaStreamIsCapturing(stream.handle, &status));
    expect(status == cudaStreamCaptureStatusInvalidated, "the capture goes on");
    cudaGraph_t graph = nullptr;
    expect_error(cudaStreamEndCapture(stream.handle, &graph), cudaErrorStreamCaptureInvalidated);
    expect(graph == nullptr, "a graph was answered");
    succeed(cudaStreamSynchronize(stream.handle));
}

} // namespace

TEST(a_graph_repeats_what_was_captured) {
    DeviceMemory memory, copy;
    Stream stream;
    PinnedMemory pinned(5);
    begin(stream.handle);
    succeed(cudaMemcpyAsync(memory.data, pinned.data, BYTES, cudaMemcpyHostToDevice, stream.handle));
    succeed(cudaMemcpyAsync(copy.data, memory.data, BYTES, cudaMemcpyDeviceToDevice, stream.handle));
    cudaGraph_t graph = nullptr;
    succeed(cudaStreamEndCapture(stream.handle, &graph));
    cudaGraphExec_t executable = nullptr;
    succeed(cudaGraphInstantiate(&executable, graph, 0));
    succeed(cudaGraphDestroy(graph));
    succeed(cudaMemsetAsync(copy.data, 0, BYTES, stream.handle));
    expect_value(first_value(copy), 0);
    for (float value : {6.0f, 7.0f}) {
        pinned.fill(value);
        succeed(cudaGraphLaunch(executable, stream.handle));
        expect_value(first_value(copy), value);
    }
    succeed(cudaGraphExecDestroy(executable));
}

TEST(another_thread_may_do_what_the_capturing_thread_may_not) {
    Stream stream;
    begin(stream.handle);
    std::thread([] { DeviceMemory memory; }).join();
    cudaGraph_t graph = nullptr;
    succeed(cudaStreamEndCapture(stream.handle, &graph));
    succeed(cudaGraphDestroy(graph));
}

TEST(a_relaxed_capture_may_be_ended_by_another_thread) {
    Stream stream;
    succeed(cudaStreamBeginCapture(stream.handle, cudaStreamCaptureModeRelaxed));
    DeviceMemory memory;
    cudaGraph_t graph = nullptr;
    std::thread([&] { succeed(cudaStreamEndCapture(stream.handle, &graph)); }).join();
    succeed(cudaGraphDestroy(graph));
}

TEST(a_capture_that_another_thread_has_ended_forbids_nothing_any_more) {
    Stream stream;
    cudaGraph_t graph = nullptr;
    succeed(cudaStreamBeginCapture(stream.handle, cudaStreamCaptureModeRelaxed));
    std::thread([&] { succeed(cudaStreamEndCapture(stream.handle, &graph)); }).join();
    succeed(cudaGraphDestroy(graph));
    std::promise<void> begun, used;
    std::thread other([&] {
        begin(stream.handle);
        begun.set_value();
        used.get_future().wait();
        succeed(cudaStreamEndCapture(stream.handle, &graph));
    });
    begun.get_future().wait();
    { DeviceMemory memory; }
    used.set_value();
    other.join();
    succeed(cudaGraphDestroy(graph));
}

TEST(fault_allocation_by_another_thread_inside_a_global_capture) {
    Stream stream;
    succeed(cudaStreamBeginCapture(stream.handle, cudaStreamCaptureModeGlobal));
    cudaError_t error = cudaSuccess;
    std::thread([&] {
        /* Its own capture, which forbids nothing, does not hide the other. */
        Stream own;
        succeed(cudaStreamBeginCapture(own.handle, cudaStreamCaptureModeRelaxed));
        void *data = nullptr;
        error = cudaMalloc(&data, 4);
        cudaGraph_t graph = nullptr;
        succeed(cudaStreamEndCapture(own.handle, &graph));
        succeed(cudaGraphDestroy(graph));
    }).join();
    expect_error(error, cudaErrorStreamCaptureUnsupported);
    expect_invalidated(stream);
}

TEST(fault_stream_synchronisation_inside_capture) {
    Stream stream;
    begin(stream.handle);
    expect_error(cudaStreamSynchronize(stream.handle), cudaErrorStreamCaptureUnsupported);
    expect_invalidated(stream);
}

TEST(fault_device_synchronisation_inside_capture) {
    Stream stream;
    begin(stream.handle);
    expect_error(cudaDeviceSynchronize(), cudaErrorStreamCaptureUnsupported);
    expect_invalidated(stream);
}

TEST(fault_device_synchronisation_by_another_thread_inside_capture) {
    Stream stream;
    begin(stream.handle);
    std::thread([] { cudaDeviceSynchronize(); }).join();
    expect_invalidated(stream);
}

TEST(fault_allocation_inside_capture) {
    Stream stream;
    begin(stream.handle);
    void *data = nullptr;
    expect_error(cudaMalloc(&data, 4), cudaErrorStreamCaptureUnsupported);
    expect_invalidated(stream);
}

TEST(fault_waiting_copy_inside_capture) {
    DeviceMemory memory;
    Stream stream;
    begin(stream.handle);
    float value = 0;
    expect_error(cudaMemcpy(&value, memory.data, 4, cudaMemcpyDeviceToHost), cudaErrorStreamCaptureUnsupported);
    expect_invalidated(stream);
}

TEST(fault_default_stream_inside_capture_of_a_blocking_stream) {
    DeviceMemory memory;
    Stream stream(cudaStreamDefault);
    begin(stream.handle);
    expect_error(cudaMemsetAsync(memory.data, 0, BYTES, nullptr), cudaErrorStreamCaptureImplicit);
    expect_invalidated(stream);
}

TEST(fault_wait_for_uncaptured_work_inside_capture) {
    Stream stream, other;
    Event event;
    succeed(cudaEventRecord(event.handle, other.handle));
    begin(stream.handle);
    expect_error(cudaStreamWaitEvent(stream.handle, event.handle, 0), cudaErrorStreamCaptureIsolation);
    expect_invalidated(stream);
}

TEST(fault_capture_ended_by_another_thread) {
    Stream stream;
    begin(stream.handle);
    cudaGraph_t graph = nullptr;
    cudaError_t error = cudaSuccess;
    std::thread([&] { error = cudaStreamEndCapture(stream.handle, &graph); }).join();
    expect_error(error, cudaErrorStreamCaptureWrongThread);
    expect_invalidated(stream);
}

TEST(fault_capture_of_the_default_stream) {
    expect_error(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeThreadLocal), cudaErrorStreamCaptureUnsupported);
}

TEST(fault_pageable_memory_in_a_graph) {
    DeviceMemory memory;
    Stream stream;
    std::vector<float> values(COUNT);
    begin(stream.handle);
    expect_error(cudaMemcpyAsync(memory.data, values.data(), BYTES, cudaMemcpyHostToDevice, stream.handle),
                 cudaErrorIllegalAddress);
    expect_report("from pageable host memory while the stream is captured");
    cudaGraph_t graph = nullptr;
    succeed(cudaStreamEndCapture(stream.handle, &graph));
    succeed(cudaGraphDestroy(graph));
}

TEST(fault_copy_to_pageable_memory_inside_capture) {
    DeviceMemory memory;
    Stream stream;
    std::vector<float> values(COUNT);
    begin(stream.handle);
    expect_error(cudaMemcpyAsync(values.data(), memory.data, BYTES, cudaMemcpyDeviceToHost, stream.handle),
                 cudaErrorStreamCaptureUnsupported);
    expect_invalidated(stream);
}

TEST(fault_copy_between_host_buffers_inside_capture) {
    PinnedMemory pinned(1);
    Stream stream;
    std::vector<float> values(COUNT);
    begin(stream.handle);
    expect_error(cudaMemcpyAsync(pinned.data, values.data(), BYTES, cudaMemcpyHostToHost, stream.handle),
                 cudaErrorStreamCaptureUnsupported);
    expect_invalidated(stream);
}

TEST(fault_event_recorded_on_the_default_stream_inside_capture) {
    DeviceMemory memory;
    Stream first, second(cudaStreamDefault);
    Event event;
    PinnedMemory result(1);
    succeed(cudaMemsetAsync(memory.data, 0, BYTES, first.handle));
    succeed(cudaMemcpyAsync(result.data, memory.data, BYTES, cudaMemcpyDeviceToHost, first.handle));
    succeed(cudaEventRecord(event.handle, first.handle));
    begin(second.handle);
    expect_error(cudaEventRecord(event.handle, nullptr), cudaErrorStreamCaptureImplicit);
    expect_invalidated(second);
    /* What failed has recorded nothing: the event is still that of the first stream. */
    succeed(cudaEventSynchronize(event.handle));
    expect_value(result.data[0], 0);
}

TEST(fault_graph_uses_a_freed_buffer) {
    Stream stream;
    cudaGraph_t graph = nullptr;
    {
        DeviceMemory memory;
        begin(stream.handle);
        succeed(cudaMemsetAsync(memory.data, 0, BYTES, stream.handle));
        succeed(cudaStreamEndCapture(stream.handle, &graph));
    }
    cudaGraphExec_t executable = nullptr;
    succeed(cudaGraphInstantiate(&executable, graph, 0));
    succeed(cudaGraphDestroy(graph));
    succeed(cudaGraphLaunch(executable, stream.handle));
    expect_error(cudaStreamSynchronize(stream.handle), cudaErrorIllegalAddress);
    expect_report("the buffer was freed before its stream ran");
    succeed(cudaGraphExecDestroy(executable));
}

TEST(fault_leaked_graph) {
    cudaGraph_t graph = nullptr;
    {
        Stream stream;
        begin(stream.handle);
        succeed(cudaStreamEndCapture(stream.handle, &graph));
    }
    expect_leak("graph");
}

TEST(fault_leaked_executable_graph) {
    cudaGraphExec_t executable = nullptr;
    {
        Stream stream;
        begin(stream.handle);
        cudaGraph_t graph = nullptr;
        succeed(cudaStreamEndCapture(stream.handle, &graph));
        succeed(cudaGraphInstantiate(&executable, graph, 0));
        succeed(cudaGraphDestroy(graph));
    }
    expect_leak("executable graph");
}
