#include "emulation/cudnn/summation_order.h"

#include <atomic>
#include <cstdlib>
#include <numeric>
#include <random>

namespace emulation::cudnn {

namespace {

uint64_t process_seed() {
    const char *text = std::getenv("SWAPDISTILL_EMULATION_SEED");
    if (text != nullptr) {
        return std::strtoull(text, nullptr, 10);
    }
    std::random_device device;
    return (static_cast<uint64_t>(device()) << 32) | device();
}

} // namespace

std::vector<int64_t> shuffled_order(int64_t count) {
    static const uint64_t seed = process_seed();
    static std::atomic<uint64_t> calls{0};
    std::mt19937_64 random(seed + 0x9E3779B97F4A7C15u * ++calls);
    std::vector<int64_t> order(static_cast<size_t>(count));
    std::iota(order.begin(), order.end(), int64_t{0});
    for (int64_t i = count - 1; i > 0; i--) {
        std::swap(order[static_cast<size_t>(i)],
                  order[static_cast<size_t>(random() % static_cast<uint64_t>(i + 1))]);
    }
    return order;
}

} // namespace emulation::cudnn
