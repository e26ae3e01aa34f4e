/* Faults that end the process, and what is printed at its end. */
#include "emulation/tests/runtime/fixtures.h"

#include <cstdio>
#include <cstdlib>

using namespace tests;

TEST(fault_host_reads_device_memory) {
    expect_aborted(in_child([] {
                       DeviceMemory memory;
                       std::printf("%f", static_cast<double>(memory.data[3]));
                   }),
                   "CUDA emulation: host access to device memory at");
    expect_aborted(in_child([] {
                       DeviceMemory memory;
                       std::printf("%f", static_cast<double>(memory.data[3]));
                   }),
                   "byte 12 of a device allocation of 4096 bytes");
}

TEST(fault_host_writes_device_memory) {
    expect_aborted(in_child([] {
                       DeviceMemory memory;
                       memory.data[0] = 1;
                   }),
                   "byte 0 of a device allocation of 4096 bytes");
}

TEST(fault_host_reads_freed_device_memory) {
    expect_aborted(in_child([] {
                       float *data = nullptr;
                       cudaMalloc(reinterpret_cast<void **>(&data), BYTES);
                       cudaFree(data);
                       data[1] = 1;
                   }),
                   "byte 4 of a freed device allocation of 4096 bytes");
}

TEST(fault_host_reads_device_memory_after_work_ran) {
    expect_aborted(in_child([] {
                       DeviceMemory memory;
                       cudaMemset(memory.data, 0, BYTES);
                       cudaDeviceSynchronize();
                       std::printf("%f", static_cast<double>(memory.data[0]));
                   }),
                   "host access to device memory");
}

TEST(fault_leaks_are_printed_at_the_end) {
    expect_exited(in_child([] {
                      void *data = nullptr;
                      cudaStream_t stream = nullptr;
                      cudaMalloc(&data, 100);
                      cudaStreamCreate(&stream);
                  }),
                  "CUDA emulation: leak: 100 bytes of memory of device 0");
}

TEST(nothing_is_printed_at_a_clean_end) {
    const Ended ended = in_child([] {
        DeviceMemory memory;
        Stream stream;
        succeed(cudaMemsetAsync(memory.data, 0, BYTES, stream.handle));
        succeed(cudaStreamSynchronize(stream.handle));
    });
    expect(ended.status == 0 && ended.output.empty(), "the process printed '" + ended.output + "'");
}

TEST(fault_variable_that_is_no_number) {
    const auto allocate = [](const char *variable, const char *value) {
        return in_child([=] {
            setenv(variable, value, 1);
            void *data = nullptr;
            if (cudaSetDevice(0) == cudaSuccess) {
                cudaMalloc(&data, 4);
            }
        });
    };
    expect_aborted(allocate("SWAPDISTILL_EMULATION_MEMORY", "4G"),
                   "CUDA emulation: SWAPDISTILL_EMULATION_MEMORY is \"4G\"; expected a whole number from 0 to");
    expect_aborted(allocate("SWAPDISTILL_EMULATION_MEMORY", ""), "SWAPDISTILL_EMULATION_MEMORY is \"\"; expected");
    expect_aborted(allocate("SWAPDISTILL_EMULATION_DEVICES", "two"),
                   "SWAPDISTILL_EMULATION_DEVICES is \"two\"; expected a whole number from 0 to 64");
    expect_aborted(allocate("SWAPDISTILL_EMULATION_DEVICES", "-1"), "SWAPDISTILL_EMULATION_DEVICES is \"-1\"");
    expect_aborted(allocate("SWAPDISTILL_EMULATION_DEVICES", "65"), "SWAPDISTILL_EMULATION_DEVICES is \"65\"");
    for (const char *value : {"cudaMalloc", "cudaMalloc:1", "cudaMalloc:0:2", "cudaMalloc:1:2x", "cudaMalloc:x:2"}) {
        expect_aborted(allocate("SWAPDISTILL_EMULATION_FAIL", value),
                       std::string("SWAPDISTILL_EMULATION_FAIL is \"") + value + "\"; expected function:n:code");
    }
    const Ended healthy = allocate("SWAPDISTILL_EMULATION_DEVICES", "0");
    expect(healthy.status == 0 && healthy.output.empty(), "no devices: the process printed '" + healthy.output + "'");
}

TEST(fault_unknown_attribute) {
    int value = 0;
    cudaDeviceGetAttribute(&value, static_cast<cudaDeviceAttr>(9999), 0);
    expect_report("cudaDeviceGetAttribute: the emulation does not know attribute 9999");
}
