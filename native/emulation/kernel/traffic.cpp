#include "emulation/kernel/traffic.h"

#include "emulation/kernel/device.h"
#include "emulation/kernel/grid.h"
#include "emulation/kernel/site.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>
#include <vector>

namespace emulation::kernel {
namespace {

constexpr std::uintptr_t SECTOR = 32;
constexpr unsigned BANKS = 32;
constexpr std::uintptr_t BANK_BYTES = 4;

/* One instruction of a warp. */
struct Key {
    const void *site;
    std::uint32_t warp;
    std::uint32_t phase;
    std::uint32_t occurrence;

    bool operator==(const Key &other) const {
        return site == other.site && warp == other.warp && phase == other.phase && occurrence == other.occurrence;
    }
};

struct KeyHash {
    std::size_t operator()(const Key &key) const {
        std::size_t hash = reinterpret_cast<std::size_t>(key.site);
        for (const std::uint32_t part : {key.warp, key.phase, key.occurrence}) {
            hash = (hash ^ part) * 0x9e3779b97f4a7c15u;
            hash ^= hash >> 29;
        }
        return hash;
    }
};

struct SharedRequest {
    std::size_t bytes = 0;
    std::vector<std::pair<unsigned, std::uintptr_t>> accesses; /* lane and address */
};

bool counting = false;
Traffic traffic; /* of the launch that runs */
std::map<std::string, Traffic> totals;
std::unordered_map<Key, std::vector<std::uintptr_t>, KeyHash> sectors;
std::unordered_map<Key, SharedRequest, KeyHash> shared_requests;

/* How often a thread has been at a place in its present phase. */
struct Visit {
    std::uint32_t phase = 0;
    std::uint32_t count = 0;
};
std::vector<std::unordered_map<const void *, Visit>> visits;

Key key_of(const void *site) {
    const Thread &thread = *running->current;
    Visit &visit = visits[thread.number][site];
    if (visit.phase != thread.phase) {
        visit = {thread.phase, 0};
    }
    return {site, thread.warp(), thread.phase, visit.count++};
}

/* Passes of a shared request: the lanes that are served together (all for 4 bytes, half of them for 8, a quarter for 16)
 * take as many as the most different words in one bank. */
std::uint64_t passes(const SharedRequest &request) {
    const unsigned together = static_cast<unsigned>(WARP_SIZE * BANK_BYTES / std::max<std::size_t>(request.bytes, BANK_BYTES));
    std::uint64_t total = 0;
    for (unsigned first = 0; first < WARP_SIZE; first += together) {
        std::vector<std::uintptr_t> words[BANKS];
        bool any = false;
        for (const auto &access : request.accesses) {
            if (access.first - first >= together) {
                continue;
            }
            any = true;
            const std::uintptr_t end = (access.second + request.bytes - 1) / BANK_BYTES;
            for (std::uintptr_t word = access.second / BANK_BYTES; word <= end; ++word) {
                auto &bank = words[word % BANKS];
                if (std::find(bank.begin(), bank.end(), word) == bank.end()) {
                    bank.push_back(word);
                }
            }
        }
        std::size_t most = 0;
        for (const auto &bank : words) {
            most = std::max(most, bank.size());
        }
        total += any ? most - 1 : 0;
    }
    return total;
}

} // namespace

void count_traffic(bool on) {
    counting = on;
    totals.clear();
}

std::map<std::string, Traffic> counted_traffic() {
    return totals;
}

void begin_launch_traffic() {
    traffic = Traffic();
    traffic.launches = 1;
}

void begin_block_traffic() {
    if (counting) {
        sectors.clear();
        shared_requests.clear();
        visits.assign(running->threads, {});
    }
}

void count_global(std::uintptr_t address, std::size_t bytes, bool write, const void *site) {
    if (!counting) {
        return;
    }
    const auto request = sectors.try_emplace(key_of(site));
    (write ? traffic.store_bytes : traffic.load_bytes) += bytes;
    (write ? traffic.store_requests : traffic.load_requests) += request.second;
    std::vector<std::uintptr_t> &known = request.first->second;
    for (std::uintptr_t sector = address / SECTOR; sector <= (address + bytes - 1) / SECTOR; ++sector) {
        if (std::find(known.begin(), known.end(), sector) == known.end()) {
            known.push_back(sector);
            ++(write ? traffic.store_sectors : traffic.load_sectors);
        }
    }
}

void count_shared(std::uintptr_t address, std::size_t bytes, const void *site) {
    if (counting) {
        SharedRequest &request = shared_requests[key_of(site)];
        request.bytes = bytes;
        request.accesses.emplace_back(running->current->lane(), address);
    }
}

void count_barrier() {
    ++traffic.barriers;
}

void end_block_traffic() {
    if (!counting) {
        return;
    }
    for (const auto &request : shared_requests) {
        ++traffic.shared_requests;
        traffic.bank_conflicts += passes(request.second);
    }
    sectors.clear();
    shared_requests.clear();
}

void end_launch_traffic(const void *kernel) {
    if (!counting) {
        return;
    }
    Traffic &total = totals[name_of(kernel)];
    total.launches += traffic.launches;
    total.load_requests += traffic.load_requests;
    total.load_sectors += traffic.load_sectors;
    total.load_bytes += traffic.load_bytes;
    total.store_requests += traffic.store_requests;
    total.store_sectors += traffic.store_sectors;
    total.store_bytes += traffic.store_bytes;
    total.shared_requests += traffic.shared_requests;
    total.bank_conflicts += traffic.bank_conflicts;
    total.barriers += traffic.barriers;
    total.exponentials += traffic.exponentials;
    total.logarithms += traffic.logarithms;
    total.divisions += traffic.divisions;
}

float counted_exp(float x) {
    ++traffic.exponentials;
    return std::exp(x);
}

float counted_exp2(float x) {
    ++traffic.exponentials;
    return std::exp2(x);
}

float counted_log(float x) {
    ++traffic.logarithms;
    return std::log(x);
}

float counted_log1p(float x) {
    ++traffic.logarithms;
    return std::log1p(x);
}

float counted_division(float x, float y) {
    ++traffic.divisions;
    return x / y;
}

} // namespace emulation::kernel
