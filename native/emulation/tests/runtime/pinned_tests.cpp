/* Pinned memory that work is still going to read or write: what the host must not do before it has waited. */
#include "emulation/tests/runtime/fixtures.h"

#include <cmath>
#include <cstdio>

using namespace tests;

namespace {

/* One page of floats. */
constexpr std::size_t PAGE_COUNT = 1024;

volatile float seen;

void download(const DeviceMemory &memory, const PinnedMemory &result, const Stream &stream) {
    succeed(cudaMemsetAsync(memory.data, 0, BYTES, stream.handle));
    succeed(cudaMemcpyAsync(result.data, memory.data, BYTES, cudaMemcpyDeviceToHost, stream.handle));
}

void upload(const DeviceMemory &memory, const PinnedMemory &source, const Stream &stream) {
    succeed(cudaMemcpyAsync(memory.data, source.data, BYTES, cudaMemcpyHostToDevice, stream.handle));
}

/* Of the device memory to the pinned memory. */
cudaGraphExec_t captured_download(const DeviceMemory &memory, const PinnedMemory &result, const Stream &stream) {
    succeed(cudaStreamBeginCapture(stream.handle, cudaStreamCaptureModeThreadLocal));
    download(memory, result, stream);
    cudaGraph_t graph = nullptr;
    succeed(cudaStreamEndCapture(stream.handle, &graph));
    cudaGraphExec_t executable = nullptr;
    succeed(cudaGraphInstantiate(&executable, graph, 0));
    succeed(cudaGraphDestroy(graph));
    return executable;
}

/* Several pages of pinned memory. */
struct Pages {
    explicit Pages(std::size_t count) {
        succeed(cudaMallocHost(reinterpret_cast<void **>(&data), count * PAGE_COUNT * sizeof(float)));
    }
    ~Pages() { cudaFreeHost(data); }
    Pages(const Pages &) = delete;

    float *data = nullptr;
};

} // namespace

TEST(fault_result_read_before_synchronisation) {
    expect_aborted(in_child([] {
                       DeviceMemory memory;
                       Stream stream;
                       PinnedMemory result(NAN);
                       download(memory, result, stream);
                       seen = result.data[3];
                   }),
                   "CUDA emulation: missing synchronisation: the host reads byte 12 of 4096 bytes of pinned host "
                   "memory");
}

TEST(fault_result_read_names_the_work) {
    expect_aborted(in_child([] {
                       DeviceMemory memory;
                       Stream first, second;
                       PinnedMemory result(NAN);
                       download(memory, result, second);
                       seen = result.data[0];
                   }),
                   "which cudaMemcpyAsync on stream 1 writes; the host has not waited for that");
}

TEST(fault_small_result_read_before_synchronisation) {
    expect_aborted(in_child([] {
                       DeviceMemory memory;
                       Stream stream;
                       float *loss = nullptr;
                       succeed(cudaMallocHost(reinterpret_cast<void **>(&loss), 4));
                       succeed(cudaMemcpyAsync(loss, memory.data, 4, cudaMemcpyDeviceToHost, stream.handle));
                       seen = *loss;
                   }),
                   "the host reads byte 0 of 4 bytes of pinned host memory");
}

TEST(fault_result_read_after_waiting_for_another_stream) {
    expect_aborted(in_child([] {
                       DeviceMemory memory;
                       Stream stream, other;
                       PinnedMemory result(NAN);
                       download(memory, result, stream);
                       succeed(cudaStreamSynchronize(other.handle));
                       seen = result.data[0];
                   }),
                   "the host reads byte 0 of 4096 bytes of pinned host memory");
}

TEST(fault_result_read_after_an_event_recorded_too_early) {
    expect_aborted(in_child([] {
                       DeviceMemory memory;
                       Stream stream;
                       Event event;
                       PinnedMemory result(NAN);
                       succeed(cudaEventRecord(event.handle, stream.handle));
                       download(memory, result, stream);
                       succeed(cudaEventSynchronize(event.handle));
                       seen = result.data[0];
                   }),
                   "the host reads byte 0 of 4096 bytes of pinned host memory");
}

TEST(fault_result_read_although_the_query_said_not_ready) {
    expect_aborted(in_child([] {
                       DeviceMemory memory;
                       Stream stream;
                       PinnedMemory result(NAN);
                       download(memory, result, stream);
                       /* The second query runs the copy, but answers that it has not. */
                       expect_error(cudaStreamQuery(stream.handle), cudaErrorNotReady);
                       expect_error(cudaStreamQuery(stream.handle), cudaErrorNotReady);
                       seen = result.data[0];
                   }),
                   "the host reads byte 0 of 4096 bytes of pinned host memory");
}

TEST(fault_result_of_a_graph_read_before_synchronisation) {
    expect_aborted(in_child([] {
                       DeviceMemory memory;
                       Stream stream;
                       PinnedMemory result(NAN);
                       const cudaGraphExec_t executable = captured_download(memory, result, stream);
                       succeed(cudaGraphLaunch(executable, stream.handle));
                       succeed(cudaStreamSynchronize(stream.handle));
                       seen = result.data[0];
                       std::fputs("once\n", stderr);
                       succeed(cudaGraphLaunch(executable, stream.handle));
                       seen = result.data[0];
                   }),
                   "once\nCUDA emulation: missing synchronisation: the host reads byte 0 of 4096 bytes of pinned host "
                   "memory");
}

TEST(fault_filled_pinned_memory_read_before_synchronisation) {
    expect_aborted(in_child([] {
                       Stream stream;
                       PinnedMemory result(NAN);
                       succeed(cudaMemsetAsync(result.data, 0, BYTES, stream.handle));
                       seen = result.data[0];
                   }),
                   "which cudaMemsetAsync on stream 0 writes");
}

TEST(fault_result_overwritten_before_synchronisation) {
    expect_aborted(in_child([] {
                       DeviceMemory memory;
                       Stream stream;
                       PinnedMemory result(NAN);
                       download(memory, result, stream);
                       result.data[1] = 1;
                   }),
                   "the host writes byte 4 of 4096 bytes of pinned host memory");
}

TEST(fault_pinned_source_overwritten_before_its_copy_ran) {
    const Ended ended = in_child([] {
        DeviceMemory memory;
        Stream stream;
        PinnedMemory source(1);
        upload(memory, source, stream);
        source.fill(2);
    });
    expect_aborted(ended, "the host writes byte 0 of 4096 bytes of pinned host memory");
    expect_aborted(ended, "which cudaMemcpyAsync on stream 0 reads");
}

TEST(fault_first_pages_read_before_synchronisation) {
    expect_aborted(in_child([] {
                       DeviceMemory memory;
                       Stream stream;
                       Pages pages(2);
                       succeed(cudaMemcpyAsync(pages.data, memory.data, BYTES, cudaMemcpyDeviceToHost, stream.handle));
                       seen = pages.data[PAGE_COUNT];
                       std::fputs("second page\n", stderr);
                       seen = pages.data[PAGE_COUNT - 1];
                   }),
                   "second page\nCUDA emulation: missing synchronisation: the host reads byte 4092 of 8192 bytes");
}

TEST(fault_page_of_two_copies_read_after_one_of_them) {
    expect_aborted(in_child([] {
                       DeviceMemory memory;
                       Stream stream;
                       PinnedMemory result(NAN);
                       for (std::size_t half : {0, 1}) {
                           succeed(cudaMemcpyAsync(result.data + half * COUNT / 2, memory.data, BYTES / 2,
                                                   cudaMemcpyDeviceToHost, stream.handle));
                       }
                       seen = result.data[COUNT / 2];
                   }),
                   "the host reads byte 2048 of 4096 bytes");
}

TEST(fault_host_reads_freed_pinned_memory) {
    expect_aborted(in_child([] {
                       float *data = nullptr;
                       succeed(cudaMallocHost(reinterpret_cast<void **>(&data), BYTES));
                       succeed(cudaFreeHost(data));
                       seen = data[1];
                   }),
                   "the host reads byte 4 of freed 4096 bytes of pinned host memory");
}

TEST(fault_pinned_memory_freed_twice) {
    float *data = nullptr;
    succeed(cudaMallocHost(reinterpret_cast<void **>(&data), BYTES));
    succeed(cudaFreeHost(data));
    expect_error(cudaFreeHost(data), cudaErrorInvalidValue);
    expect_report("was freed before");
}

TEST(a_pending_source_may_be_read) {
    DeviceMemory memory;
    Stream stream;
    PinnedMemory source(3);
    upload(memory, source, stream);
    expect_value(source.data[0], 3);
    succeed(cudaStreamSynchronize(stream.handle));
    source.fill(4);
    expect_value(first_value(memory), 3);
}

TEST(a_result_is_there_after_every_kind_of_waiting) {
    DeviceMemory memory;
    Stream stream, other;
    Event event;
    PinnedMemory result(NAN);
    const auto wait_with = [&](auto wait) {
        result.fill(NAN);
        download(memory, result, stream);
        succeed(cudaEventRecord(event.handle, stream.handle));
        succeed(wait());
        expect_value(result.data[0], 0);
        expect_value(result.data[COUNT - 1], 0);
    };
    wait_with([&] { return cudaStreamSynchronize(stream.handle); });
    wait_with([&] { return cudaEventSynchronize(event.handle); });
    wait_with([&] { return cudaDeviceSynchronize(); });
    wait_with([&] {
        while (cudaStreamQuery(stream.handle) == cudaErrorNotReady) {
        }
        return cudaSuccess;
    });
    wait_with([&] {
        while (cudaEventQuery(event.handle) == cudaErrorNotReady) {
        }
        return cudaSuccess;
    });
    wait_with([&] {
        succeed(cudaStreamWaitEvent(other.handle, event.handle, 0));
        return cudaStreamSynchronize(other.handle);
    });
}

TEST(a_result_on_a_blocking_stream_is_there_after_a_copy_that_waits) {
    DeviceMemory memory;
    Stream stream(cudaStreamDefault);
    PinnedMemory result(NAN);
    download(memory, result, stream);
    float value = 1;
    succeed(cudaMemcpy(&value, memory.data, sizeof value, cudaMemcpyDeviceToHost));
    expect_value(result.data[0], value);
}

TEST(results_of_a_graph_are_there_after_waiting) {
    DeviceMemory memory;
    Stream stream;
    PinnedMemory result(NAN);
    const cudaGraphExec_t executable = captured_download(memory, result, stream);
    expect(std::isnan(result.data[0]), "what was only captured has happened");
    for (int i = 0; i < 3; i++) {
        result.fill(NAN);
        succeed(cudaGraphLaunch(executable, stream.handle));
        succeed(cudaGraphLaunch(executable, stream.handle));
        succeed(cudaStreamSynchronize(stream.handle));
        expect_value(result.data[0], 0);
    }
    succeed(cudaGraphExecDestroy(executable));
}

/* Also where work runs in between, which opens all pages and closes them again. */
TEST(the_host_may_use_the_rest_of_a_page) {
    DeviceMemory memory, more;
    Stream stream, other;
    Pages pages(3);
    const std::size_t third = PAGE_COUNT + PAGE_COUNT / 2;
    succeed(cudaMemcpyAsync(pages.data + PAGE_COUNT / 2, memory.data, BYTES, cudaMemcpyDeviceToHost, stream.handle));
    for (int i = 0; i < 2; i++) {
        pages.data[0] = 1;
        pages.data[PAGE_COUNT / 2 - 1] = 2;
        pages.data[third] = 3;
        pages.data[2 * PAGE_COUNT] = 4;
        succeed(cudaMemsetAsync(more.data, 0, BYTES, other.handle));
        succeed(cudaStreamSynchronize(other.handle));
    }
    expect_value(pages.data[0] + pages.data[PAGE_COUNT / 2 - 1] + pages.data[third] + pages.data[2 * PAGE_COUNT], 10);
    succeed(cudaStreamSynchronize(stream.handle));
}

TEST(the_host_may_use_a_part_whose_copy_it_has_waited_for) {
    DeviceMemory memory;
    Stream stream, other;
    PinnedMemory result(NAN);
    succeed(cudaMemset(memory.data, 0, BYTES));
    succeed(cudaDeviceSynchronize());
    succeed(cudaMemcpyAsync(result.data, memory.data, BYTES / 2, cudaMemcpyDeviceToHost, stream.handle));
    succeed(cudaMemcpyAsync(result.data + COUNT / 2, memory.data, BYTES / 2, cudaMemcpyDeviceToHost, other.handle));
    succeed(cudaStreamSynchronize(stream.handle));
    expect_value(result.data[0], 0);
    result.data[COUNT / 2 - 1] = 1;
    succeed(cudaStreamSynchronize(other.handle));
}

TEST(the_host_has_its_memory_back_when_the_context_fails) {
    DeviceMemory memory;
    Stream stream;
    PinnedMemory result(1);
    download(memory, result, stream);
    expect_error(cudaMemset(memory.data, 0, BYTES + 1), cudaErrorIllegalAddress);
    expect_error(cudaStreamSynchronize(stream.handle), cudaErrorIllegalAddress);
    expect_value(result.data[0], 1);
    expect_report("4097 bytes of devPtr");
    succeed(cudaStreamSynchronize(stream.handle));
}
