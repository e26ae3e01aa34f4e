/*
 * Groups the accesses of the lanes of a warp into requests. The lanes run one after the other here, so which of their
 * accesses belong together has to be told afterwards: those of one place in the source that every lane makes as its
 * n-th. In a loop where some lanes leave iterations out, n is better counted by iterations; the number of times that
 * the lane has passed its busiest place stands for that. Both ways to count are ones that a device could go through;
 * for each place in the source, the one with fewer requested sectors is taken.
 */
#include "emulation/kernel/counters.h"

#include "emulation/kernel/expensive.h"
#include "emulation/kernel/machine.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace emulation::kernel {

namespace {

constexpr std::uintptr_t SECTOR_BYTES = 32;
constexpr std::uintptr_t BANKS = 32;
constexpr std::uintptr_t BANK_BYTES = 4;

struct Record {
    std::uint64_t place; /* in the source; the part of a struct makes it another one */
    std::uint32_t visit; /* of the lane to the place */
    std::uint32_t iteration;
    std::uintptr_t address;
    std::uint8_t bytes;
    std::uint8_t lane;
    bool shared;
    bool store;
};

struct Warp {
    std::vector<Record> records;
    std::unordered_map<std::uint64_t, std::uint32_t> visits[WARP];
    std::uint32_t iteration[WARP] = {};

    void forget() {
        records.clear();
        for (unsigned lane = 0; lane < WARP; ++lane) {
            visits[lane].clear();
            iteration[lane] = 0;
        }
    }
};

bool recording = false;
emulation_counters sums{};
Warp warps[MOST_THREADS / WARP];

using Iterator = std::vector<Record>::iterator;

std::uint64_t sectors(Iterator begin, Iterator end) {
    static std::vector<std::uintptr_t> found;
    found.clear();
    for (Iterator record = begin; record != end; ++record) {
        found.push_back(record->address / SECTOR_BYTES);
    }
    std::sort(found.begin(), found.end());
    return static_cast<std::uint64_t>(std::unique(found.begin(), found.end()) - found.begin());
}

/* Passes of a request to shared memory: per bank, the words that differ. Accesses of 8 and 16 bytes are served half
 * and a quarter of a warp at a time. */
std::uint64_t passes(Iterator begin, Iterator end) {
    const unsigned lanes = WARP / std::max<unsigned>(begin->bytes / BANK_BYTES, 1);
    std::uint64_t all = 0;
    for (unsigned group = 0; group < WARP; group += lanes) {
        std::vector<std::uintptr_t> words;
        for (Iterator record = begin; record != end; ++record) {
            if (record->lane / lanes * lanes == group) {
                for (std::uintptr_t at = 0; at < record->bytes; at += BANK_BYTES) {
                    words.push_back((record->address + at) / BANK_BYTES);
                }
            }
        }
        std::sort(words.begin(), words.end());
        words.erase(std::unique(words.begin(), words.end()), words.end());
        std::uint64_t of_bank[BANKS] = {};
        for (const std::uintptr_t word : words) {
            ++of_bank[word % BANKS];
        }
        all += *std::max_element(of_bank, of_bank + BANKS);
    }
    return all;
}

struct Requests {
    std::uint64_t count = 0;
    std::uint64_t cost = 0; /* sectors or passes */
    std::uint64_t least = 0; /* passes without a conflict */
};

Requests requests(Iterator begin, Iterator end, std::uint32_t Record::*key) {
    std::sort(begin, end, [key](const Record &x, const Record &y) { return x.*key < y.*key; });
    Requests all;
    while (begin != end) {
        const Iterator next =
            std::find_if(begin, end, [&](const Record &record) { return record.*key != (*begin).*key; });
        ++all.count;
        if (begin->shared) {
            all.cost += passes(begin, next);
            std::uint32_t groups = 0;
            const unsigned lanes = WARP / std::max<unsigned>(begin->bytes / BANK_BYTES, 1);
            for (Iterator record = begin; record != next; ++record) {
                groups |= 1u << (record->lane / lanes);
            }
            all.least += static_cast<std::uint64_t>(__builtin_popcount(groups));
        } else {
            all.cost += sectors(begin, next);
        }
        begin = next;
    }
    return all;
}

} // namespace

void begin_counters() {
    for (Warp &warp : warps) {
        warp.forget();
    }
    ++sums.launches;
    emulation_exponentials = 0;
    emulation_logarithms = 0;
    emulation_divisions = 0;
}

void end_counters() {
    sums.exponentials += emulation_exponentials;
    sums.logarithms += emulation_logarithms;
    sums.divisions += emulation_divisions;
}

void count_access(std::uintptr_t address, std::size_t bytes, AccessKind kind, bool shared, const void *site,
                  unsigned part) {
    if (!recording) {
        return;
    }
    const unsigned number = number_of(*machine.current);
    Warp &warp = warps[number / WARP];
    const unsigned lane = number % WARP;
    const std::uint64_t place = reinterpret_cast<std::uint64_t>(site) << 12 | part;
    const std::uint32_t visit = ++warp.visits[lane][place];
    warp.iteration[lane] = std::max(warp.iteration[lane], visit);
    warp.records.push_back({place, visit, warp.iteration[lane], address, static_cast<std::uint8_t>(bytes),
                            static_cast<std::uint8_t>(lane), shared, kind != AccessKind::READ});
}

void count_barrier() {
    ++sums.barriers;
}

void converge_warp(unsigned number) {
    if (!recording) {
        return;
    }
    Warp &warp = warps[number];
    std::sort(warp.records.begin(), warp.records.end(),
              [](const Record &x, const Record &y) { return x.place < y.place; });
    for (Iterator begin = warp.records.begin(); begin != warp.records.end();) {
        const Iterator end = std::find_if(begin, warp.records.end(),
                                          [&](const Record &record) { return record.place != begin->place; });
        std::uint64_t bytes = 0;
        for (Iterator record = begin; record != end; ++record) {
            bytes += record->bytes;
        }
        const bool shared = begin->shared;
        const bool store = begin->store;
        Requests chosen = requests(begin, end, &Record::visit);
        const Requests by_iteration = requests(begin, end, &Record::iteration);
        if (by_iteration.cost < chosen.cost) {
            chosen = by_iteration;
        }
        if (shared) {
            sums.shared_requests += chosen.count;
            sums.bank_conflicts += chosen.cost - chosen.least;
        } else if (store) {
            sums.store_requests += chosen.count;
            sums.store_sectors += chosen.cost;
            sums.bytes_stored += bytes;
        } else {
            sums.load_requests += chosen.count;
            sums.load_sectors += chosen.cost;
            sums.bytes_loaded += bytes;
        }
        begin = end;
    }
    warp.forget();
}

void converge_all() {
    for (unsigned warp = 0; warp * WARP < machine.threads; ++warp) {
        converge_warp(warp);
    }
}

} // namespace emulation::kernel

extern "C" {

void emulation_count_requests(int on) {
    emulation::kernel::recording = on != 0;
}

void emulation_take_counters(struct emulation_counters *taken) {
    *taken = emulation::kernel::sums;
    emulation::kernel::sums = {};
}
}
