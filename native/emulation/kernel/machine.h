/*
 * The state of the launch that runs. Launches run one at a time, so there is one of it.
 */
#ifndef SWAPDISTILL_EMULATION_KERNEL_MACHINE_H
#define SWAPDISTILL_EMULATION_KERNEL_MACHINE_H

#include "emulation/include/cuda_runtime.h"

#include <cstdint>
#include <string>
#include <vector>

namespace emulation::kernel {

constexpr unsigned WARP = 32;
constexpr unsigned MOST_THREADS = 1024;

enum class State : std::uint8_t { READY, BARRIER, WARP_COLLECTIVE, EXITED };

struct Thread {
    void *context;
    std::uintptr_t stack;
    uint3 index;
    State state;
    /* The collective or barrier that it waits at. */
    const void *site;
    Collective kind;
    unsigned mask;
    std::uint64_t value;
    std::uint64_t result;
    int operand;
    int width;
    /* What each lane of its warp did before this time of the warp is ordered before what it does now. */
    std::uint32_t lane_time[WARP];
};

/* Lanes as bits. */
struct WarpLanes {
    unsigned waiting; /* at collectives */
    unsigned gone;    /* exited, or never there because the block's size is no multiple of a warp's */
    std::uint32_t time = 1;      /* counts barriers of lanes of the warp */
    std::uint32_t full_time = 0; /* of the last one of all its lanes */
};

struct Machine {
    bool running = false; /* a thread of the device, not the scheduler, has the processor */
    const void *kernel = nullptr;
    const Task *task = nullptr;
    dim3 grid;
    dim3 block;
    unsigned threads = 0;
    std::uint64_t launch = 0;        /* counts launches */
    std::uint64_t block_instance = 0; /* counts blocks of all launches */
    std::uint64_t phase = 0;          /* counts these and their barriers */
    uint3 block_index{};
    unsigned block_number = 0; /* linear */
    Thread *current = nullptr;
    std::uintptr_t stack = 0; /* of the current thread */
    void *scheduler = nullptr;
    bool faulty = false;
    std::vector<unsigned> ready;
    unsigned live = 0;
    unsigned at_barrier = 0;
    Thread thread[MOST_THREADS];
    WarpLanes warp[MOST_THREADS / WARP];
};

extern Machine machine;

inline unsigned number_of(const Thread &thread) { return static_cast<unsigned>(&thread - machine.thread); }

/* Gives the processor back to the scheduler. */
void yield();

/* Reports a fault with kernel, block, thread and source line, and ends the launch; does not return to a thread of the
 * device. */
void fault(const std::string &what, const void *site, cudaError_t error);
void fault(const std::string &what, const void *site, cudaError_t error, const Thread &thread);

/* A thread as text: "thread (3, 0, 0)". */
std::string name_of(const Thread &thread);

/* Orders the accesses of the whole block, or of the lanes of a warp that are in the mask. */
void order_block();
void order_lanes(unsigned first_thread, unsigned mask);

/* Called by a thread of the device that has returned from the kernel. */
void exited();

/* Runs all blocks; to be called with device memory accessible. */
void run_grid(const void *kernel, const Task &task, dim3 grid, dim3 block, std::size_t shared_bytes);

} // namespace emulation::kernel

#endif
