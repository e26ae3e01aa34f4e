/*
 * The CUDA C++ that the kernels of this project are written in, for a host compiler: qualifiers, built-in variables,
 * vector types, barriers, warp collectives, atomics, and the launch of a kernel. Written from the CUDA C++ Programming
 * Guide. Sources that include it are compiled with -fsanitize=thread, whose callbacks the emulation answers.
 */
#ifndef SWAPDISTILL_EMULATION_CUDA_RUNTIME_H
#define SWAPDISTILL_EMULATION_CUDA_RUNTIME_H

#include "emulation_runtime_api.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <type_traits>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
/* kernel/launch_bounds.h */
#define __launch_bounds__(threads, ...) __attribute__((patchable_function_entry((threads) + 0, (threads) + 0)))
#define __grid_constant__
/* One block runs at a time on a thread of the host (kernel/shared_memory.h). */
#define __shared__ thread_local

struct uint3 {
    unsigned x, y, z;
};

struct dim3 {
    unsigned x, y, z;

    constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

namespace emulation::kernel {

/* A vector is loaded and stored by one access of the device, whatever the host's compiler makes of its fields: checks
 * it and counts it; storing copies the vector too. */
void load_vector(const void *from, unsigned bytes);
void store_vector(void *to, const void *from, unsigned bytes);

template <typename Vector>
__forceinline__ void move_vector(Vector *to, const Vector *from) {
    load_vector(from, sizeof *from);
    store_vector(to, from, sizeof *to);
}

template <typename T>
struct alignas(2 * sizeof(T)) Vector2 {
    T x, y;

    constexpr Vector2(T x_ = T(), T y_ = T()) : x(x_), y(y_) {}
    __forceinline__ Vector2(const Vector2 &other) { move_vector(this, &other); }
    __forceinline__ Vector2 &operator=(const Vector2 &other) {
        move_vector(this, &other);
        return *this;
    }
};

template <typename T>
struct alignas(4 * sizeof(T)) Vector4 {
    T x, y, z, w;

    constexpr Vector4(T x_ = T(), T y_ = T(), T z_ = T(), T w_ = T()) : x(x_), y(y_), z(z_), w(w_) {}
    __forceinline__ Vector4(const Vector4 &other) { move_vector(this, &other); }
    __forceinline__ Vector4 &operator=(const Vector4 &other) {
        move_vector(this, &other);
        return *this;
    }
};

} // namespace emulation::kernel

using uchar4 = emulation::kernel::Vector4<unsigned char>;
using uint2 = emulation::kernel::Vector2<unsigned>;
using uint4 = emulation::kernel::Vector4<unsigned>;
using float2 = emulation::kernel::Vector2<float>;
using float4 = emulation::kernel::Vector4<float>;

inline uchar4 make_uchar4(unsigned char x, unsigned char y, unsigned char z, unsigned char w) { return {x, y, z, w}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

/* Stores with the usual caching, in one access. */
__forceinline__ void __stwb(uint2 *to, uint2 value) { *to = value; }
__forceinline__ void __stwb(uint4 *to, uint4 value) { *to = value; }

namespace emulation::kernel {

/* Constant for one thread of the device, which is all that its code sees. */
__attribute__((const)) uint3 thread_index();
__attribute__((const)) uint3 block_index();
__attribute__((const)) dim3 block_size();
__attribute__((const)) dim3 grid_size();

enum class Collective {
    SHUFFLE,
    SHUFFLE_UP,
    SHUFFLE_DOWN,
    SHUFFLE_XOR,
    SYNCWARP,
    BALLOT,
    ALL,
    ANY,
    REDUCE_ADD,
    REDUCE_MIN,
    REDUCE_MAX,
    REDUCE_AND,
    REDUCE_OR,
    REDUCE_XOR
};

/* Waits for the lanes of the mask, which must call the same; operand is the lane, distance or mask of a shuffle. */
std::uint64_t collective(Collective kind, unsigned mask, std::uint64_t value, int operand, int width);
void block_barrier();

template <typename T>
std::uint64_t to_bits(T value) {
    static_assert(sizeof(T) <= 8, "shuffles move at most 8 bytes");
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    return bits;
}

template <typename T>
T from_bits(std::uint64_t bits) {
    T value;
    std::memcpy(static_cast<void *>(&value), &bits, sizeof value);
    return value;
}

enum class Atomic { ADD, MIN, MAX, EXCHANGE, COMPARE_AND_SWAP, OR, AND };

/* Checks an atomic access and counts it. */
void atomic_access(const void *address, unsigned bytes);

/* What a launch runs in every thread of the device. */
struct Task {
    virtual ~Task() = default;
    virtual void run() const = 0;
};

/* Checks the configuration and puts the launch on the stream. Takes the task. */
cudaError_t launch(const void *kernel, Task *task, dim3 grid, dim3 block, std::size_t shared_bytes,
                   cudaStream_t stream);

template <typename... P>
struct Call final : Task {
    using Arguments = std::tuple<std::remove_const_t<P>...>;

    void (*kernel)(P...);
    Arguments arguments;

    Call(void (*function)(P...), const Arguments &values) : kernel(function), arguments(values) {}

    /* The copies of the arguments are what constant memory is to a kernel: not observed. */
    __attribute__((noinline, no_sanitize("thread"))) void run() const override { run(std::index_sequence_for<P...>{}); }

    template <std::size_t... I>
    __attribute__((noinline, no_sanitize("thread"))) void run(std::index_sequence<I...>) const {
        /* On the thread's own stack, because copies of vectors are observed wherever they are made. */
        alignas(Arguments) unsigned char own[sizeof(Arguments)];
        std::memcpy(own, static_cast<const void *>(&arguments), sizeof own);
        kernel(std::get<I>(*reinterpret_cast<const Arguments *>(own))...);
    }
};

template <typename... P, std::size_t... I>
Task *task_of(void (*kernel)(P...), void **arguments, std::index_sequence<I...>) {
    return new Call<P...>(kernel, {*static_cast<const std::remove_const_t<P> *>(arguments[I])...});
}

} // namespace emulation::kernel

#define threadIdx (::emulation::kernel::thread_index())
#define blockIdx (::emulation::kernel::block_index())
#define blockDim (::emulation::kernel::block_size())
#define gridDim (::emulation::kernel::grid_size())

/* As the overload for functions in NVIDIA's cuda_runtime.h. */
template <typename... P>
cudaError_t cudaLaunchKernel(void (*kernel)(P...), dim3 grid, dim3 block, void **arguments, std::size_t shared_bytes,
                             cudaStream_t stream) {
    return emulation::kernel::launch(
        reinterpret_cast<const void *>(kernel),
        emulation::kernel::task_of(kernel, arguments, std::index_sequence_for<P...>{}), grid, block, shared_bytes,
        stream);
}

/* The fields that the emulation knows. */
struct cudaFuncAttributes {
    int maxThreadsPerBlock;
    int binaryVersion;
};

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attributes, const void *kernel);

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *kernel, int threads,
                                                          std::size_t shared_bytes);

using std::max;
using std::min;

__forceinline__ void __syncthreads() { emulation::kernel::block_barrier(); }

__forceinline__ void __syncwarp(unsigned mask = 0xffffffffu) {
    emulation::kernel::collective(emulation::kernel::Collective::SYNCWARP, mask, 0, 0, 32);
}

#define SWAPDISTILL_EMULATION_SHUFFLE(name, kind)                                                                      \
    template <typename T>                                                                                              \
    __forceinline__ T name(unsigned mask, T value, int operand, int width = 32) {                                      \
        return emulation::kernel::from_bits<T>(                                                                        \
            emulation::kernel::collective(kind, mask, emulation::kernel::to_bits(value), operand, width));             \
    }
SWAPDISTILL_EMULATION_SHUFFLE(__shfl_sync, emulation::kernel::Collective::SHUFFLE)
SWAPDISTILL_EMULATION_SHUFFLE(__shfl_up_sync, emulation::kernel::Collective::SHUFFLE_UP)
SWAPDISTILL_EMULATION_SHUFFLE(__shfl_down_sync, emulation::kernel::Collective::SHUFFLE_DOWN)
SWAPDISTILL_EMULATION_SHUFFLE(__shfl_xor_sync, emulation::kernel::Collective::SHUFFLE_XOR)
#undef SWAPDISTILL_EMULATION_SHUFFLE

__forceinline__ unsigned __ballot_sync(unsigned mask, int predicate) {
    return static_cast<unsigned>(
        emulation::kernel::collective(emulation::kernel::Collective::BALLOT, mask, predicate != 0, 0, 32));
}
__forceinline__ int __all_sync(unsigned mask, int predicate) {
    return static_cast<int>(
        emulation::kernel::collective(emulation::kernel::Collective::ALL, mask, predicate != 0, 0, 32));
}
__forceinline__ int __any_sync(unsigned mask, int predicate) {
    return static_cast<int>(
        emulation::kernel::collective(emulation::kernel::Collective::ANY, mask, predicate != 0, 0, 32));
}

#define SWAPDISTILL_EMULATION_REDUCE(name, kind)                                                                       \
    __forceinline__ unsigned name(unsigned mask, unsigned value) {                                                     \
        return static_cast<unsigned>(emulation::kernel::collective(kind, mask, value, 0, 32));                         \
    }
SWAPDISTILL_EMULATION_REDUCE(__reduce_add_sync, emulation::kernel::Collective::REDUCE_ADD)
SWAPDISTILL_EMULATION_REDUCE(__reduce_min_sync, emulation::kernel::Collective::REDUCE_MIN)
SWAPDISTILL_EMULATION_REDUCE(__reduce_max_sync, emulation::kernel::Collective::REDUCE_MAX)
SWAPDISTILL_EMULATION_REDUCE(__reduce_and_sync, emulation::kernel::Collective::REDUCE_AND)
SWAPDISTILL_EMULATION_REDUCE(__reduce_or_sync, emulation::kernel::Collective::REDUCE_OR)
SWAPDISTILL_EMULATION_REDUCE(__reduce_xor_sync, emulation::kernel::Collective::REDUCE_XOR)
#undef SWAPDISTILL_EMULATION_REDUCE

/* Threads of the device run one at a time, so that an atomic operation is a plain one that was checked as atomic. */
template <typename T>
__attribute__((noinline, no_sanitize("thread"))) T emulation_atomic(T *address, emulation::kernel::Atomic operation, T value,
                                                          T compare = T()) {
    const T old = *address;
    T next = value;
    switch (operation) {
    case emulation::kernel::Atomic::ADD:
        next = static_cast<T>(old + value);
        break;
    case emulation::kernel::Atomic::MIN:
        next = value < old ? value : old;
        break;
    case emulation::kernel::Atomic::MAX:
        next = old < value ? value : old;
        break;
    case emulation::kernel::Atomic::COMPARE_AND_SWAP:
        next = old == compare ? value : old;
        break;
    default:
        break;
    }
    *address = next;
    return old;
}

#define SWAPDISTILL_EMULATION_ATOMIC(name, operation)                                                                  \
    template <typename T>                                                                                              \
    __forceinline__ T name(T *address, std::common_type_t<T> value) {                                                  \
        emulation::kernel::atomic_access(address, sizeof(T));                                                          \
        return emulation_atomic<T>(address, emulation::kernel::Atomic::operation, value);                              \
    }
SWAPDISTILL_EMULATION_ATOMIC(atomicAdd, ADD)
SWAPDISTILL_EMULATION_ATOMIC(atomicMin, MIN)
SWAPDISTILL_EMULATION_ATOMIC(atomicMax, MAX)
SWAPDISTILL_EMULATION_ATOMIC(atomicExch, EXCHANGE)
#undef SWAPDISTILL_EMULATION_ATOMIC

template <typename T>
__forceinline__ T atomicCAS(T *address, std::common_type_t<T> compare, std::common_type_t<T> value) {
    emulation::kernel::atomic_access(address, sizeof(T));
    return emulation_atomic<T>(address, emulation::kernel::Atomic::COMPARE_AND_SWAP, value, compare);
}

/* Threads see each other's writes at once. */
__forceinline__ void __threadfence() {}
__forceinline__ void __threadfence_block() {}

inline unsigned __umulhi(unsigned x, unsigned y) {
    return static_cast<unsigned>((static_cast<std::uint64_t>(x) * y) >> 32);
}
inline float __int_as_float(int bits) { return emulation::kernel::from_bits<float>(static_cast<unsigned>(bits)); }
inline int __float_as_int(float value) { return static_cast<int>(emulation::kernel::to_bits(value)); }
/* Rounded one by one: the sources are compiled without contraction. */
inline float __fmul_rn(float x, float y) { return x * y; }
inline float __fadd_rn(float x, float y) { return x + y; }
inline float __fsub_rn(float x, float y) { return x - y; }

using std::isfinite;
using std::isinf;
using std::isnan;

/* Counted (kernel/expensive.cpp). A division of floats is an operator, so the assembler counts its instructions; that
 * takes the stack, which is why the sources are compiled without a red zone. */
extern "C" {
float expf(float) noexcept asm("emulation_expf");
float logf(float) noexcept asm("emulation_logf");
float log1pf(float) noexcept asm("emulation_log1pf");
}
asm(R"(
    .macro divss divisor, dividend
    pushfq
    incq emulation_divisions(%rip)
    popfq
    vdivss \divisor, \dividend, \dividend
    .endm
    .macro divsd divisor, dividend
    pushfq
    incq emulation_divisions(%rip)
    popfq
    vdivsd \divisor, \dividend, \dividend
    .endm
)");

#endif
