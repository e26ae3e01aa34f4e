/* What the counters say about kernels whose traffic can be told by hand. */
#include "emulation/kernel/counters.h"
#include "emulation/tests/frame.h"

#include <cuda_runtime.h>

#include <string>

namespace {

constexpr unsigned SHIFTED = 1;

__global__ void copy(const float *from, float *to) {
    to[blockIdx.x * blockDim.x + threadIdx.x] = from[blockIdx.x * blockDim.x + threadIdx.x];
}

__global__ void copy_every_eighth(const float *from, float *to) {
    to[threadIdx.x] = from[8 * threadIdx.x];
}

__global__ void spread_one(const float *from, float *to) {
    to[threadIdx.x] = from[3];
}

__global__ void copy_vectors(const float4 *from, float4 *to) {
    to[threadIdx.x] = from[threadIdx.x];
}

__global__ void store_fields(const float4 *from, float4 *to) {
    const float x = from[threadIdx.x].x;
    to[threadIdx.x] = float4{x, x, x, x};
}

/* 100 elements: three whole rounds of the warp, and one of four lanes. */
__global__ void copy_in_rounds(const float *from, float *to) {
    for (unsigned i = threadIdx.x; i < 100; i += 32) {
        to[i] = from[i];
    }
}

/* Every lane leaves out every second round. */
__global__ void copy_in_turns(const float *from, float *to) {
    for (unsigned i = 0; i < 4; ++i) {
        if ((threadIdx.x + i) % 2 == 0) {
            to[32 * i + threadIdx.x] = from[32 * i + threadIdx.x];
        }
    }
}

template <unsigned STRIDE>
__global__ void through_shared_memory(const float *from, float *to) {
    __shared__ float tile[32 * STRIDE];
    tile[STRIDE * threadIdx.x] = from[threadIdx.x];
    __syncthreads();
    to[threadIdx.x] = tile[STRIDE * threadIdx.x];
    __syncthreads();
}

__global__ void compute(const float *from, float *to) {
    const float x = from[threadIdx.x];
    to[threadIdx.x] = threadIdx.x % 2 == 0 ? expf(x) / (x + 2) : logf(x + 1);
}

template <typename T>
emulation_counters count(void (*kernel)(const T *, T *), unsigned blocks, unsigned threads, unsigned shift = 0) {
    float *memory = nullptr;
    tests::succeed(cudaMalloc(reinterpret_cast<void **>(&memory), 8192));
    tests::succeed(cudaMemset(memory, 0, 8192));
    const T *from = reinterpret_cast<const T *>(memory + shift);
    T *to = reinterpret_cast<T *>(memory + 1024);
    void *pointers[] = {&from, &to};
    emulation_counters counters;
    emulation_count_requests(1);
    tests::succeed(cudaLaunchKernel(kernel, dim3(blocks), dim3(threads), pointers, 0, nullptr));
    tests::succeed(cudaDeviceSynchronize());
    emulation_count_requests(0);
    emulation_take_counters(&counters);
    tests::succeed(cudaFree(memory));
    return counters;
}

void expect_count(const char *what, unsigned long long value, unsigned long long expected) {
    tests::expect(value == expected, std::string(what) + ": " + std::to_string(value) + "; expected " +
                                         std::to_string(expected));
}

/* Of loads and stores. */
void expect_sectors(const emulation_counters &counters, unsigned long long loaded, unsigned long long stored) {
    expect_count("load sectors", counters.load_sectors, loaded);
    expect_count("store sectors", counters.store_sectors, stored);
}

} // namespace

TEST(neighbouring_lanes_share_sectors) {
    const emulation_counters counters = count(copy, 1, 32);
    expect_sectors(counters, 4, 4);
    expect_count("launches", counters.launches, 1);
    expect_count("load requests", counters.load_requests, 1);
    expect_count("bytes loaded", counters.bytes_loaded, 128);
    expect_count("bytes stored", counters.bytes_stored, 128);
}

TEST(a_shifted_row_touches_one_sector_more) {
    expect_sectors(count(copy, 1, 32, SHIFTED), 5, 4);
}

TEST(every_warp_of_every_block_counts) {
    const emulation_counters counters = count(copy, 3, 40);
    expect_count("load requests", counters.load_requests, 6);
    expect_sectors(counters, 15, 15);
}

TEST(a_stride_of_a_sector_loads_one_for_each_lane) {
    expect_sectors(count(copy_every_eighth, 1, 32), 32, 4);
}

TEST(one_address_is_one_sector) {
    expect_sectors(count(spread_one, 1, 32), 1, 4);
}

TEST(a_vector_is_one_access) {
    const emulation_counters counters = count(copy_vectors, 1, 32);
    expect_sectors(counters, 16, 16);
    expect_count("load requests", counters.load_requests, 1);
}

TEST(a_vector_of_fields_is_one_access_and_a_field_is_another) {
    const emulation_counters counters = count(store_fields, 1, 32);
    expect_sectors(counters, 16, 16);
    expect_count("store requests", counters.store_requests, 1);
    expect_count("bytes loaded", counters.bytes_loaded, 128);
    expect_count("bytes stored", counters.bytes_stored, 512);
}

TEST(rounds_of_a_loop_are_requests_of_their_own) {
    const emulation_counters counters = count(copy_in_rounds, 1, 32);
    expect_count("load requests", counters.load_requests, 4);
    expect_sectors(counters, 13, 13);
}

TEST(lanes_may_leave_rounds_out) {
    expect_sectors(count(copy_in_turns, 1, 32), 16, 16);
}

TEST(equal_banks_conflict) {
    expect_count("conflicts", count(through_shared_memory<1>, 1, 32).bank_conflicts, 0);
    expect_count("conflicts", count(through_shared_memory<2>, 1, 32).bank_conflicts, 2);
    expect_count("conflicts", count(through_shared_memory<32>, 1, 32).bank_conflicts, 62);
    expect_count("requests", count(through_shared_memory<1>, 1, 32).shared_requests, 2);
}

TEST(barriers_count) {
    expect_count("barriers", count(through_shared_memory<1>, 1, 32).barriers, 2);
}

TEST(expensive_operations_count) {
    const emulation_counters counters = count(compute, 1, 64);
    expect_count("exponentials", counters.exponentials, 32);
    expect_count("logarithms", counters.logarithms, 32);
    expect_count("divisions", counters.divisions, 32);
}

TEST(a_failure_can_be_injected_into_launches) {
    const float *from = nullptr;
    float *to = nullptr;
    void *pointers[] = {&from, &to};
    emulation_fail_call("cudaLaunchKernel", 1, cudaErrorLaunchOutOfResources);
    tests::expect_error(cudaLaunchKernel(copy, dim3(1), dim3(32), pointers, 0, nullptr), cudaErrorLaunchOutOfResources);
    cudaFuncAttributes attributes;
    const void *kernel = reinterpret_cast<const void *>(copy);
    emulation_fail_call("cudaFuncGetAttributes", 1, cudaErrorNoKernelImageForDevice);
    tests::expect_error(cudaFuncGetAttributes(&attributes, kernel), cudaErrorNoKernelImageForDevice);
    tests::succeed(cudaFuncGetAttributes(&attributes, kernel));
    tests::expect(attributes.maxThreadsPerBlock == 1024, "the kernel has no bounds");
    int blocks = 0;
    emulation_fail_call("cudaOccupancyMaxActiveBlocksPerMultiprocessor", 1, cudaErrorInvalidValue);
    tests::expect_error(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, nullptr, 32, 0), cudaErrorInvalidValue);
    tests::succeed(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, nullptr, 32, 0));
}

TEST(nothing_is_recorded_unless_asked_for) {
    float *memory = nullptr;
    tests::succeed(cudaMalloc(reinterpret_cast<void **>(&memory), 8192));
    tests::succeed(cudaMemset(memory, 0, 8192));
    const float *from = memory;
    float *to = memory + 1024;
    void *pointers[] = {&from, &to};
    tests::succeed(cudaLaunchKernel(copy, dim3(1), dim3(32), pointers, 0, nullptr));
    tests::succeed(cudaDeviceSynchronize());
    tests::succeed(cudaFree(memory));
    emulation_counters counters;
    emulation_take_counters(&counters);
    expect_sectors(counters, 0, 0);
}
