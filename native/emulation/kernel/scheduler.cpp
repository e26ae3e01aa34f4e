/*
 * Runs the blocks of a launch one after the other, in shuffled order, and the threads of a block as fibres: each until
 * its next barrier, collective or exit; which one is next, chance decides.
 */
#include "emulation/kernel/accesses.h"
#include "emulation/kernel/counters.h"
#include "emulation/kernel/fibre.h"
#include "emulation/kernel/machine.h"
#include "emulation/kernel/seed.h"
#include "emulation/kernel/shared_memory.h"

#include <algorithm>
#include <numeric>

namespace emulation::kernel {

Machine machine;

uint3 thread_index() { return machine.current->index; }
uint3 block_index() { return machine.block_index; }
dim3 block_size() { return machine.block; }
dim3 grid_size() { return machine.grid; }

void yield() {
    Thread &thread = *machine.current;
    machine.running = false;
    emulation_switch(&thread.context, machine.scheduler);
}

void order_block() {
    ++machine.phase;
}

void order_lanes(unsigned first_thread, unsigned mask) {
    WarpLanes &warp = machine.warp[first_thread / WARP];
    ++warp.time;
    const unsigned lanes = std::min(machine.threads - first_thread, WARP);
    if (static_cast<unsigned>(__builtin_popcount(mask)) == lanes) {
        warp.full_time = warp.time;
        return;
    }
    /* What one of them knows of any lane, all know now. */
    Thread *thread = machine.thread + first_thread;
    std::uint32_t known[WARP] = {};
    for (unsigned rest = mask; rest != 0; rest &= rest - 1) {
        const Thread &one = thread[__builtin_ctz(rest)];
        std::transform(known, known + WARP, one.lane_time, known,
                       [](std::uint32_t x, std::uint32_t y) { return std::max(x, y); });
    }
    for (unsigned rest = mask; rest != 0; rest &= rest - 1) {
        known[__builtin_ctz(rest)] = warp.time;
    }
    for (unsigned rest = mask; rest != 0; rest &= rest - 1) {
        std::copy_n(known, WARP, thread[__builtin_ctz(rest)].lane_time);
    }
}

namespace {

void run_thread() {
    machine.task->run();
    exited();
    yield();
    __builtin_unreachable();
}

uint3 place(std::uint64_t number, dim3 size) {
    return {static_cast<unsigned>(number % size.x), static_cast<unsigned>(number / size.x % size.y),
            static_cast<unsigned>(number / size.x / size.y)};
}

void prepare_block(std::uint64_t number) {
    machine.block_number = static_cast<unsigned>(number);
    machine.block_index = place(number, machine.grid);
    ++machine.block_instance;
    ++machine.phase;
    machine.live = machine.threads;
    machine.at_barrier = 0;
    machine.ready.resize(machine.threads);
    std::iota(machine.ready.begin(), machine.ready.end(), 0u);
    for (unsigned i = 0; i < machine.threads; ++i) {
        Thread &thread = machine.thread[i];
        thread.stack = stack_of(i);
        thread.context = prepare_fibre(thread.stack, run_thread);
        thread.index = place(i, machine.block);
        thread.state = State::READY;
        std::fill_n(thread.lane_time, WARP, 0u);
    }
    for (unsigned first = 0; first < machine.threads; first += WARP) {
        const unsigned lanes = std::min(machine.threads - first, WARP);
        machine.warp[first / WARP] = {0, lanes == WARP ? 0 : ~0u << lanes, 1, 0};
    }
}

std::string waiting_text() {
    std::string text;
    const Thread *barrier = nullptr;
    const Thread *collective = nullptr;
    for (unsigned i = 0; i < machine.threads; ++i) {
        const Thread &thread = machine.thread[i];
        if (thread.state == State::BARRIER && barrier == nullptr) {
            barrier = &thread;
        }
        if (thread.state == State::WARP_COLLECTIVE && collective == nullptr) {
            collective = &thread;
        }
    }
    if (barrier != nullptr) {
        text += name_of(*barrier) + " waits at a barrier";
    }
    if (collective != nullptr) {
        text += (text.empty() ? "" : " and ") + name_of(*collective) + " at a collective for ";
        const unsigned first = number_of(*collective) / WARP * WARP;
        for (unsigned lane = 0; lane < WARP; ++lane) {
            if ((collective->mask >> lane & 1) != 0 && (first + lane >= machine.threads ||
                machine.thread[first + lane].state != State::WARP_COLLECTIVE ||
                machine.thread[first + lane].mask != collective->mask)) {
                return text + "the missing lane " + std::to_string(lane);
            }
        }
        text += "lanes that never come";
    }
    return text;
}

const Thread &first_waiting() {
    for (unsigned i = 0; i < machine.threads; ++i) {
        if (machine.thread[i].state == State::WARP_COLLECTIVE) {
            return machine.thread[i];
        }
    }
    for (unsigned i = 0; i < machine.threads; ++i) {
        if (machine.thread[i].state == State::BARRIER) {
            return machine.thread[i];
        }
    }
    return machine.thread[0];
}

void run_block() {
    while (!machine.ready.empty()) {
        const std::size_t chosen = random_below(machine.ready.size());
        Thread &thread = machine.thread[machine.ready[chosen]];
        machine.ready[chosen] = machine.ready.back();
        machine.ready.pop_back();
        machine.current = &thread;
        machine.stack = thread.stack;
        machine.running = true;
        emulation_switch(&machine.scheduler, thread.context);
        if (machine.faulty) {
            break;
        }
    }
    if (!machine.faulty && machine.live > 0) {
        const Thread &thread = first_waiting();
        fault("deadlock: " + waiting_text(), thread.site, cudaErrorLaunchFailure, thread);
    }
    if (machine.faulty) {
        for (unsigned i = 0; i < machine.threads; ++i) {
            abandon_fibre(machine.thread[i].stack);
        }
    }
}

} // namespace

void run_grid(const void *kernel, const Task &task, dim3 grid, dim3 block, std::size_t shared_bytes) {
    machine.kernel = kernel;
    machine.task = &task;
    machine.grid = grid;
    machine.block = block;
    machine.threads = block.x * block.y * block.z;
    machine.faulty = false;
    ++machine.launch;
    begin_shared_memory(shared_bytes);
    begin_accesses();
    begin_counters();
    std::vector<std::uint64_t> order(static_cast<std::uint64_t>(grid.x) * grid.y * grid.z);
    std::iota(order.begin(), order.end(), std::uint64_t{0});
    for (std::size_t i = order.size(); i > 1; --i) {
        std::swap(order[i - 1], order[random_below(i)]);
    }
    for (const std::uint64_t number : order) {
        prepare_block(number);
        run_block();
        if (machine.faulty) {
            break;
        }
        converge_all();
        check_shared_memory_size();
        if (machine.faulty) {
            break;
        }
    }
    machine.current = nullptr;
    end_counters();
    end_accesses();
}

} // namespace emulation::kernel
