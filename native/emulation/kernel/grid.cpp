#include "emulation/kernel/grid.h"

#include "emulation/kernel/global_memory.h"
#include "emulation/kernel/shared_memory.h"
#include "emulation/kernel/site.h"
#include "emulation/kernel/traffic.h"
#include "emulation/runtime/emulation.h"

#include <cstdio>
#include <cstring>
#include <numeric>
#include <utility>

namespace emulation::kernel {

Grid *running = nullptr;

namespace {

std::string text_of(uint3 index) {
    return "(" + std::to_string(index.x) + ", " + std::to_string(index.y) + ", " + std::to_string(index.z) + ")";
}

uint3 unflatten(std::uint64_t number, uint3 size) {
    const std::uint64_t row = number / size.x;
    return {static_cast<unsigned>(number % size.x), static_cast<unsigned>(row % size.y),
            static_cast<unsigned>(row / size.y)};
}

/* Where every fibre begins. */
void enter(void *argument) {
    Thread *thread = static_cast<Thread *>(argument);
    running->call.run(running->call.arguments.get());
    thread->state = State::EXITED;
    thread->fibre.leave();
}

std::string lanes_text(unsigned mask) {
    char text[16];
    std::snprintf(text, sizeof text, "0x%08x", mask);
    return text;
}

/* Whether two lanes wait in one and the same call. The compiler may have copied it, so its line counts. */
bool same_call(const Thread &a, const Thread &b) {
    return a.state == State::AT_COLLECTIVE && b.state == State::AT_COLLECTIVE && a.mask == b.mask &&
           std::strcmp(a.waits_in, b.waits_in) == 0 && (a.site == b.site || line_of(a.site) == line_of(b.site));
}

/* Lets the waiting lanes of a warp go on whose collective is complete; answers whether there were any. */
bool complete_collective(Grid &grid, unsigned warp, std::vector<std::size_t> &runnable) {
    const std::size_t first = std::size_t{warp} * WARP_SIZE;
    for (unsigned lane = 0; lane < WARP_SIZE && first + lane < grid.threads; ++lane) {
        const Thread &leader = *grid.thread[first + lane];
        if (leader.state != State::AT_COLLECTIVE) {
            continue;
        }
        bool complete = true;
        for (unsigned other = 0; other < WARP_SIZE && complete; ++other) {
            if (leader.mask >> other & 1) {
                complete = first + other < grid.threads;
                complete = complete && same_call(leader, *grid.thread[first + other]);
            }
        }
        if (!complete) {
            continue;
        }
        const unsigned mask = leader.mask;
        for (unsigned other = 0; other < WARP_SIZE; ++other) {
            if (mask >> other & 1) {
                Thread &thread = *grid.thread[first + other];
                thread.received = grid.thread[first + thread.source]->given;
            }
        }
        if (std::strcmp(leader.waits_in, "__syncwarp") == 0) {
            grid.warp_interval[warp]++;
        }
        for (unsigned other = 0; other < WARP_SIZE; ++other) {
            if (mask >> other & 1) {
                Thread &thread = *grid.thread[first + other];
                thread.state = State::RUNNABLE;
                thread.phase++;
                runnable.push_back(first + other);
            }
        }
        return true;
    }
    return false;
}

/* Lets all go on when every thread that has not exited waits at the barrier. */
bool complete_barrier(Grid &grid, std::vector<std::size_t> &runnable) {
    const Thread *first = nullptr;
    for (const Thread *thread : grid.thread) {
        if (thread->state == State::AT_BARRIER) {
            if (first != nullptr && thread->site != first->site && line_of(thread->site) != line_of(first->site)) {
                report(place_of(grid, *thread) + ": barrier divergence: it waits in __syncthreads at " +
                           line_of(thread->site) + ", thread " + text_of(first->index) + " in the one at " +
                           line_of(first->site),
                       cudaErrorLaunchFailure);
                grid.failed = true;
                return false;
            }
            first = thread;
        } else if (thread->state != State::EXITED) {
            return false;
        }
    }
    if (first == nullptr) {
        return false;
    }
    grid.barrier_interval++;
    count_barrier();
    for (std::size_t i = 0; i < grid.threads; ++i) {
        Thread &thread = *grid.thread[i];
        if (thread.state == State::AT_BARRIER) {
            thread.state = State::RUNNABLE;
            thread.phase++;
            runnable.push_back(i);
        }
    }
    return true;
}

/* Nobody can go on: says why. */
void report_deadlock(Grid &grid) {
    grid.failed = true;
    for (const Thread *thread : grid.thread) {
        if (thread->state != State::AT_COLLECTIVE) {
            continue;
        }
        const std::size_t first = std::size_t{thread->warp()} * WARP_SIZE;
        for (unsigned lane = 0; lane < WARP_SIZE; ++lane) {
            if ((thread->mask >> lane & 1) == 0) {
                continue;
            }
            const std::string head = place_of(grid, *thread) + ": " + thread->waits_in + " with mask " +
                                     lanes_text(thread->mask) + " at " + line_of(thread->site) + " waits for lane " +
                                     std::to_string(lane) + ", which ";
            if (first + lane >= grid.threads) {
                report(head + "the block does not have: a missing lane", cudaErrorLaunchFailure);
                return;
            }
            const Thread &other = *grid.thread[first + lane];
            if (other.state == State::EXITED) {
                report(head + "has exited: a missing lane", cudaErrorLaunchFailure);
                return;
            }
            if (other.state == State::AT_BARRIER) {
                report(head + "waits in __syncthreads at " + line_of(other.site) + ": a missing lane",
                       cudaErrorLaunchFailure);
                return;
            }
            if (!same_call(*thread, other)) {
                report(head + "waits in " + other.waits_in + " with mask " + lanes_text(other.mask) + " at " +
                           line_of(other.site) + ": a missing lane, or masks that differ",
                       cudaErrorLaunchFailure);
                return;
            }
        }
    }
    report("kernel " + name_of(grid.call.kernel) + ", block " + text_of(grid.block_index) + ": deadlock",
           cudaErrorLaunchFailure);
}

void run_block(Grid &grid, Shuffle &shuffle) {
    std::vector<std::size_t> runnable(grid.threads);
    for (std::size_t i = 0; i < grid.threads; ++i) {
        Thread &thread = *grid.thread[i];
        thread.number = static_cast<unsigned>(i);
        thread.index = unflatten(i, grid.block);
        thread.state = State::RUNNABLE;
        thread.phase = 0;
        thread.fibre.start(enter, &thread);
        runnable[i] = i;
    }
    grid.barrier_interval = 0;
    grid.warp_interval.assign((grid.threads + WARP_SIZE - 1) / WARP_SIZE, 0);
    for (;;) {
        while (!runnable.empty() && !grid.failed) {
            const std::size_t chosen = shuffle.below(runnable.size());
            Thread &thread = *grid.thread[runnable[chosen]];
            runnable[chosen] = runnable.back();
            runnable.pop_back();
            grid.current = &thread;
            thread.fibre.resume();
            grid.current = nullptr;
            if (thread.state == State::AT_COLLECTIVE && !grid.failed) {
                complete_collective(grid, thread.warp(), runnable);
            }
        }
        if (grid.failed) {
            return;
        }
        std::size_t waiting = 0;
        for (const Thread *thread : grid.thread) {
            waiting += thread->state != State::EXITED;
        }
        if (waiting == 0) {
            return;
        }
        if (!complete_barrier(grid, runnable)) {
            if (!grid.failed) {
                report_deadlock(grid);
            }
            return;
        }
    }
}

} // namespace

std::uint64_t Shuffle::next() {
    /* SplitMix64 (Steele, Lea, Flood 2014). */
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

std::string place_of(const Grid &grid, const Thread &thread) {
    return "kernel " + name_of(grid.call.kernel) + ", block " + text_of(grid.block_index) + ", thread " +
           text_of(thread.index);
}

void fail(const std::string &what, const void *site) {
    Grid &grid = *running;
    report(place_of(grid, *grid.current) + ", " + line_of(site) + ": " + what);
    grid.failed = true;
    grid.current->state = State::EXITED;
    grid.current->fibre.leave();
    __builtin_unreachable();
}

void run_grid(Grid &grid, std::uint64_t seed) {
    /* Stacks are kept from launch to launch. */
    static std::vector<std::unique_ptr<Thread>> threads;
    while (threads.size() < grid.threads) {
        threads.push_back(std::make_unique<Thread>());
    }
    grid.thread.clear();
    for (std::size_t i = 0; i < grid.threads; ++i) {
        grid.thread.push_back(threads[i].get());
    }
    Shuffle shuffle(seed);
    std::vector<std::uint64_t> blocks(std::size_t{grid.size.x} * grid.size.y * grid.size.z);
    std::iota(blocks.begin(), blocks.end(), std::uint64_t{0});
    for (std::size_t i = blocks.size(); i > 1; --i) {
        std::swap(blocks[i - 1], blocks[shuffle.below(i)]);
    }
    running = &grid;
    begin_global_accesses();
    for (const std::uint64_t block : blocks) {
        grid.block_number = block;
        grid.block_index = unflatten(block, grid.size);
        begin_shared_block();
        begin_block_traffic();
        run_block(grid, shuffle);
        if (grid.failed) {
            break;
        }
        end_block_traffic();
    }
    running = nullptr;
    if (!grid.failed) {
        end_global_accesses();
    }
}

uint3 thread_index() {
    return running->current->index;
}

uint3 block_index() {
    return running->block_index;
}

uint3 block_size() {
    return running->block;
}

uint3 grid_size() {
    return running->size;
}

unsigned lane() {
    return running->current->lane();
}

void barrier() {
    Thread &thread = *running->current;
    thread.state = State::AT_BARRIER;
    thread.site = __builtin_return_address(0);
    thread.fibre.leave();
}

namespace {

std::uint64_t collective(const char *function, unsigned mask, std::uint64_t value, unsigned source, const void *site) {
    Thread &thread = *running->current;
    if ((mask >> thread.lane() & 1) == 0) {
        fail(std::string(function) + " with mask " + lanes_text(mask) + ", which does not name the calling lane " +
                 std::to_string(thread.lane()),
             site);
    }
    if ((mask >> source & 1) == 0) {
        fail(std::string(function) + " reads lane " + std::to_string(source) + ", which mask " + lanes_text(mask) +
                 " does not name",
             site);
    }
    thread.state = State::AT_COLLECTIVE;
    thread.waits_in = function;
    thread.site = site;
    thread.mask = mask;
    thread.given = value;
    thread.source = source;
    thread.fibre.leave();
    return thread.received;
}

} // namespace

void warp_barrier(unsigned mask) {
    static const char *const NAME = "__syncwarp";
    collective(NAME, mask, 0, lane(), __builtin_return_address(0));
}

std::uint64_t exchange(const char *function, unsigned mask, std::uint64_t value, unsigned source) {
    return collective(function, mask, value, source, __builtin_return_address(0));
}

unsigned ballot(unsigned mask, bool predicate) {
    static const char *const NAME = "__ballot_sync";
    /* Every lane learns the predicates one by one: the emulation has time. */
    unsigned result = 0;
    for (unsigned other = 0; other < WARP_SIZE; ++other) {
        if (mask >> other & 1) {
            const bool holds = collective(NAME, mask, predicate, other, __builtin_return_address(0)) != 0;
            result |= static_cast<unsigned>(holds) << other;
        }
    }
    return result;
}

} // namespace emulation::kernel
