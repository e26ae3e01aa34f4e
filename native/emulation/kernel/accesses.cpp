#include "emulation/kernel/accesses.h"

#include "emulation/kernel/counters.h"
#include "emulation/kernel/fibre.h"
#include "emulation/kernel/machine.h"
#include "emulation/kernel/shadow.h"
#include "emulation/kernel/shared_memory.h"
#include "emulation/kernel/source_line.h"
#include "emulation/runtime/emulation.h"

#include <link.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

namespace emulation::kernel {

namespace {

struct KnownAllocation {
    Allocation allocation;
    std::size_t pages;
    ShadowPage **page; /* [pages], null until touched */

    explicit KnownAllocation(const Allocation &found)
        : allocation(found), pages((found.bytes + PAGE_BYTES - 1) / PAGE_BYTES),
          page(static_cast<ShadowPage **>(std::calloc(pages, sizeof(ShadowPage *)))) {}
    KnownAllocation(const KnownAllocation &) = delete;
    KnownAllocation &operator=(const KnownAllocation &) = delete;
    ~KnownAllocation();
};

struct Touched {
    std::uintptr_t address;
    ShadowPage *page;
};

/* Beyond this, what is remembered of earlier launches is dropped. */
constexpr std::size_t MOST_PAGES = 1 << 16;

std::vector<std::unique_ptr<KnownAllocation>> known;
KnownAllocation *last_known = nullptr;
std::uint64_t known_epoch = 0;
std::size_t page_count = 0;
std::vector<Touched> touched;

/* One for every PAGE_BYTES of the shared variables of all kernels. */
std::unique_ptr<ShadowPage[]> shared_page;

KnownAllocation::~KnownAllocation() {
    for (std::size_t i = 0; i < pages; ++i) {
        if (page[i] != nullptr) {
            delete page[i];
            --page_count;
        }
    }
    std::free(page);
}

/* Constants of the kernels' library: its segments that cannot be written. */
struct Constants {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
};

int find_constants(struct dl_phdr_info *library, std::size_t, void *answer) {
    Constants &constants = *static_cast<Constants *>(answer);
    std::uintptr_t begin = ~std::uintptr_t{0};
    std::uintptr_t end = 0;
    for (int i = 0; i < library->dlpi_phnum; ++i) {
        const ElfW(Phdr) &segment = library->dlpi_phdr[i];
        if (segment.p_type == PT_LOAD && (segment.p_flags & PF_W) == 0) {
            begin = std::min<std::uintptr_t>(begin, library->dlpi_addr + segment.p_vaddr);
            end = std::max<std::uintptr_t>(end, library->dlpi_addr + segment.p_vaddr + segment.p_memsz);
        }
    }
    const std::uintptr_t own = reinterpret_cast<std::uintptr_t>(machine.kernel);
    if (own >= begin && own < end) {
        constants = {begin, end};
        return 1;
    }
    return 0;
}

Constants constants;

const char *word(AccessKind kind) {
    return kind == AccessKind::READ ? "read" : kind == AccessKind::WRITE ? "write" : "atomic operation";
}

std::string access_text(AccessKind kind, std::size_t bytes) {
    return std::string(word(kind)) + " of " + std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
}

std::string other_block(unsigned number) {
    if (number == SEVERAL - 1) {
        return "several other blocks";
    }
    const unsigned x = machine.grid.x;
    const unsigned y = machine.grid.y;
    return "block (" + std::to_string(number % x) + ", " + std::to_string(number / x % y) + ", " +
           std::to_string(number / x / y) + ")";
}

std::string place_text(const Earlier &earlier) {
    return earlier.site == nullptr ? "" : " at " + source_line(earlier.site);
}

[[gnu::cold]] void report_conflict(Conflict conflict, const Earlier &earlier, bool shared, AccessKind kind,
                                   std::size_t bytes, const void *site) {
    const std::string memory = shared ? "shared memory" : "global memory";
    const std::string access = access_text(kind, bytes);
    switch (conflict) {
    case Conflict::UNINITIALISED:
        return fault("read of uninitialised shared memory, " + std::to_string(bytes) + " bytes", site,
                     cudaErrorLaunchFailure);
    case Conflict::BLOCKS_WRITE:
    case Conflict::BLOCKS_READ:
        return fault("data race between blocks on global memory: " + access + " that " + other_block(earlier.number) +
                         (conflict == Conflict::BLOCKS_WRITE ? " write" : " read") +
                         (earlier.number == SEVERAL - 1 ? "" : "s") + place_text(earlier) + " in the same launch",
                     site, cudaErrorLaunchFailure);
    default:
        return fault("data race on " + memory + ": " + access + " that " + name_of(machine.thread[earlier.number]) + " " +
                         (conflict == Conflict::THREADS_WRITE ? "writes" : "reads") + place_text(earlier) +
                         " without a barrier in between",
                     site, cudaErrorLaunchFailure);
    }
}

void shared_access(std::uintptr_t address, std::size_t bytes, AccessKind kind, const void *site) {
    if (!in_shared_variable(address, bytes)) {
        fault(access_text(kind, bytes) + " outside the __shared__ variable", site, cudaErrorIllegalAddress);
    }
    std::size_t offset = address - shared_memory.base;
    while (bytes > 0) {
        ShadowPage &page = shared_page[offset / PAGE_BYTES];
        if (page.tag != machine.block_instance) {
            page.reset(machine.block_instance);
        }
        const std::size_t within = offset % PAGE_BYTES;
        const std::size_t part = std::min(bytes, PAGE_BYTES - within);
        Earlier earlier;
        const Conflict conflict = observe(page, within, part, kind, true, site, earlier);
        if (conflict != Conflict::NONE) {
            report_conflict(conflict, earlier, true, kind, bytes, site);
        }
        offset += part;
        bytes -= part;
    }
}

/* The allocation that the address is in; null if there is none. */
KnownAllocation *allocation_of(std::uintptr_t address) {
    if (last_known != nullptr && address - last_known->allocation.base < last_known->allocation.bytes) {
        return last_known;
    }
    for (const std::unique_ptr<KnownAllocation> &one : known) {
        if (address - one->allocation.base < one->allocation.bytes) {
            return last_known = one.get();
        }
    }
    Allocation found;
    if (!find_allocation(reinterpret_cast<const void *>(address), found)) {
        return nullptr;
    }
    known.push_back(std::make_unique<KnownAllocation>(found));
    return last_known = known.back().get();
}

void global_access(std::uintptr_t address, std::size_t bytes, AccessKind kind, const void *site) {
    KnownAllocation *in = allocation_of(address);
    if (in == nullptr) {
        if (address - constants.begin < constants.end - constants.begin && kind == AccessKind::READ) {
            return;
        }
        fault(access_text(kind, bytes) + " outside any allocation: " +
                  describe_address(reinterpret_cast<const void *>(address)),
              site, cudaErrorIllegalAddress);
    }
    const Allocation &allocation = in->allocation;
    if (address + bytes > allocation.base + allocation.bytes) {
        fault(access_text(kind, bytes) + " past the end of an allocation of " + std::to_string(allocation.bytes) +
                  " bytes",
              site, cudaErrorIllegalAddress);
    }
    if (allocation.kind == Allocation::DEVICE && running_device() >= 0 && allocation.device != running_device()) {
        fault(access_text(kind, bytes) + " in memory of device " + std::to_string(allocation.device) +
                  " by a kernel on device " + std::to_string(running_device()),
              site, cudaErrorIllegalAddress);
    }
    std::size_t offset = address - allocation.base;
    while (bytes > 0) {
        ShadowPage *&page = in->page[offset / PAGE_BYTES];
        if (page == nullptr) {
            page = new ShadowPage;
            ++page_count;
        }
        if (page->tag != machine.launch) {
            page->reset(machine.launch);
            touched.push_back({allocation.base + offset / PAGE_BYTES * PAGE_BYTES, page});
        }
        const std::size_t within = offset % PAGE_BYTES;
        const std::size_t part = std::min(bytes, PAGE_BYTES - within);
        Earlier earlier;
        const Conflict conflict = observe(*page, within, part, kind, false, site, earlier);
        if (conflict != Conflict::NONE) {
            report_conflict(conflict, earlier, false, kind, bytes, site);
        }
        offset += part;
        bytes -= part;
    }
}

void checked_access(std::uintptr_t address, std::size_t bytes, AccessKind kind, const void *site) {
    /* The compiler uses this form where the type's alignment is its size. */
    if (address % bytes != 0) {
        fault("misaligned " + access_text(kind, bytes) + ": the address is " + std::to_string(address % bytes) +
                  " bytes behind a multiple of " + std::to_string(bytes),
              site, cudaErrorMisalignedAddress);
    }
    const bool shared = is_shared(address);
    if (shared) {
        shared_access(address, bytes, kind, site);
    } else {
        global_access(address, bytes, kind, site);
    }
    count_access(address, bytes, kind, shared, site, 0);
}

/* The host side of the sources does not run on the stack of a thread of the device; other threads of the host may be there
 * while one runs a launch. What lies on that stack is private. */
inline bool is_private(std::uintptr_t address) {
    const std::uintptr_t here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    return here - machine.stack >= STACK_BYTES || address - machine.stack < STACK_BYTES;
}

inline void access(const void *pointer, std::size_t bytes, AccessKind kind, const void *site) {
    const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(pointer);
    if (!is_private(address)) {
        checked_access(address, bytes, kind, site);
    }
}

/* A whole struct that is not one access of the device: its words one by one. */
void access_range(const void *pointer, std::size_t bytes, AccessKind kind, const void *site) {
    const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(pointer);
    if (is_private(address)) {
        return;
    }
    const std::size_t step = (address | bytes) % 4 == 0 ? 4 : 1;
    const bool shared = is_shared(address);
    for (std::size_t at = 0; at < bytes; at += step) {
        if (shared) {
            shared_access(address + at, step, kind, site);
        } else {
            global_access(address + at, step, kind, site);
        }
        count_access(address + at, step, kind, shared, site, static_cast<unsigned>(at));
    }
}

} // namespace

void atomic_access(const void *address, unsigned bytes) {
    access(address, bytes, AccessKind::ATOMIC, __builtin_return_address(0));
}

void load_vector(const void *from, unsigned bytes) {
    access(from, bytes, AccessKind::READ, __builtin_return_address(0));
}

void store_vector(void *to, const void *from, unsigned bytes) {
    access(to, bytes, AccessKind::WRITE, __builtin_return_address(0));
    std::memcpy(to, from, bytes);
}

void begin_accesses() {
    const std::uint64_t epoch = allocation_epoch();
    if (epoch != known_epoch || page_count > MOST_PAGES) {
        known.clear();
        known_epoch = epoch;
    }
    last_known = nullptr;
    touched.clear();
    if (shared_page == nullptr) {
        shared_page = std::make_unique<ShadowPage[]>(shared_memory.bytes / PAGE_BYTES + 1);
    }
    if (constants.end == 0) {
        dl_iterate_phdr(find_constants, &constants);
    }
}

namespace {

void touch_ranges(std::uint16_t ShadowPage::*begin, std::uint16_t ShadowPage::*end, bool written) {
    std::uintptr_t from = 0;
    std::uintptr_t to = 0;
    for (const Touched &one : touched) {
        const std::uintptr_t first = one.address + one.page->*begin;
        const std::uintptr_t last = one.address + one.page->*end;
        if (first >= last) {
            continue;
        }
        if (first != to) {
            if (to > from) {
                touch(reinterpret_cast<const void *>(from), to - from, written);
            }
            from = first;
        }
        to = last;
    }
    if (to > from) {
        touch(reinterpret_cast<const void *>(from), to - from, written);
    }
}

} // namespace

void end_accesses() {
    std::sort(touched.begin(), touched.end(),
              [](const Touched &x, const Touched &y) { return x.address < y.address; });
    touch_ranges(&ShadowPage::read_begin, &ShadowPage::read_end, false);
    touch_ranges(&ShadowPage::write_begin, &ShadowPage::write_end, true);
    touched.clear();
}

} // namespace emulation::kernel

/* The interface of the thread sanitizer, without the thread sanitizer. */
using emulation::kernel::access;
using emulation::kernel::access_range;
using emulation::kernel::AccessKind;

#define SWAPDISTILL_EMULATION_CALLBACK(bytes)                                                                          \
    void __tsan_read##bytes(void *address) {                                                                           \
        access(address, bytes, AccessKind::READ, __builtin_return_address(0));                                         \
    }                                                                                                                  \
    void __tsan_write##bytes(void *address) {                                                                          \
        access(address, bytes, AccessKind::WRITE, __builtin_return_address(0));                                        \
    }

#pragma GCC visibility push(hidden)
extern "C" {
SWAPDISTILL_EMULATION_CALLBACK(1)
SWAPDISTILL_EMULATION_CALLBACK(2)
SWAPDISTILL_EMULATION_CALLBACK(4)
SWAPDISTILL_EMULATION_CALLBACK(8)
SWAPDISTILL_EMULATION_CALLBACK(16)

void __tsan_read_range(void *address, std::size_t bytes) {
    access_range(address, bytes, AccessKind::READ, __builtin_return_address(0));
}
void __tsan_write_range(void *address, std::size_t bytes) {
    access_range(address, bytes, AccessKind::WRITE, __builtin_return_address(0));
}
void __tsan_init() {}
void __tsan_func_entry(void *) {}
void __tsan_func_exit() {}
/* A class with virtual functions sets its table: the launch's own. */
void __tsan_vptr_update(void *, void *) {}
void __tsan_vptr_read(void *) {}
}
#pragma GCC visibility pop
