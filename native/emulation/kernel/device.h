/*
 * What a thread of a kernel calls while it runs under emulation.
 *
 * Loads and stores are not here: the CUDA sources are compiled with -fsanitize=thread, whose calls observe.cpp answers.
 */
#ifndef SWAPDISTILL_EMULATION_KERNEL_DEVICE_H
#define SWAPDISTILL_EMULATION_KERNEL_DEVICE_H

#include <cstdint>
#include <cstring>

struct uint3 {
    unsigned x, y, z;
};

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned width = 1, unsigned height = 1, unsigned depth = 1) : x(width), y(height), z(depth) {}
};

namespace emulation::kernel {

/* By value, so that the observed code has no variable to read. */
uint3 thread_index() __attribute__((const));
uint3 block_index() __attribute__((const));
uint3 block_size() __attribute__((const));
uint3 grid_size() __attribute__((const));

/* Of the thread in its warp. */
unsigned lane() __attribute__((const));

void barrier();
void warp_barrier(unsigned mask);

/* The value of another lane of the mask. */
std::uint64_t exchange(const char *function, unsigned mask, std::uint64_t value, unsigned source);
/* The lanes of the mask whose predicate holds. */
unsigned ballot(unsigned mask, bool predicate);

template <typename T>
inline __attribute__((always_inline)) T shuffle(const char *function, unsigned mask, T value, unsigned source) {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles move 32 or 64 bits");
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    bits = exchange(function, mask, bits, source);
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

unsigned atomic_add(unsigned *address, unsigned value);
unsigned long long atomic_add(unsigned long long *address, unsigned long long value);

float counted_exp(float x);
float counted_exp2(float x);
float counted_log(float x);
float counted_log1p(float x);
float counted_division(float x, float y);

} // namespace emulation::kernel

#endif
