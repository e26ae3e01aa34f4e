/*
 * The launch that runs: its blocks one after another in a shuffled order, the threads of a block as fibres that are
 * chosen at random whenever one has to wait.
 */
#ifndef SWAPDISTILL_EMULATION_KERNEL_GRID_H
#define SWAPDISTILL_EMULATION_KERNEL_GRID_H

#include "emulation/kernel/device.h"
#include "emulation/kernel/fibre.h"
#include "emulation/kernel/launch.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace emulation::kernel {

constexpr unsigned WARP_SIZE = 32;

enum class State { RUNNABLE, AT_BARRIER, AT_COLLECTIVE, EXITED };

struct Thread {
    Fibre fibre;
    unsigned number = 0; /* in the block, x first */
    State state = State::EXITED;
    uint3 index{};
    std::uint32_t phase = 0; /* barriers and collectives it has passed: what its warp does between two is one phase */
    /* While it waits. */
    const char *waits_in = nullptr;
    const void *site = nullptr;
    unsigned mask = 0;
    std::uint64_t given = 0;
    unsigned source = 0;
    std::uint64_t received = 0;

    unsigned lane() const { return number % WARP_SIZE; }
    unsigned warp() const { return number / WARP_SIZE; }
};

/* xoshiro-like generator of the schedule; small, and the same on every machine. */
class Shuffle {
  public:
    explicit Shuffle(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next();
    /* Below the bound. */
    std::size_t below(std::size_t bound) { return static_cast<std::size_t>(next() % bound); }

  private:
    std::uint64_t state_;
};

struct Grid {
    Call call;
    uint3 size{};
    uint3 block{};
    unsigned threads = 0;
    std::string name; /* looked up when it is needed */

    /* The block that runs. */
    uint3 block_index{};
    std::uint64_t block_number = 0;
    std::uint32_t barrier_interval = 0;
    std::vector<std::uint32_t> warp_interval; /* of each warp: counts its __syncwarp */
    std::vector<Thread *> thread;
    Thread *current = nullptr;
    bool failed = false;
};

/* The launch that runs on this process, or null. Only its own code asks: work runs under the runtime's lock. */
extern Grid *running;

/* Runs all blocks. Stops at the first fault. */
void run_grid(Grid &grid, std::uint64_t seed);

/* A fault of the thread that runs: reports it with kernel, block, thread and line, and does not return. */
[[noreturn]] void fail(const std::string &what, const void *site);

/* "kernel NAME, block (0, 0, 0), thread (1, 0, 0)" */
std::string place_of(const Grid &grid, const Thread &thread);

} // namespace emulation::kernel

#endif
