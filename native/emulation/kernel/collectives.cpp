/*
 * Barriers of a block and collectives of a warp, with the checks that the CUDA C++ Programming Guide asks for: all
 * lanes that a mask names take part, with the same mask and the same operation; all threads of a block reach the same
 * barrier.
 */
#include "emulation/kernel/counters.h"
#include "emulation/kernel/machine.h"
#include "emulation/kernel/source_line.h"

#include <cstdio>

namespace emulation::kernel {

namespace {

const char *name_of(Collective kind) {
    static const char *const names[] = {"__shfl_sync",       "__shfl_up_sync",    "__shfl_down_sync",
                                        "__shfl_xor_sync",   "__syncwarp",        "__ballot_sync",
                                        "__all_sync",        "__any_sync",        "__reduce_add_sync",
                                        "__reduce_min_sync", "__reduce_max_sync", "__reduce_and_sync",
                                        "__reduce_or_sync",  "__reduce_xor_sync"};
    return names[static_cast<int>(kind)];
}

std::string hexadecimal(unsigned mask) {
    char text[16];
    std::snprintf(text, sizeof text, "0x%08x", mask);
    return text;
}

void make_ready(Thread &thread) {
    thread.state = State::READY;
    machine.ready.push_back(number_of(thread));
}

/* The lane from which a shuffle reads; its own where the source lies outside the segment. */
int shuffle_source(const Thread &thread, int lane) {
    const int segment = lane & ~(thread.width - 1);
    switch (thread.kind) {
    case Collective::SHUFFLE:
        return segment + (thread.operand & (thread.width - 1));
    case Collective::SHUFFLE_UP:
        return lane - thread.operand < segment ? lane : lane - thread.operand;
    case Collective::SHUFFLE_DOWN:
        return lane + thread.operand >= segment + thread.width ? lane : lane + thread.operand;
    default: {
        const int source = lane ^ thread.operand;
        return source >= segment + thread.width ? lane : source;
    }
    }
}

std::uint64_t reduced(Collective kind, std::uint64_t x, std::uint64_t y) {
    switch (kind) {
    case Collective::REDUCE_ADD:
        return static_cast<unsigned>(x + y);
    case Collective::REDUCE_MIN:
        return x < y ? x : y;
    case Collective::REDUCE_MAX:
        return x < y ? y : x;
    case Collective::REDUCE_AND:
    case Collective::ALL:
        return x & y;
    case Collective::REDUCE_XOR:
        return x ^ y;
    default:
        return x | y;
    }
}

void compute(Thread *lanes, unsigned mask, Collective kind) {
    if (kind <= Collective::SHUFFLE_XOR) {
        for (int lane = 0; lane < static_cast<int>(WARP); ++lane) {
            if ((mask >> lane & 1) == 0) {
                continue;
            }
            const int source = shuffle_source(lanes[lane], lane);
            if (source < 0 || (mask >> source & 1) == 0) {
                fault(std::string(name_of(kind)) + " reads lane " + std::to_string(source) +
                          ", which is missing in the mask " + hexadecimal(mask),
                      lanes[lane].site, cudaErrorLaunchFailure, lanes[lane]);
                return;
            }
            lanes[lane].result = lanes[source].value;
        }
        return;
    }
    std::uint64_t all = 0;
    bool first = true;
    for (unsigned lane = 0; lane < WARP; ++lane) {
        if ((mask >> lane & 1) != 0) {
            const std::uint64_t value = kind == Collective::BALLOT ? lanes[lane].value << lane : lanes[lane].value;
            all = first ? value : reduced(kind, all, value);
            first = false;
        }
    }
    for (unsigned lane = 0; lane < WARP; ++lane) {
        if ((mask >> lane & 1) != 0) {
            lanes[lane].result = all;
        }
    }
}

std::string exited_text(Collective kind, unsigned mask, unsigned lane) {
    return std::string(name_of(kind)) + " with the mask " + hexadecimal(mask) + " names lane " +
           std::to_string(lane) + ", which has exited";
}

bool alike(const Thread &x, const Thread &y) {
    return x.mask == y.mask && x.kind == y.kind && (x.site == y.site || same_line(x.site, y.site));
}

[[gnu::cold]] void report_difference(const Thread &thread, const Thread &other, unsigned lane) {
    fault(other.mask != thread.mask
              ? "collective with different masks: " + hexadecimal(thread.mask) + " here, " + hexadecimal(other.mask) +
                    " in lane " + std::to_string(lane)
              : std::string("lanes meet in different collectives: ") + name_of(thread.kind) + " here, " +
                    name_of(other.kind) + " in lane " + std::to_string(lane) + " at " + source_line(other.site),
          thread.site, cudaErrorLaunchFailure);
}

/* All lanes of the mask have come: they get their results and go on. */
void release(Thread *lanes, unsigned first, unsigned mask, Collective kind) {
    compute(lanes, mask, kind);
    if (kind == Collective::SYNCWARP) {
        order_lanes(first, mask);
    }
    WarpLanes &warp = machine.warp[first / WARP];
    warp.waiting &= ~mask;
    for (unsigned rest = mask; rest != 0; rest &= rest - 1) {
        make_ready(lanes[__builtin_ctz(rest)]);
    }
    if ((mask | warp.gone) == ~0u) {
        converge_warp(first / WARP);
    }
}

} // namespace

std::uint64_t collective(Collective kind, unsigned mask, std::uint64_t value, int operand, int width) {
    Thread &thread = *machine.current;
    const void *site = __builtin_return_address(0);
    const unsigned first = number_of(thread) / WARP * WARP;
    const unsigned lane = number_of(thread) - first;
    Thread *lanes = machine.thread + first;
    thread.site = site;
    thread.kind = kind;
    thread.mask = mask;
    thread.value = value;
    thread.operand = operand;
    thread.width = width;
    if ((mask >> lane & 1) == 0) {
        fault(std::string(name_of(kind)) + " is called by lane " + std::to_string(lane) +
                  ", which is missing in its mask " + hexadecimal(mask),
              site, cudaErrorLaunchFailure);
    }
    if (kind <= Collective::SHUFFLE_XOR && (width < 1 || width > 32 || (width & (width - 1)) != 0)) {
        fault(std::string(name_of(kind)) + " has width " + std::to_string(width) + "; expected a power of two up to 32",
              site, cudaErrorLaunchFailure);
    }
    WarpLanes &warp = machine.warp[first / WARP];
    if ((mask & warp.gone) != 0) {
        fault(exited_text(kind, mask, static_cast<unsigned>(__builtin_ctz(mask & warp.gone))), site,
              cudaErrorLaunchFailure);
    }
    thread.state = State::WARP_COLLECTIVE;
    const unsigned here = mask & warp.waiting;
    warp.waiting |= 1u << lane;
    /* While lanes are missing, comparing with one that waits is enough: the last one compares with all. */
    const bool incomplete = (mask & ~warp.waiting) != 0;
    if (!incomplete || (here != 0 && !alike(lanes[__builtin_ctz(here)], thread))) {
        bool complete = !incomplete;
        for (unsigned rest = here; rest != 0; rest &= rest - 1) {
            const unsigned other = static_cast<unsigned>(__builtin_ctz(rest));
            if (alike(lanes[other], thread)) {
                continue;
            }
            if ((lanes[other].mask >> lane & 1) != 0) {
                report_difference(thread, lanes[other], other);
            }
            complete = false;
        }
        if (complete) {
            release(lanes, first, mask, kind);
        }
    }
    yield();
    return thread.result;
}

void block_barrier() {
    Thread &thread = *machine.current;
    const void *site = __builtin_return_address(0);
    thread.site = site;
    thread.state = State::BARRIER;
    ++machine.at_barrier;
    if (machine.live < machine.threads) {
        fault("barrier divergence: the thread waits at a barrier that " +
                  std::to_string(machine.threads - machine.live) + " threads of the block have left by exiting",
              site, cudaErrorLaunchFailure);
    }
    if (machine.at_barrier == machine.live) {
        for (unsigned i = 0; i < machine.threads; ++i) {
            const void *other = machine.thread[i].site;
            if (other != site && !same_line(other, site)) {
                fault("barrier divergence: the thread waits at this barrier, " + name_of(machine.thread[i]) +
                          " at the one at " + source_line(other),
                      site, cudaErrorLaunchFailure);
            }
        }
        count_barrier();
        order_block();
        converge_all();
        machine.at_barrier = 0;
        for (unsigned i = 0; i < machine.threads; ++i) {
            make_ready(machine.thread[i]);
        }
    }
    yield();
}

void exited() {
    Thread &thread = *machine.current;
    thread.state = State::EXITED;
    --machine.live;
    const unsigned first = number_of(thread) / WARP * WARP;
    const unsigned lane = number_of(thread) - first;
    WarpLanes &warp = machine.warp[first / WARP];
    warp.gone |= 1u << lane;
    for (unsigned rest = warp.waiting; rest != 0; rest &= rest - 1) {
        const Thread &other = machine.thread[first + static_cast<unsigned>(__builtin_ctz(rest))];
        if ((other.mask >> lane & 1) != 0) {
            fault(exited_text(other.kind, other.mask, lane), other.site, cudaErrorLaunchFailure, other);
        }
    }
    if (machine.at_barrier > 0) {
        for (unsigned i = 0; i < machine.threads; ++i) {
            if (machine.thread[i].state == State::BARRIER) {
                fault("barrier divergence: the thread waits at a barrier, " + name_of(thread) +
                          " exits instead of reaching it",
                      machine.thread[i].site, cudaErrorLaunchFailure, machine.thread[i]);
            }
        }
    }
}

} // namespace emulation::kernel
