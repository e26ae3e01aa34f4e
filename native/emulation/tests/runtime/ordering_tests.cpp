/* Missing synchronisation between streams, and all the ways to have it. */
#include "emulation/tests/runtime/fixtures.h"

using namespace tests;

namespace {

void write(const DeviceMemory &memory, cudaStream_t stream) {
    succeed(cudaMemsetAsync(memory.data, 0, BYTES, stream));
}

void read(const DeviceMemory &memory, const DeviceMemory &to, cudaStream_t stream) {
    succeed(cudaMemcpyAsync(to.data, memory.data, BYTES, cudaMemcpyDeviceToDevice, stream));
}

} // namespace

TEST(fault_read_without_waiting_for_the_writer) {
    DeviceMemory memory, copy;
    Stream first, second;
    write(memory, first.handle);
    read(memory, copy, second.handle);
    cudaDeviceSynchronize();
    expect_report("missing synchronisation: cudaMemcpyAsync on stream 1 reads byte 0 of 4096 bytes of memory");
}

TEST(fault_read_without_waiting_although_the_writer_has_run) {
    DeviceMemory memory, copy;
    Stream first, second;
    write(memory, first.handle);
    read(memory, copy, second.handle);
    /* The first stream runs first; only luck orders the two. */
    succeed(cudaStreamSynchronize(first.handle));
    expect_error(cudaStreamSynchronize(second.handle), cudaErrorIllegalAddress);
    expect_report("which cudaMemsetAsync on stream 0 writes, and nothing orders the two");
}

TEST(fault_write_without_waiting_for_the_reader) {
    DeviceMemory memory, copy;
    Stream first, second;
    read(memory, copy, first.handle);
    write(memory, second.handle);
    cudaDeviceSynchronize();
    expect_report("which cudaMemcpyAsync on stream 0 reads, and nothing orders the two");
}

TEST(fault_event_recorded_too_early) {
    DeviceMemory memory, copy;
    Stream first, second;
    Event event;
    succeed(cudaEventRecord(event.handle, first.handle));
    write(memory, first.handle);
    succeed(cudaStreamWaitEvent(second.handle, event.handle, 0));
    read(memory, copy, second.handle);
    cudaDeviceSynchronize();
    expect_report("missing synchronisation");
}

TEST(fault_default_stream_is_not_ordered_with_a_non_blocking_stream) {
    DeviceMemory memory, copy;
    Stream stream(cudaStreamNonBlocking);
    write(memory, stream.handle);
    read(memory, copy, nullptr);
    cudaDeviceSynchronize();
    expect_report("missing synchronisation");
}

TEST(fault_kernel_reads_what_another_stream_writes) {
    DeviceMemory memory;
    Stream first, second;
    write(memory, first.handle);
    succeed(emulation::enqueue(second.handle, "a kernel", [] {}, {{memory.data + 8, 4, false}}));
    cudaDeviceSynchronize();
    expect_report("a kernel on stream 1 reads byte 32 of 4096 bytes");
}

TEST(an_event_orders_two_streams) {
    DeviceMemory memory, copy;
    Stream first, second;
    Event event;
    write(memory, first.handle);
    succeed(cudaEventRecord(event.handle, first.handle));
    succeed(cudaStreamWaitEvent(second.handle, event.handle, 0));
    read(memory, copy, second.handle);
    succeed(cudaStreamSynchronize(second.handle));
    expect_value(first_value(copy), 0);
}

TEST(events_order_streams_in_a_chain) {
    DeviceMemory memory, copy;
    Stream first, second, third;
    Event event, next;
    write(memory, first.handle);
    succeed(cudaEventRecord(event.handle, first.handle));
    succeed(cudaStreamWaitEvent(second.handle, event.handle, 0));
    succeed(cudaEventRecord(next.handle, second.handle));
    succeed(cudaStreamWaitEvent(third.handle, next.handle, 0));
    read(memory, copy, third.handle);
    succeed(cudaDeviceSynchronize());
}

TEST(a_host_that_waits_orders_two_streams) {
    DeviceMemory memory, copy;
    Stream first, second;
    write(memory, first.handle);
    succeed(cudaStreamSynchronize(first.handle));
    read(memory, copy, second.handle);
    succeed(cudaDeviceSynchronize());
}

TEST(the_default_stream_is_ordered_with_blocking_streams) {
    DeviceMemory memory, copy;
    Stream first(cudaStreamDefault), second(cudaStreamDefault);
    write(memory, first.handle);
    read(memory, copy, nullptr);
    write(memory, second.handle);
    succeed(cudaStreamSynchronize(second.handle));
    expect_value(first_value(copy), 0);
}

TEST(streams_may_read_together_and_use_parts_of_their_own) {
    DeviceMemory memory, one, two;
    Stream first, second;
    write(memory, first.handle);
    succeed(cudaStreamSynchronize(first.handle));
    read(memory, one, first.handle);
    read(memory, two, second.handle);
    succeed(cudaMemsetAsync(one.data, 0, BYTES / 2, first.handle));
    succeed(cudaDeviceSynchronize());
    succeed(cudaMemsetAsync(memory.data, 0, BYTES / 2, first.handle));
    succeed(cudaMemsetAsync(memory.data + COUNT / 2, 0, BYTES / 2, second.handle));
    succeed(cudaDeviceSynchronize());
}
