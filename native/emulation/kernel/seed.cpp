/* xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled", 2016). */
#include "emulation/kernel/seed.h"

#include <cstdlib>

namespace emulation::kernel {

namespace {

std::uint64_t spread(std::uint64_t seed) {
    return (seed + 1) * 0x9E3779B97F4A7C15u | 1u;
}

std::uint64_t first_seed() {
    const char *text = std::getenv("SWAPDISTILL_EMULATION_SEED");
    return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

std::uint64_t seed = first_seed();
std::uint64_t state = spread(seed);

} // namespace

std::size_t random_below(std::size_t count) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    const std::uint64_t word = (state * 0x2545F4914F6CDD1Du) >> 32;
    return static_cast<std::size_t>((word * count) >> 32);
}

std::uint64_t scheduling_seed() {
    return seed;
}

} // namespace emulation::kernel

void emulation_set_scheduling_seed(unsigned long long chosen) {
    emulation::kernel::seed = chosen;
    emulation::kernel::state = emulation::kernel::spread(chosen);
}
