/*
 * Kernels with planted faults, each with a healthy twin: the template parameter FAULTY chooses. The runner is in
 * main.cpp.
 */
#include "emulation/tests/kernels/faults.h"

#include <cuda_runtime.h>

/* Outside of any namespace, as the variable that it declares. */
__global__ void use_dynamic_shared(int *data) {
    extern __shared__ int dynamic_shared[];
    dynamic_shared[threadIdx.x] = data[threadIdx.x];
    __syncthreads();
    data[threadIdx.x] = dynamic_shared[blockDim.x - 1 - threadIdx.x];
}

namespace faults {
namespace {

constexpr unsigned ALL = 0xffffffffu;

template <bool FAULTY>
__global__ void missing_barrier(int *data) {
    __shared__ int shared[64];
    shared[threadIdx.x] = data[threadIdx.x];
    __syncthreads();
    shared[threadIdx.x] += 1;
    if (!FAULTY) {
        __syncthreads();
    }
    data[threadIdx.x] = shared[63 - threadIdx.x];
}

/* The second round overwrites what slower threads still read. */
template <bool FAULTY>
__global__ void race_on_shared_memory(int *data) {
    __shared__ int shared[64];
    for (int round = 0; round < 2; ++round) {
        shared[threadIdx.x] = data[threadIdx.x] + round;
        __syncthreads();
        data[64 + threadIdx.x] = shared[63 - threadIdx.x];
        if (!FAULTY) {
            __syncthreads();
        }
    }
}

/* Nothing but a barrier of the block orders the reads of other warps before the write. */
template <bool FAULTY>
__global__ void race_with_many_readers(int *data) {
    __shared__ int shared;
    if (threadIdx.x == 0) {
        shared = 1;
    }
    __syncthreads();
    const int value = shared;
    __syncwarp();
    if (!FAULTY) {
        __syncthreads();
    }
    if (threadIdx.x == 0) {
        shared = 2;
    }
    data[threadIdx.x] = value;
}

/* Two lanes meet; the reads of the others are not ordered before the write. */
template <bool FAULTY>
__global__ void race_with_other_lanes(int *data) {
    const int value = data[0];
    __syncwarp(FAULTY && threadIdx.x < 2 ? 0x00000003u : FAULTY ? 0xfffffffcu : ALL);
    if (threadIdx.x == 0) {
        data[0] = value + 1;
    }
}

/* Lane 2 knows from lane 1 what lane 0 wrote. */
template <bool FAULTY>
__global__ void chain_of_lanes(int *data) {
    if (threadIdx.x == 0) {
        data[0] = 1;
    }
    if (threadIdx.x < 2) {
        __syncwarp(0x00000003u);
    }
    if (!FAULTY && (threadIdx.x == 1 || threadIdx.x == 2)) {
        __syncwarp(0x00000006u);
    }
    if (threadIdx.x == 2) {
        data[2] = data[0];
    }
}

/* Of lanes that read at different times, some are not ordered before the write. */
template <bool FAULTY>
__global__ void race_with_a_late_reader(int *data) {
    int value = 0;
    if (threadIdx.x < 2) {
        value = data[0];
        __syncwarp(0x00000003u);
    }
    if (threadIdx.x == 1 || threadIdx.x == 2) {
        value += data[0];
        __syncwarp(0x00000006u);
    }
    if (FAULTY ? threadIdx.x == 0 : threadIdx.x == 2) {
        data[0] = value;
    }
}

/* Lanes read a vector at different times, then one of them another of its words than the one that is written. */
template <bool FAULTY>
__global__ void reads_one_word_of_a_vector(int *data) {
    const uint4 *vectors = reinterpret_cast<const uint4 *>(data);
    int *results = data + 128;
    if (threadIdx.x == 0) {
        const uint4 all = vectors[0];
        results[0] = static_cast<int>(all.x);
    }
    if (threadIdx.x < 2) {
        __syncwarp(0x00000003u);
    }
    if (threadIdx.x == 1) {
        const uint4 all = vectors[0];
        results[1] = static_cast<int>(all.x);
    }
    if (threadIdx.x == 0) {
        results[2] = data[FAULTY ? 0 : 3];
    }
    if (threadIdx.x == 1 || threadIdx.x == 2) {
        __syncwarp(0x00000006u);
    }
    if (threadIdx.x == 2) {
        data[0] = 1;
    }
}

/* Every warp adds; a barrier of one warp does not order the others' additions before the read. */
template <bool FAULTY>
__global__ void reads_a_sum_too_early(int *data) {
    __shared__ int sum;
    if (threadIdx.x == 0) {
        sum = 0;
    }
    __syncthreads();
    atomicAdd(&sum, 1);
    __syncwarp();
    if (!FAULTY) {
        __syncthreads();
    }
    if (threadIdx.x == 0) {
        data[0] = sum;
    }
}

/* The read is ordered behind the addition of its own block alone. */
template <bool FAULTY>
__global__ void reads_a_sum_of_all_blocks(int *data) {
    atomicAdd(data, 1);
    if (blockIdx.x == 1) {
        data[1] = FAULTY ? data[0] : atomicAdd(data, 0);
    }
}

/* The first addition is ordered behind the read, the others are not. */
template <bool FAULTY>
__global__ void adds_to_what_is_read(int *data) {
    if (threadIdx.x == 0) {
        data[1] = data[0];
    }
    if (!FAULTY) {
        __syncthreads();
    }
    atomicAdd(data, 1);
}

/* A shuffle orders no memory; __syncwarp does. */
template <bool FAULTY>
__global__ void shuffle_as_barrier(int *data) {
    __shared__ int shared[32];
    shared[threadIdx.x] = data[threadIdx.x];
    __syncwarp();
    shared[threadIdx.x] += 1;
    if (FAULTY) {
        __shfl_xor_sync(ALL, 1, 1);
    } else {
        __syncwarp();
    }
    data[threadIdx.x] = shared[31 - threadIdx.x];
}

template <bool FAULTY>
__global__ void missing_lane(int *data) {
    int value = data[threadIdx.x];
    if (!FAULTY || threadIdx.x != 5) {
        value += __shfl_xor_sync(ALL, value, 1);
    }
    __syncthreads();
    data[threadIdx.x] = value;
}

template <bool FAULTY>
__global__ void exited_lane(int *data) {
    if (FAULTY && threadIdx.x == 7) {
        return;
    }
    data[threadIdx.x] = __shfl_down_sync(ALL, data[threadIdx.x], 1);
}

template <bool FAULTY>
__global__ void different_masks(int *data) {
    const unsigned mask = FAULTY && threadIdx.x % 2 == 1 ? 0x0000ffffu | 1u << threadIdx.x : ALL;
    data[threadIdx.x] = __shfl_xor_sync(mask, data[threadIdx.x], 1);
}

template <bool FAULTY>
__global__ void caller_outside_its_mask(int *data) {
    data[threadIdx.x] = static_cast<int>(__ballot_sync(FAULTY ? 0x0000ffffu : ALL, 1));
}

template <bool FAULTY>
__global__ void source_outside_the_mask(int *data) {
    if (threadIdx.x < 16) {
        data[threadIdx.x] = __shfl_sync(0x0000ffffu, data[threadIdx.x], FAULTY ? 20 : 10);
    }
}

template <bool FAULTY>
__global__ void off_by_one(int *data) {
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    if (FAULTY ? i <= 256 : i < 256) {
        data[i] = 1;
    }
}

template <bool FAULTY>
__global__ void read_before_the_beginning(int *data) {
    data[64 + threadIdx.x] = data[static_cast<int>(threadIdx.x) - (FAULTY ? 1 : 0)];
}

template <bool FAULTY>
__global__ void misaligned_vector(int *data) {
    int *from = data + 4 * threadIdx.x + (FAULTY ? 2 : 0);
    if (threadIdx.x < 8) {
        *reinterpret_cast<float4 *>(from) = make_float4(0, 1, 2, 3);
    }
}

/* The host's compiler would store the fields one by one, nvcc stores the vector. */
template <bool FAULTY>
__global__ void misaligned_fields(int *data) {
    float *to = reinterpret_cast<float *>(data) + 4 * threadIdx.x + (FAULTY ? 1 : 0);
    const float value = static_cast<float>(threadIdx.x);
    *reinterpret_cast<float4 *>(to) = float4{value, value + 1, value + 2, value + 3};
}

template <bool FAULTY>
__global__ void misaligned_constants(int *data) {
    int *to = data + 2 * threadIdx.x + (FAULTY ? 1 : 0);
    *reinterpret_cast<float2 *>(to) = float2{1, 2};
}

/* The compiler can prove it, and would not read the vector at once. */
template <bool FAULTY>
__global__ void misaligned_for_sure(int *data) {
    __shared__ float4 vectors[40];
    float *shared = reinterpret_cast<float *>(vectors);
    for (unsigned i = threadIdx.x; i < 160; i += blockDim.x) {
        shared[i] = 1;
    }
    __syncthreads();
    const float4 vector = *reinterpret_cast<const float4 *>(shared + 4 * threadIdx.x + (FAULTY ? 1 : 0));
    data[threadIdx.x] = static_cast<int>(vector.x + vector.w);
}

struct alignas(16) Packet {
    int value[4];
};

/* So with a class of the program's own. */
template <bool FAULTY>
__global__ void misaligned_packet(int *data) {
    int *to = data + 4 * threadIdx.x + (FAULTY ? 1 : 0);
    const int value = static_cast<int>(threadIdx.x);
    *reinterpret_cast<Packet *>(to) = Packet{{value, value + 1, value + 2, value + 3}};
}

template <bool FAULTY>
__global__ void race_between_blocks(int *data) {
    data[FAULTY ? threadIdx.x : blockIdx.x * blockDim.x + threadIdx.x] = static_cast<int>(blockIdx.x);
}

/* Reads what the neighbouring block writes. */
template <bool FAULTY>
__global__ void reads_another_block(int *data) {
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    data[i] = data[FAULTY ? (i + 1) % 128 : i] + 1;
}

template <bool FAULTY>
__global__ void race_within_a_block(int *data) {
    const int value = data[threadIdx.x ^ 1];
    if (!FAULTY) {
        __syncthreads();
    }
    data[threadIdx.x] = value;
}

template <bool FAULTY>
__global__ void lost_update(int *data) {
    if (FAULTY) {
        data[0] = data[0] + 1;
    } else {
        atomicAdd(data, 1);
    }
}

template <bool FAULTY>
__global__ void uninitialised_shared(int *data) {
    __shared__ int shared[64];
    if (!FAULTY || threadIdx.x != 63) {
        shared[threadIdx.x] = 1;
    }
    __syncthreads();
    data[threadIdx.x] = shared[63 - threadIdx.x];
}

template <bool FAULTY>
__global__ void past_the_end_of_shared(int *data) {
    __shared__ int variable[32];
    int *shared = variable;
    const unsigned at = threadIdx.x + (FAULTY ? 1 : 0);
    shared[at] = data[threadIdx.x];
    __syncthreads();
    data[threadIdx.x] = shared[at];
}

template <bool FAULTY>
__global__ void into_the_next_shared_variable(int *data) {
    __shared__ int first[32];
    __shared__ int second[32];
    first[threadIdx.x] = 1;
    second[threadIdx.x] = 2;
    __syncthreads();
    data[threadIdx.x] = first[threadIdx.x + (FAULTY ? 1 : 0)] + second[threadIdx.x];
}

template <bool FAULTY>
__global__ void past_the_end_of_a_local_array(int *data) {
    int local[4] = {1, 2, 3, 4};
    local[data[0]] += 1;
    data[threadIdx.x + 1] = local[static_cast<int>(threadIdx.x % 4) - (FAULTY ? 1 : 0)];
}

/* Shared memory keeps nothing from one block to the next. */
template <bool FAULTY>
__global__ void shared_of_an_earlier_block(int *data) {
    __shared__ int shared[64];
    if (!FAULTY || blockIdx.x == 0) {
        shared[threadIdx.x] = 1;
    }
    data[blockIdx.x * blockDim.x + threadIdx.x] = shared[threadIdx.x];
}

template <bool FAULTY>
__global__ void barrier_divergence(int *data) {
    if (FAULTY && threadIdx.x >= 32) {
        __syncthreads();
        data[threadIdx.x] = 2;
    } else {
        data[threadIdx.x] = 1;
        __syncthreads();
    }
}

template <bool FAULTY>
__global__ void exits_before_the_barrier(int *data) {
    if (FAULTY && threadIdx.x == 9) {
        return;
    }
    __syncthreads();
    data[threadIdx.x] = 1;
}

/* One warp waits for the other's lanes, the other for the block. */
template <bool FAULTY>
__global__ void deadlock(int *data) {
    if (FAULTY && threadIdx.x == 3) {
        __syncthreads();
        __syncwarp();
    } else {
        __syncwarp();
        __syncthreads();
    }
    data[threadIdx.x] = 1;
}

template <bool FAULTY>
__global__ void different_collectives(int *data) {
    const int value = FAULTY && threadIdx.x % 2 == 1 ? __shfl_up_sync(ALL, 1, 1) : __shfl_down_sync(ALL, 1, 1);
    data[threadIdx.x] = value;
}

__global__ void __launch_bounds__(96, 2) bounded(int *data) {
    data[threadIdx.x] = 1;
}

__global__ void fill(int *data) {
    data[threadIdx.x] = 1;
}

/* To read an argument is no access. */
__global__ void store_argument(int *data, float4 value) {
    reinterpret_cast<float4 *>(data)[threadIdx.x] = value;
}

__global__ void reads_host_memory(int *data, const int *other) {
    data[threadIdx.x] = other[threadIdx.x];
}

template <typename... P>
void start(void (*kernel)(P...), unsigned blocks, unsigned threads, std::size_t shared_bytes, P... arguments) {
    void *pointers[] = {static_cast<void *>(&arguments)...};
    cudaLaunchKernel(kernel, dim3(blocks), dim3(threads), pointers, shared_bytes, nullptr);
}

int *allocate(std::size_t bytes) {
    void *memory = nullptr;
    cudaMalloc(&memory, bytes);
    cudaMemset(memory, 0, bytes);
    cudaDeviceSynchronize();
    return static_cast<int *>(memory);
}

template <typename Kernel>
void on_memory(Kernel kernel, unsigned blocks, unsigned threads) {
    int *data = allocate(1024);
    start(kernel, blocks, threads, 0, data);
    cudaDeviceSynchronize();
    cudaFree(data);
}

/* Launches that are wrong, whatever the kernel. */
template <bool FAULTY>
void too_many_threads() {
    on_memory(fill, 1, FAULTY ? 1056 : 128);
}

template <bool FAULTY>
void beyond_the_launch_bounds() {
    on_memory(bounded, 1, FAULTY ? 97 : 96);
}

template <bool FAULTY>
void no_blocks() {
    on_memory(fill, FAULTY ? 0 : 1, 32);
}

template <bool FAULTY>
void too_much_shared_memory() {
    int *data = allocate(1024);
    start(use_dynamic_shared, 1, 64, FAULTY ? 49 * 1024 : 1024, data);
    cudaDeviceSynchronize();
    cudaFree(data);
}

template <bool FAULTY>
void too_little_dynamic_shared_memory() {
    int *data = allocate(1024);
    start(use_dynamic_shared, 1, 64, FAULTY ? 252 : 256, data);
    cudaDeviceSynchronize();
    cudaFree(data);
}

template <bool FAULTY>
void misaligned_argument() {
    int *data = allocate(1024);
    start(store_argument, 1, 32, 0, data + (FAULTY ? 3 : 0), float4{1, 2, 3, 4});
    cudaDeviceSynchronize();
    cudaFree(data);
}

template <bool FAULTY>
void freed_memory() {
    int *data = allocate(1024);
    int *other = allocate(1024);
    if (FAULTY) {
        cudaFree(other);
    }
    start(reads_host_memory, 1, 32, 0, data, static_cast<const int *>(other));
    cudaDeviceSynchronize();
    cudaFree(data);
    if (!FAULTY) {
        cudaFree(other);
    }
}

template <bool FAULTY>
void host_memory() {
    static int on_host[32];
    int *data = allocate(1024);
    int *other = allocate(1024);
    start(reads_host_memory, 1, 32, 0, data, static_cast<const int *>(FAULTY ? on_host : other));
    cudaDeviceSynchronize();
    cudaFree(data);
    cudaFree(other);
}

} // namespace

#define KERNEL(name, blocks, threads, words)                                                                           \
    {#name, "kernel faults::" #name "<true>, block (", words, [] { on_memory(name<true>, blocks, threads); }, [] { on_memory(name<false>, blocks, threads); }}
#define CALL(name, place, words) {#name, place, words, name<true>, name<false>}

const std::vector<Fault> ALL_FAULTS = {
    KERNEL(missing_barrier, 1, 64, "data race on shared memory"),
    KERNEL(race_on_shared_memory, 1, 64, "data race on shared memory"),
    KERNEL(race_with_many_readers, 1, 96, "data race on shared memory"),
    KERNEL(race_with_other_lanes, 1, 32, "data race on global memory"),
    KERNEL(chain_of_lanes, 1, 32, "data race on global memory"),
    KERNEL(race_with_a_late_reader, 1, 32, "data race on global memory"),
    KERNEL(reads_one_word_of_a_vector, 1, 32, "data race on global memory"),
    KERNEL(reads_a_sum_too_early, 1, 96, "data race on shared memory"),
    KERNEL(reads_a_sum_of_all_blocks, 3, 1, "data race between blocks on global memory"),
    KERNEL(adds_to_what_is_read, 1, 32, "data race on global memory"),
    KERNEL(shuffle_as_barrier, 1, 32, "data race on shared memory"),
    KERNEL(missing_lane, 1, 32, "missing lane 5"),
    KERNEL(exited_lane, 1, 32, "names lane 7, which has exited"),
    KERNEL(different_masks, 1, 32, "collective with different masks"),
    KERNEL(caller_outside_its_mask, 1, 32, "which is missing in its mask 0x0000ffff"),
    KERNEL(source_outside_the_mask, 1, 32, "reads lane 20, which is missing in the mask 0x0000ffff"),
    KERNEL(off_by_one, 2, 256, "write of 4 bytes outside any allocation"),
    KERNEL(read_before_the_beginning, 1, 32, "outside any allocation"),
    KERNEL(misaligned_vector, 1, 32, "misaligned access to 'struct float4': the address is 8 bytes behind"),
    KERNEL(misaligned_fields, 1, 32,
           "misaligned access to 'struct float4': the address is 4 bytes behind a multiple of 16"),
    KERNEL(misaligned_constants, 1, 32,
           "misaligned access to 'struct float2': the address is 4 bytes behind a multiple of 8"),
    KERNEL(misaligned_for_sure, 1, 32, "the address is 4 bytes behind a multiple of 16"),
    KERNEL(misaligned_packet, 1, 32, "misaligned access to 'struct Packet'"),
    KERNEL(race_between_blocks, 2, 64, "data race between blocks on global memory"),
    KERNEL(reads_another_block, 2, 64, "data race"),
    KERNEL(race_within_a_block, 1, 64, "data race on global memory"),
    KERNEL(lost_update, 2, 1, "data race between blocks on global memory"),
    KERNEL(uninitialised_shared, 1, 64, "read of uninitialised shared memory"),
    KERNEL(past_the_end_of_shared, 1, 32, "of 4 bytes outside the __shared__ variable"),
    KERNEL(into_the_next_shared_variable, 1, 32, "index 32 is outside of an array of type 'int [32]'"),
    KERNEL(past_the_end_of_a_local_array, 1, 32, "index -1 is outside of an array of type 'int [4]'"),
    KERNEL(shared_of_an_earlier_block, 3, 64, "read of uninitialised shared memory"),
    KERNEL(barrier_divergence, 1, 64, "barrier divergence"),
    KERNEL(exits_before_the_barrier, 1, 64, "barrier divergence"),
    KERNEL(deadlock, 1, 64, "deadlock"),
    KERNEL(different_collectives, 1, 32, "lanes meet in different collectives"),
    CALL(too_many_threads, "launch of kernel fill: ", "1056 threads per block"),
    CALL(beyond_the_launch_bounds, "launch of kernel bounded: ",
         "97 threads per block; the kernel's __launch_bounds__ allow 96"),
    CALL(no_blocks, "launch of kernel fill: ", "a grid of (0, 1, 1) blocks"),
    CALL(too_much_shared_memory, "launch of kernel use_dynamic_shared: ",
         "50176 bytes of dynamic shared memory per block"),
    CALL(too_little_dynamic_shared_memory, "kernel use_dynamic_shared, block (0, 0, 0), thread (63, 0, 0), faults.cu:",
         "outside the __shared__ variable"),
    CALL(misaligned_argument, "kernel store_argument, block (0, 0, 0), thread (",
         "misaligned access to 'struct float4'"),
    CALL(freed_memory, "kernel reads_host_memory, block (0, 0, 0), thread (", "freed"),
    CALL(host_memory, "kernel reads_host_memory, block (0, 0, 0), thread (", "outside any allocation"),
};

const std::vector<Fault> &all() {
    return ALL_FAULTS;
}

} // namespace faults
