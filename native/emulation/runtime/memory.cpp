#include "emulation/runtime/memory.h"

#include "emulation/runtime/faults.h"
#include "emulation/runtime/ordering.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <shared_mutex>

namespace emulation {
namespace {

constexpr std::size_t PAGE = 4096;
/* Where in a page an allocation begins. */
constexpr std::size_t START = 256;
constexpr std::size_t RESERVED = std::size_t{1} << 42;
constexpr std::size_t DEFAULT_MEMORY = std::size_t{4} << 30;

std::size_t pages_of(std::size_t bytes) {
    return (bytes + START + PAGE - 1) / PAGE * PAGE;
}

struct Memory {
    std::shared_mutex mutex;
    std::map<std::uintptr_t, Allocation> live;
    std::map<std::uintptr_t, Allocation> freed;
    std::uintptr_t begin = 0;
    std::uintptr_t next = 0;
    std::uintptr_t opened = 0; /* what is accessible while work runs begins here */
    std::uint64_t epoch = 0;
    int windows = 0;
    std::map<int, std::size_t> used;
    struct sigaction previous_handler = {};
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

/* Ends the process with a sentence if the host touched device memory; other faults are those of whoever handled them
 * before, such as the JVM. Only what a signal handler may do, but for the lookup, which waits for nobody. */
void on_fault(int signal, siginfo_t *info, void *context) {
    Memory &all = memory();
    const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(info->si_addr);
    if (address >= all.begin && address < all.begin + RESERVED) {
        char line[256] = "unknown";
        if (all.mutex.try_lock_shared()) {
            if (const Allocation *found = containing(all.live, address)) {
                std::snprintf(line, sizeof line, "byte %zu of a device allocation of %zu bytes",
                              static_cast<std::size_t>(address - found->base), found->bytes);
            } else if (const Allocation *old = containing(all.freed, address)) {
                std::snprintf(line, sizeof line, "byte %zu of a freed device allocation of %zu bytes",
                              static_cast<std::size_t>(address - old->base), old->bytes);
            } else {
                std::snprintf(line, sizeof line, "an address outside of every device allocation");
            }
        }
        char message[400];
        const int length = std::snprintf(message, sizeof message,
                                         "CUDA emulation: host access to device memory at %p: %s\n", info->si_addr, line);
        if (write(STDERR_FILENO, message, static_cast<std::size_t>(length)) < 0) {
            /* Nobody is left to tell. */
        }
        ::signal(SIGABRT, SIG_DFL);
        std::abort();
    }
    const struct sigaction &previous = all.previous_handler;
    if (previous.sa_flags & SA_SIGINFO) {
        previous.sa_sigaction(signal, info, context);
    } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
        previous.sa_handler(signal);
    } else {
        /* The instruction is repeated when the handler returns, and then ends the process. */
        ::signal(SIGSEGV, SIG_DFL);
    }
}

void reserve(Memory &all) {
    void *range = mmap(nullptr, RESERVED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (range == MAP_FAILED) {
        std::perror("CUDA emulation: cannot reserve addresses for device memory");
        std::abort();
    }
    all.begin = reinterpret_cast<std::uintptr_t>(range);
    all.next = all.begin;
    struct sigaction action = {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigaction(SIGSEGV, &action, &all.previous_handler);
}

std::size_t memory_limit = [] {
    const char *text = std::getenv("SWAPDISTILL_EMULATION_MEMORY");
    return text == nullptr ? DEFAULT_MEMORY : std::strtoull(text, nullptr, 10);
}();

void end(Memory &all, std::uintptr_t base) {
    const auto entry = all.live.find(base);
    const Allocation allocation = entry->second;
    all.live.erase(entry);
    all.freed[base] = allocation;
    all.epoch++;
    forget_accesses(allocation.base, allocation.bytes);
    if (allocation.kind == Allocation::DEVICE) {
        all.used[allocation.device] -= allocation.bytes;
        madvise(reinterpret_cast<void *>(base / PAGE * PAGE), pages_of(allocation.bytes), MADV_DONTNEED);
    } else {
        std::free(reinterpret_cast<void *>(base));
        all.freed.erase(base);
    }
}

} // namespace

DeviceAccess::DeviceAccess() {
    Memory &all = memory();
    const std::unique_lock<std::shared_mutex> lock(all.mutex);
    if (all.windows++ == 0) {
        /* All at once, freed memory in between too: a call for each allocation costs more than most work does. */
        const auto first = all.live.lower_bound(all.begin);
        all.opened = first == all.live.end() ? all.next : std::min(first->first / PAGE * PAGE, all.next);
        protect(all.opened, all.next, PROT_READ | PROT_WRITE);
    }
}

DeviceAccess::~DeviceAccess() {
    Memory &all = memory();
    const std::unique_lock<std::shared_mutex> lock(all.mutex);
    if (--all.windows == 0) {
        protect(all.opened, all.next, PROT_NONE);
    }
}

void *allocate_device(int device, std::size_t bytes) {
    Memory &all = memory();
    const std::unique_lock<std::shared_mutex> lock(all.mutex);
    if (all.begin == 0) {
        reserve(all);
    }
    if (all.used[device] > memory_limit || bytes > memory_limit - all.used[device]) {
        return nullptr;
    }
    const std::size_t pages = pages_of(bytes);
    if (pages + PAGE > all.begin + RESERVED - all.next) {
        std::fputs("CUDA emulation: the process has used up all addresses of device memory\n", stderr);
        std::abort();
    }
    Allocation allocation;
    allocation.base = all.next + START;
    allocation.bytes = bytes;
    allocation.device = device;
    allocation.kind = Allocation::DEVICE;
    allocation.id = ++all.epoch;
    all.next += pages + PAGE;
    all.used[device] += bytes;
    all.live[allocation.base] = allocation;
    void *pointer = reinterpret_cast<void *>(allocation.base);
    protect(all.next - pages - PAGE, all.next, PROT_READ | PROT_WRITE);
    std::memset(pointer, 0xFF, bytes);
    if (all.windows == 0) {
        protect(all.next - pages - PAGE, all.next, PROT_NONE);
    }
    return pointer;
}

void *allocate_pinned(std::size_t bytes) {
    void *pointer = nullptr;
    if (posix_memalign(&pointer, PAGE, bytes) != 0) {
        return nullptr;
    }
    Memory &all = memory();
    const std::unique_lock<std::shared_mutex> lock(all.mutex);
    Allocation allocation;
    allocation.base = reinterpret_cast<std::uintptr_t>(pointer);
    allocation.bytes = bytes;
    allocation.kind = Allocation::PINNED;
    allocation.id = ++all.epoch;
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
    return memory_limit;
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
    if (at >= all.begin && at < all.begin + RESERVED && after != all.live.begin()) {
        const Allocation &before = std::prev(after)->second;
        return hexadecimal(address) + ", " + std::to_string(at - before.base - before.bytes) + " bytes behind the end of " +
               text_of(before);
    }
    return hexadecimal(address) + ", host memory or no memory at all";
}

} // namespace emulation

void emulation_set_memory(size_t bytes) {
    emulation::memory_limit = bytes;
}
