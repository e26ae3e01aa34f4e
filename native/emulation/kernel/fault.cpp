/* Reports of faults in kernels. */
#include "emulation/kernel/machine.h"
#include "emulation/kernel/seed.h"
#include "emulation/kernel/source_line.h"
#include "emulation/runtime/emulation.h"

namespace emulation::kernel {

namespace {

std::string text_of(uint3 index) {
    return "(" + std::to_string(index.x) + ", " + std::to_string(index.y) + ", " + std::to_string(index.z) + ")";
}

} // namespace

std::string name_of(const Thread &thread) {
    return "thread " + text_of(thread.index);
}

void fault(const std::string &what, const void *site, cudaError_t error, const Thread &thread) {
    report("kernel " + function_name(machine.kernel) + ", block " + text_of(machine.block_index) + ", " +
               name_of(thread) + ", " + source_line(site) + ": " + what + " (scheduling seed " +
               std::to_string(scheduling_seed()) + ")",
           error);
    machine.faulty = true;
    if (machine.running) {
        yield();
    }
}

void fault(const std::string &what, const void *site, cudaError_t error) {
    fault(what, site, error, machine.current == nullptr ? machine.thread[0] : *machine.current);
}

} // namespace emulation::kernel
