#include "emulation/kernel/shared_memory.h"

#include "emulation/kernel/grid.h"
#include "emulation/kernel/site.h"

#include <dlfcn.h>
#include <link.h>

#include <map>
#include <string>
#include <vector>

namespace emulation::kernel {
namespace {

/* An access of a byte by a thread, with the intervals between barriers in which it happened. */
struct By {
    std::uint32_t block = 0; /* run of a block that it belongs to; older ones mean nobody */
    std::uint32_t barrier_interval = 0;
    std::uint32_t warp_interval = 0;
    std::uint16_t thread = 0;
    bool atomic = false;
    const void *site = nullptr;
};

struct Byte {
    By writer;
    By readers[2]; /* the last two different threads: enough to see a writer that is not the only reader */
};

/* The writable data of a library or program. */
struct Segment {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    std::vector<Byte> bytes;
};

std::uint32_t block_run = 0;
Segment *segment = nullptr;

/* The segment of the module that holds the running kernel. */
Segment *find_segment() {
    static auto *known = new std::map<const void *, Segment>();
    Dl_info module;
    if (dladdr(running->call.kernel, &module) == 0) {
        return nullptr;
    }
    Segment &found = (*known)[module.dli_fbase];
    if (found.end == 0) {
        struct Search {
            std::uintptr_t base;
            Segment *segment;
        } search{reinterpret_cast<std::uintptr_t>(module.dli_fbase), &found};
        dl_iterate_phdr(
            [](struct dl_phdr_info *info, std::size_t, void *data) {
                Search &sought = *static_cast<Search *>(data);
                for (int i = 0; i < info->dlpi_phnum; ++i) {
                    const ElfW(Phdr) &header = info->dlpi_phdr[i];
                    const std::uintptr_t begin = info->dlpi_addr + header.p_vaddr;
                    /* The first loadable segment holds the base address of the module. */
                    if (header.p_type == PT_LOAD && (header.p_flags & PF_W) != 0) {
                        Dl_info owner;
                        if (dladdr(reinterpret_cast<const void *>(begin), &owner) != 0 &&
                            reinterpret_cast<std::uintptr_t>(owner.dli_fbase) == sought.base) {
                            sought.segment->begin = begin;
                            sought.segment->end = begin + header.p_memsz;
                        }
                    }
                }
                return 0;
            },
            &search);
        found.bytes.resize(found.end - found.begin);
    }
    return &found;
}

bool current(const By &by) {
    return by.block == block_run;
}

/* Whether nothing orders the earlier access before one by the thread now. */
bool races(const By &earlier, const Thread &thread, bool atomic) {
    return current(earlier) && earlier.thread != thread.number && !(earlier.atomic && atomic) &&
           earlier.barrier_interval == running->barrier_interval &&
           !(earlier.thread / WARP_SIZE == thread.warp() &&
             earlier.warp_interval < running->warp_interval[thread.warp()]);
}

void report_race(const By &earlier, bool earlier_writes, bool writes, const void *site) {
    const Thread &other = *running->thread[earlier.thread];
    fail(std::string("data race on shared memory: it ") + (writes ? "writes" : "reads") + " what thread (" +
             std::to_string(other.index.x) + ", " + std::to_string(other.index.y) + ", " +
             std::to_string(other.index.z) + ") " + (earlier_writes ? "writes" : "reads") + " at " +
             line_of(earlier.site) + ", with no barrier between",
         site);
}

} // namespace

bool is_shared(std::uintptr_t address) {
    return segment != nullptr && address - segment->begin < segment->end - segment->begin;
}

void begin_shared_block() {
    segment = find_segment();
    ++block_run;
}

void access_shared(std::uintptr_t address, std::size_t bytes, Kind kind, const void *site) {
    const Thread &thread = *running->current;
    By by;
    by.block = block_run;
    by.barrier_interval = running->barrier_interval;
    by.warp_interval = running->warp_interval[thread.warp()];
    by.thread = static_cast<std::uint16_t>(thread.number);
    by.atomic = kind == Kind::ATOMIC;
    by.site = site;
    for (std::size_t i = 0; i < bytes; ++i) {
        Byte &byte = segment->bytes[address - segment->begin + i];
        if (kind != Kind::WRITE && !current(byte.writer)) {
            fail("read of uninitialised shared memory", site);
        }
        if (races(byte.writer, thread, by.atomic)) {
            report_race(byte.writer, true, kind != Kind::READ, site);
        }
        if (kind == Kind::READ) {
            By &first = byte.readers[0];
            if (current(first) && first.thread != by.thread) {
                byte.readers[1] = first;
            }
            first = by;
        } else {
            for (const By &reader : byte.readers) {
                if (races(reader, thread, by.atomic)) {
                    report_race(reader, false, true, site);
                }
            }
            byte.writer = by;
        }
    }
}

} // namespace emulation::kernel
