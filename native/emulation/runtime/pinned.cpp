#include "emulation/runtime/pinned.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

namespace emulation {
namespace {

/* Pages, and what the host may do with them. */
struct Protection {
    std::uintptr_t begin;
    std::uintptr_t end;
    int allowed;
};

/* An allocation with work pending. */
struct Shared {
    Allocation allocation;
    std::vector<PendingAccess> pending;
    std::vector<Protection> protections;
};

struct Pinned {
    std::mutex mutex;
    std::map<std::uintptr_t, Shared> shared;
    bool open = false; /* work runs */
};

/* Never destroyed: other libraries still wait for streams when the process ends. */
Pinned &pinned() {
    static Pinned *instance = new Pinned();
    return *instance;
}

void allow(const Protection &pages) {
    if (mprotect(reinterpret_cast<void *>(pages.begin), pages.end - pages.begin, pages.allowed) != 0) {
        std::perror("CUDA emulation: mprotect of pinned memory");
        std::abort();
    }
}

/* Adds the pages that lie in the union of the pending accesses. What is behind the end of the allocation belongs to
 * nobody, and its last page may be closed for that. */
void add_covered(Shared &shared, bool only_written, int allowed) {
    std::vector<PendingAccess> sorted;
    for (const PendingAccess &access : shared.pending) {
        if (access.written || !only_written) {
            sorted.push_back(access);
        }
    }
    std::sort(sorted.begin(), sorted.end(),
              [](const PendingAccess &a, const PendingAccess &b) { return a.begin < b.begin; });
    const std::uintptr_t last = shared.allocation.base + shared.allocation.bytes;
    for (std::size_t i = 0; i < sorted.size();) {
        const std::uintptr_t begin = sorted[i].begin;
        std::uintptr_t end = begin;
        for (; i < sorted.size() && sorted[i].begin <= end; i++) {
            end = std::max(end, sorted[i].end);
        }
        const std::uintptr_t first_page = (begin + PAGE - 1) / PAGE * PAGE;
        const std::uintptr_t last_page = (end == last ? end + PAGE - 1 : end) / PAGE * PAGE;
        if (first_page < last_page) {
            shared.protections.push_back({first_page, last_page, allowed});
        }
    }
}

void open(const Shared &shared) {
    const Allocation &all = shared.allocation;
    allow({all.base, (all.base + all.bytes + PAGE - 1) / PAGE * PAGE, PROT_READ | PROT_WRITE});
}

void close(const Shared &shared) {
    for (const Protection &pages : shared.protections) {
        allow(pages);
    }
}

/* After a change of what is pending. */
void update(Shared &shared) {
    shared.protections.clear();
    add_covered(shared, false, PROT_READ);
    add_covered(shared, true, PROT_NONE);
    if (!pinned().open) {
        open(shared);
        close(shared);
    }
}

/* Takes away what the condition holds for. */
template <typename Condition>
void forget_where(Condition condition) {
    Pinned &all = pinned();
    const std::lock_guard<std::mutex> lock(all.mutex);
    for (auto entry = all.shared.begin(); entry != all.shared.end();) {
        Shared &shared = entry->second;
        const auto kept = std::remove_if(shared.pending.begin(), shared.pending.end(), condition);
        if (kept != shared.pending.end()) {
            shared.pending.erase(kept, shared.pending.end());
            update(shared);
        }
        entry = shared.pending.empty() ? all.shared.erase(entry) : std::next(entry);
    }
}

} // namespace

void note_pending(const Allocation &allocation, const PendingAccess &access) {
    Pinned &all = pinned();
    const std::lock_guard<std::mutex> lock(all.mutex);
    Shared &shared = all.shared[allocation.base];
    shared.allocation = allocation;
    for (PendingAccess &known : shared.pending) {
        if (known.begin == access.begin && known.end == access.end && known.written == access.written &&
            known.stream == access.stream) {
            known = access;
            return;
        }
    }
    shared.pending.push_back(access);
    update(shared);
}

void forget_pending(const Clock &seen) {
    forget_where([&](const PendingAccess &access) { return seen.includes(access.stream, access.number); });
}

void forget_pending(const Allocation &allocation) {
    forget_where([&](const PendingAccess &access) { return access.begin - allocation.base < allocation.bytes; });
}

void forget_all_pending() {
    forget_where([](const PendingAccess &) { return true; });
}

void open_pinned() {
    Pinned &all = pinned();
    const std::lock_guard<std::mutex> lock(all.mutex);
    all.open = true;
    for (const auto &entry : all.shared) {
        open(entry.second);
    }
}

void close_pinned() {
    Pinned &all = pinned();
    const std::lock_guard<std::mutex> lock(all.mutex);
    all.open = false;
    for (const auto &entry : all.shared) {
        close(entry.second);
    }
}

Pending try_find_pending(std::uintptr_t address, bool host_writes, PendingAccess &found) {
    Pinned &all = pinned();
    const std::unique_lock<std::mutex> lock(all.mutex, std::try_to_lock);
    if (!lock.owns_lock()) {
        return Pending::BUSY;
    }
    const auto after = all.shared.upper_bound(address);
    if (after == all.shared.begin()) {
        return Pending::NONE;
    }
    for (const PendingAccess &access : std::prev(after)->second.pending) {
        if (address >= access.begin && address < access.end && (access.written || host_writes)) {
            found = access;
            return Pending::FOUND;
        }
    }
    return Pending::NONE;
}

} // namespace emulation
