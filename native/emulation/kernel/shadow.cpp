#include "emulation/kernel/shadow.h"

#include "emulation/kernel/machine.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace emulation::kernel {

ShadowPage::~ShadowPage() {
    std::free(cells);
}

void ShadowPage::reset(std::uint64_t new_tag) {
    tag = new_tag;
    read_begin = write_begin = PAGE_BYTES;
    read_end = write_end = 0;
    if (cells == nullptr) {
        capacity = PAGE_BYTES / granule;
        cells = static_cast<ShadowCell *>(std::calloc(capacity, sizeof(ShadowCell)));
    } else {
        std::memset(cells, 0, PAGE_BYTES / granule * sizeof(ShadowCell));
    }
}

namespace {

struct LaneTimes {
    std::uint32_t time[WARP];
};

std::vector<LaneTimes> lane_times;
std::uint64_t lane_times_phase = 0;

/* Gives a copy of what is remembered times of its own. */
void separate(Accessors &all) {
    if (all.times != 0) {
        lane_times.push_back(LaneTimes(lane_times[all.times - 1]));
        all.times = static_cast<std::uint32_t>(lane_times.size());
    }
}

} // namespace

void ShadowPage::refine(unsigned bytes) {
    const unsigned factor = granule / bytes;
    const std::size_t count = PAGE_BYTES / bytes;
    if (count > capacity) {
        cells = static_cast<ShadowCell *>(std::realloc(cells, count * sizeof(ShadowCell)));
        capacity = count;
    }
    for (std::size_t i = count; i-- > 0;) {
        cells[i] = cells[i / factor];
        /* What an earlier phase left counts for nothing, and its times are gone. */
        if (i % factor != 0 && cells[i].phase == machine.phase) {
            separate(cells[i].readers);
            separate(cells[i].atomics);
        }
    }
    granule = bytes;
}

namespace {

unsigned warp_of(unsigned number) {
    return number / WARP;
}

/* Whether a warp barrier orders what a lane of the thread's own warp did at a time before what the thread does now. */
bool ordered(const Thread &thread, unsigned number, unsigned lane, std::uint32_t time) {
    return time < machine.warp[warp_of(number)].full_time || time < thread.lane_time[lane] || lane == number % WARP;
}

std::uint32_t time_of(const Accessors &all, unsigned lane) {
    return all.times == 0 ? all.time : lane_times[all.times - 1].time[lane];
}

/* Number plus 1 of one of them whose access nothing orders before what the thread does now; 0 if there is none. */
unsigned unordered(const Accessors &all, const Thread &thread, unsigned number) {
    if (all.first == 0) {
        return 0;
    }
    if (warp_of(all.first - 1u) != warp_of(number)) {
        return all.first;
    }
    for (std::uint32_t rest = all.lanes; rest != 0; rest &= rest - 1) {
        const unsigned lane = static_cast<unsigned>(__builtin_ctz(rest));
        if (!ordered(thread, number, lane, time_of(all, lane))) {
            return warp_of(number) * WARP + lane + 1;
        }
    }
    return all.other;
}

void add_lane(Accessors &all, unsigned number) {
    const WarpLanes &warp = machine.warp[warp_of(number)];
    const unsigned lane = number % WARP;
    if (all.times == 0 && all.time < warp.full_time) {
        /* All lanes are ordered behind those that are known. */
        all.lanes = 0;
        all.time = warp.time;
    }
    if (all.times == 0 && all.time != warp.time) {
        if (lane_times_phase != machine.phase) {
            lane_times.clear();
            lane_times_phase = machine.phase;
        }
        lane_times.emplace_back();
        std::fill_n(lane_times.back().time, WARP, all.time);
        all.times = static_cast<std::uint32_t>(lane_times.size());
    }
    if (all.times != 0) {
        lane_times[all.times - 1].time[lane] = warp.time;
    }
    all.lanes |= 1u << lane;
}

void add(Accessors &all, unsigned number) {
    const std::uint16_t named = static_cast<std::uint16_t>(number + 1);
    all.last = named;
    if (all.first == 0) {
        all.first = named;
        all.time = machine.warp[warp_of(number)].time;
    }
    if (warp_of(all.first - 1u) == warp_of(number)) {
        add_lane(all, number);
    } else {
        all.other = named;
    }
}

Earlier thread_of(unsigned named, const Accessors &all, const void *last_site) {
    return {named - 1, named == all.last ? last_site : nullptr};
}

/* Conflicts with other blocks of the launch, which nothing orders. */
Conflict observe_blocks(ShadowCell &cell, std::uint32_t block, AccessKind kind, Earlier &earlier) {
    const auto another = [block](std::uint32_t one) { return one != 0 && one != block; };
    if (another(cell.writer_block)) {
        earlier = {cell.writer_block - 1, cell.writer_site};
        return Conflict::BLOCKS_WRITE;
    }
    if (kind != AccessKind::ATOMIC && another(cell.atomic_block)) {
        earlier = {cell.atomic_block - 1, cell.atomic_site};
        return Conflict::BLOCKS_WRITE;
    }
    if (kind != AccessKind::READ && another(cell.reader_block)) {
        earlier = {cell.reader_block - 1, cell.reader_site};
        return Conflict::BLOCKS_READ;
    }
    return Conflict::NONE;
}

/* Conflicts with other threads of the block. */
Conflict observe_threads(const ShadowCell &cell, const Thread &thread, unsigned number, AccessKind kind,
                         Earlier &earlier) {
    if (cell.writer != 0) {
        const unsigned writer = cell.writer - 1u;
        if (warp_of(writer) != warp_of(number) || !ordered(thread, number, writer % WARP, cell.writer_time)) {
            earlier = {writer, cell.writer_site};
            return Conflict::THREADS_WRITE;
        }
    }
    if (kind != AccessKind::ATOMIC) {
        const unsigned other = unordered(cell.atomics, thread, number);
        if (other != 0) {
            earlier = thread_of(other, cell.atomics, cell.atomic_site);
            return Conflict::THREADS_WRITE;
        }
    }
    if (kind != AccessKind::READ) {
        const unsigned other = unordered(cell.readers, thread, number);
        if (other != 0) {
            earlier = thread_of(other, cell.readers, cell.reader_site);
            return Conflict::THREADS_READ;
        }
    }
    return Conflict::NONE;
}

void enter(ShadowCell &cell, unsigned number, std::uint32_t block, AccessKind kind, const void *site) {
    switch (kind) {
    case AccessKind::READ:
        cell.reader_block = cell.reader_block == 0 || cell.reader_block == block ? block : SEVERAL;
        cell.reader_site = site;
        add(cell.readers, number);
        break;
    case AccessKind::ATOMIC:
        cell.atomic_block = cell.atomic_block == 0 || cell.atomic_block == block ? block : SEVERAL;
        cell.atomic_site = site;
        add(cell.atomics, number);
        break;
    case AccessKind::WRITE:
        cell.writer_block = block;
        cell.reader_block = cell.atomic_block = 0;
        cell.writer = static_cast<std::uint16_t>(number + 1);
        cell.writer_time = machine.warp[warp_of(number)].time;
        cell.writer_site = site;
        cell.readers = cell.atomics = {};
        break;
    }
}

Conflict observe(ShadowCell &cell, AccessKind kind, bool must_be_initialised, const void *site, Earlier &earlier) {
    const Thread &thread = *machine.current;
    const unsigned number = number_of(thread);
    const std::uint32_t block = machine.block_number + 1;
    if (must_be_initialised && kind != AccessKind::WRITE && cell.writer_block == 0 && cell.atomic_block == 0) {
        return Conflict::UNINITIALISED;
    }
    if (cell.phase != machine.phase) {
        cell.phase = machine.phase;
        cell.writer = 0;
        cell.readers = cell.atomics = {};
    }
    Conflict conflict = observe_blocks(cell, block, kind, earlier);
    if (conflict == Conflict::NONE) {
        conflict = observe_threads(cell, thread, number, kind, earlier);
    }
    if (conflict == Conflict::NONE) {
        enter(cell, number, block, kind, site);
    }
    return conflict;
}

} // namespace

Conflict observe(ShadowPage &page, std::size_t offset, std::size_t bytes, AccessKind kind, bool must_be_initialised,
                 const void *site, Earlier &earlier) {
    const std::size_t together = offset | bytes | page.granule;
    const unsigned granule = static_cast<unsigned>(together & (~together + 1)); /* the lowest bit that is set */
    if (granule < page.granule) {
        page.refine(granule);
    }
    if (kind != AccessKind::WRITE) {
        page.read_begin = std::min<std::uint16_t>(page.read_begin, static_cast<std::uint16_t>(offset));
        page.read_end = std::max<std::uint16_t>(page.read_end, static_cast<std::uint16_t>(offset + bytes));
    }
    if (kind != AccessKind::READ) {
        page.write_begin = std::min<std::uint16_t>(page.write_begin, static_cast<std::uint16_t>(offset));
        page.write_end = std::max<std::uint16_t>(page.write_end, static_cast<std::uint16_t>(offset + bytes));
    }
    for (std::size_t i = offset / page.granule; i < (offset + bytes) / page.granule; ++i) {
        const Conflict conflict = observe(page.cells[i], kind, must_be_initialised, site, earlier);
        if (conflict != Conflict::NONE) {
            return conflict;
        }
    }
    return Conflict::NONE;
}

} // namespace emulation::kernel
