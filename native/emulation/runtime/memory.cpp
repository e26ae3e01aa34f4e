#include "emulation/runtime/memory.h"

#include "emulation/runtime/environment.h"
#include "emulation/runtime/faults.h"
#include "emulation/runtime/host_access.h"
#include "emulation/runtime/ordering.h"
#include "emulation/runtime/pinned.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <vector>

namespace emulation {
namespace {

/* Where in a page an allocation of device memory begins. */
constexpr std::size_t START = 256;
/* Of addresses between allocations that are opened together. */
constexpr std::size_t SMALL_GAP = std::size_t{8} << 20;
constexpr std::size_t RESERVED = std::size_t{1} << 42;
constexpr std::size_t DEFAULT_MEMORY = std::size_t{4} << 30;
/* How addresses are mapped that nobody may use. */
constexpr int CLOSED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

std::size_t pages_of(std::size_t bytes) {
    return (bytes + PAGE - 1) / PAGE * PAGE;
}

/* Reserved addresses, given out from the beginning. */
struct Range {
    std::uintptr_t begin = 0;
    std::uintptr_t next = 0;

    bool contains(std::uintptr_t address) const { return begin != 0 && address - begin < RESERVED; }

    bool has(std::size_t bytes) const { return bytes <= begin + RESERVED - next; }
};

struct Pages {
    std::uintptr_t begin;
    std::uintptr_t end;
};

struct Memory {
    std::shared_mutex mutex;
    std::map<std::uintptr_t, Allocation> live;
    std::map<std::uintptr_t, Allocation> freed;
    Range device;
    Range pinned;
    std::vector<Pages> opened; /* while work runs */
    std::uint64_t epoch = 0;
    int windows = 0;
    std::map<int, std::size_t> used;
};

/* Never destroyed: other libraries free memory when the process ends. */
Memory &memory() {
    static Memory *instance = new Memory();
    return *instance;
}

void protect(std::uintptr_t begin, std::uintptr_t end, int protection) {
    if (begin < end && mprotect(reinterpret_cast<void *>(begin), end - begin, protection) != 0) {
        std::perror("CUDA emulation: mprotect");
        std::abort();
    }
}

/* The allocation of the table that contains the address, or null. */
const Allocation *containing(const std::map<std::uintptr_t, Allocation> &table, std::uintptr_t address) {
    auto after = table.upper_bound(address);
    if (after == table.begin()) {
        return nullptr;
    }
    const Allocation &candidate = std::prev(after)->second;
    return address - candidate.base < candidate.bytes ? &candidate : nullptr;
}

std::string text_of(const Allocation &allocation) {
    return std::to_string(allocation.bytes) + " bytes of " +
           (allocation.kind == Allocation::PINNED ? "pinned host memory"
                                                  : "memory of device " + std::to_string(allocation.device)) +
           " at " + hexadecimal(reinterpret_cast<const void *>(allocation.base));
}

/* Both ranges, and the handler of faults in them; at the first allocation, so that a program without any has none. */
void reserve(Memory &all) {
    if (all.device.begin != 0) {
        return;
    }
    for (Range *range : {&all.device, &all.pinned}) {
        void *begin = mmap(nullptr, RESERVED, PROT_NONE, CLOSED, -1, 0);
        if (begin == MAP_FAILED) {
            std::perror("CUDA emulation: cannot reserve addresses for memory");
            std::abort();
        }
        range->begin = reinterpret_cast<std::uintptr_t>(begin);
        range->next = range->begin;
    }
    watch_host();
}

std::size_t &memory_limit() {
    static std::size_t bytes = number_from_environment("SWAPDISTILL_EMULATION_MEMORY", DEFAULT_MEMORY);
    return bytes;
}

void end(Memory &all, std::uintptr_t base) {
    const auto entry = all.live.find(base);
    const Allocation allocation = entry->second;
    all.live.erase(entry);
    all.freed[base] = allocation;
    all.epoch++;
    forget_accesses(allocation.base, allocation.bytes);
    if (allocation.kind == Allocation::DEVICE) {
        all.used[allocation.device] -= allocation.bytes;
        madvise(reinterpret_cast<void *>(base / PAGE * PAGE), pages_of(START + allocation.bytes), MADV_DONTNEED);
    } else {
        forget_pending(allocation);
        mmap(reinterpret_cast<void *>(base), pages_of(allocation.bytes), PROT_NONE, CLOSED | MAP_FIXED, -1, 0);
    }
}

/* The pages of all allocations of devices. A call for each costs more than most work does, and so does one for all when
 * much freed memory lies in between: they are joined over small gaps. */
std::vector<Pages> live_pages(const Memory &all) {
    std::vector<Pages> found;
    for (auto entry = all.live.lower_bound(all.device.begin);
         entry != all.live.end() && entry->first < all.device.next; ++entry) {
        const std::uintptr_t begin = entry->first / PAGE * PAGE;
        const std::uintptr_t end = begin + pages_of(entry->first - begin + entry->second.bytes);
        if (!found.empty() && begin - found.back().end <= SMALL_GAP) {
            found.back().end = end;
        } else {
            found.push_back({begin, end});
        }
    }
    return found;
}

} // namespace

DeviceAccess::DeviceAccess() {
    Memory &all = memory();
    const std::unique_lock<std::shared_mutex> lock(all.mutex);
    if (all.windows++ == 0) {
        all.opened = live_pages(all);
        for (const Pages &pages : all.opened) {
            protect(pages.begin, pages.end, PROT_READ | PROT_WRITE);
        }
        open_pinned();
    }
}

DeviceAccess::~DeviceAccess() {
    Memory &all = memory();
    const std::unique_lock<std::shared_mutex> lock(all.mutex);
    if (--all.windows == 0) {
        for (const Pages &pages : all.opened) {
            protect(pages.begin, pages.end, PROT_NONE);
        }
        close_pinned();
    }
}

void *allocate_device(int device, std::size_t bytes) {
    Memory &all = memory();
    const std::unique_lock<std::shared_mutex> lock(all.mutex);
    reserve(all);
    if (all.used[device] > memory_limit() || bytes > memory_limit() - all.used[device]) {
        return nullptr;
    }
    Range &range = all.device;
    const std::size_t pages = pages_of(START + bytes);
    if (!range.has(pages + PAGE)) {
        std::fputs("CUDA emulation: the process has used up all addresses of device memory\n", stderr);
        std::abort();
    }
    Allocation allocation;
    allocation.base = range.next + START;
    allocation.bytes = bytes;
    allocation.device = device;
    allocation.kind = Allocation::DEVICE;
    allocation.id = ++all.epoch;
    range.next += pages + PAGE;
    all.used[device] += bytes;
    all.live[allocation.base] = allocation;
    void *pointer = reinterpret_cast<void *>(allocation.base);
    const Pages own = {range.next - pages - PAGE, range.next};
    protect(own.begin, own.end, PROT_READ | PROT_WRITE);
    std::memset(pointer, 0xFF, bytes);
    if (all.windows == 0) {
        protect(own.begin, own.end, PROT_NONE);
    } else {
        all.opened.push_back(own);
    }
    return pointer;
}

void *allocate_pinned(std::size_t bytes) {
    Memory &all = memory();
    const std::unique_lock<std::shared_mutex> lock(all.mutex);
    reserve(all);
    Range &range = all.pinned;
    if (bytes > RESERVED || !range.has(pages_of(bytes) + PAGE)) {
        return nullptr;
    }
    void *pointer = mmap(reinterpret_cast<void *>(range.next), pages_of(bytes), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (pointer == MAP_FAILED) {
        return nullptr;
    }
    Allocation allocation;
    allocation.base = range.next;
    allocation.bytes = bytes;
    allocation.kind = Allocation::PINNED;
    allocation.id = ++all.epoch;
    range.next += pages_of(bytes) + PAGE;
    all.live[allocation.base] = allocation;
    std::memset(pointer, 0xFF, bytes);
    return pointer;
}

std::string free_memory(void *pointer, Allocation::Kind kind) {
    Memory &all = memory();
    const std::unique_lock<std::shared_mutex> lock(all.mutex);
    const std::uintptr_t base = reinterpret_cast<std::uintptr_t>(pointer);
    const auto entry = all.live.find(base);
    if (entry != all.live.end() && entry->second.kind == kind) {
        end(all, base);
        return "";
    }
    if (all.freed.count(base) != 0) {
        return hexadecimal(pointer) + " was freed before";
    }
    if (const Allocation *found = containing(all.live, base)) {
        return hexadecimal(pointer) + (found->base == base ? " is " : " lies inside of ") + text_of(*found);
    }
    return hexadecimal(pointer) + " is no address that an allocation answered";
}

std::size_t memory_bytes() {
    return memory_limit();
}

std::size_t used_bytes(int device) {
    Memory &all = memory();
    const std::unique_lock<std::shared_mutex> lock(all.mutex);
    return all.used[device];
}

std::deque<std::string> live_allocations() {
    Memory &all = memory();
    const std::shared_lock<std::shared_mutex> lock(all.mutex);
    std::deque<std::string> found;
    for (const auto &entry : all.live) {
        found.push_back(text_of(entry.second) + " were not freed");
    }
    return found;
}

bool find_allocation(const void *address, Allocation &found) {
    Memory &all = memory();
    const std::shared_lock<std::shared_mutex> lock(all.mutex);
    const Allocation *allocation = containing(all.live, reinterpret_cast<std::uintptr_t>(address));
    if (allocation != nullptr) {
        found = *allocation;
    }
    return allocation != nullptr;
}

bool is_device_address(std::uintptr_t address) {
    return memory().device.contains(address);
}

bool is_pinned_address(std::uintptr_t address) {
    return memory().pinned.contains(address);
}

Found try_find_allocation(std::uintptr_t address, Allocation &found) {
    Memory &all = memory();
    const std::shared_lock<std::shared_mutex> lock(all.mutex, std::try_to_lock);
    if (!lock.owns_lock()) {
        return Found::BUSY;
    }
    const Allocation *live = containing(all.live, address);
    const Allocation *any = live != nullptr ? live : containing(all.freed, address);
    if (any != nullptr) {
        found = *any;
    }
    return live != nullptr ? Found::LIVE : any != nullptr ? Found::FREED : Found::NONE;
}

std::uint64_t allocation_epoch() {
    Memory &all = memory();
    const std::shared_lock<std::shared_mutex> lock(all.mutex);
    return all.epoch;
}

std::string describe_address(const void *address) {
    Memory &all = memory();
    const std::shared_lock<std::shared_mutex> lock(all.mutex);
    const std::uintptr_t at = reinterpret_cast<std::uintptr_t>(address);
    if (const Allocation *found = containing(all.live, at)) {
        return "byte " + std::to_string(at - found->base) + " of " + text_of(*found);
    }
    if (const Allocation *old = containing(all.freed, at)) {
        return "byte " + std::to_string(at - old->base) + " of freed " + text_of(*old);
    }
    auto after = all.live.upper_bound(at);
    if ((all.device.contains(at) || all.pinned.contains(at)) && after != all.live.begin()) {
        const Allocation &before = std::prev(after)->second;
        return hexadecimal(address) + ", " + std::to_string(at - before.base - before.bytes) +
               " bytes behind the end of " + text_of(before);
    }
    return hexadecimal(address) + ", host memory or no memory at all";
}

} // namespace emulation

void emulation_set_memory(size_t bytes) {
    emulation::memory_limit() = bytes;
}
