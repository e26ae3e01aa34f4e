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
    for (const char *name : {"cudaMaloc", "cudaGetErrorName", "cuda", "cuInit"}) {
        expect_aborted(allocate("SWAPDISTILL_EMULATION_FAIL", (std::string(name) + ":1:2").c_str()),
                       std::string("expected the name of a function that the emulation has and that answers a status "
                                   "instead of ") + name);
    }
    const Ended healthy = allocate("SWAPDISTILL_EMULATION_DEVICES", "0");
    expect(healthy.status == 0 && healthy.output.empty(), "no devices: the process printed '" + healthy.output + "'");
}

TEST(fault_variable_for_a_call_that_never_comes) {
    const auto allocate_twice = [](const char *value) {
        return in_child([=] {
            setenv("SWAPDISTILL_EMULATION_FAIL", value, 1);
            for (int i = 0; i < 2; ++i) {
                void *data = nullptr;
                cudaMalloc(&data, 4);
                cudaFree(data);
            }
        });
    };
    expect_exited(allocate_twice("cudaMalloc:3:2"),
                  "SWAPDISTILL_EMULATION_FAIL: cudaMalloc was called 2 times; expected at least 3");
    expect_exited(allocate_twice("cudaMalloc:1:2,cudnnCreate:1:1"),
                  "SWAPDISTILL_EMULATION_FAIL: cudnnCreate was called 0 times; expected at least 1");
    const Ended twice = allocate_twice("cudaMalloc:1:2,cudaMalloc:2:2");
    expect(twice.status == 0 && twice.output.empty(), "both calls fail: the process printed '" + twice.output + "'");
}

TEST(fault_unknown_attribute) {
    int value = 0;
    cudaDeviceGetAttribute(&value, static_cast<cudaDeviceAttr>(9999), 0);
    expect_report("cudaDeviceGetAttribute: the emulation does not know attribute 9999");
}
