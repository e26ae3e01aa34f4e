#include "emulation/kernel/shadow.h"

#include "emulation/kernel/machine.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

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

void ShadowPage::refine(unsigned bytes) {
    const unsigned factor = granule / bytes;
    const std::size_t count = PAGE_BYTES / bytes;
    if (count > capacity) {
        cells = static_cast<ShadowCell *>(std::realloc(cells, count * sizeof(ShadowCell)));
        capacity = count;
    }
    for (std::size_t i = count; i-- > 0;) {
        cells[i] = cells[i / factor];
    }
    granule = bytes;
}

namespace {

/* Whether something orders the access of another thread of the block before what this thread does now. */
bool ordered(const Thread &thread, unsigned number, unsigned other, std::uint32_t time) {
    return other == number || time < thread.block_time ||
           (other / WARP == number / WARP && time < thread.lane_time[other % WARP]);
}

Conflict observe(ShadowCell &cell, AccessKind kind, bool must_be_initialised, const void *site, Earlier &earlier) {
    const Thread &thread = *machine.current;
    const unsigned number = number_of(thread);
    const std::uint32_t block = machine.block_number + 1;
    const bool writes = kind != AccessKind::READ;
    const bool both_atomic = kind == AccessKind::ATOMIC && cell.atomic;
    if (cell.writer_block == 0) {
        if (must_be_initialised && kind != AccessKind::WRITE) {
            return Conflict::UNINITIALISED;
        }
    } else if (cell.writer_block != block && !both_atomic) {
        earlier = {cell.writer_block - 1, cell.writer_site};
        return Conflict::BLOCKS_WRITE;
    }
    if (writes && cell.reader_block != 0 && cell.reader_block != block) {
        earlier = {cell.reader_block - 1, cell.reader_site};
        return Conflict::BLOCKS_READ;
    }
    if (cell.block_instance != machine.block_instance) {
        cell.block_instance = machine.block_instance;
        cell.writer = cell.reader[0] = cell.reader[1] = 0;
    }
    if (cell.writer != 0 && !both_atomic && !ordered(thread, number, cell.writer - 1u, cell.writer_time)) {
        earlier = {cell.writer - 1u, cell.writer_site};
        return Conflict::THREADS_WRITE;
    }
    if (writes) {
        for (int i = 0; i < 2; ++i) {
            if (cell.reader[i] != 0 && !ordered(thread, number, cell.reader[i] - 1u, cell.reader_time[i])) {
                earlier = {cell.reader[i] - 1u, i == 0 ? cell.reader_site : nullptr};
                return Conflict::THREADS_READ;
            }
        }
        cell.writer_block = block;
        cell.reader_block = 0;
        cell.writer = static_cast<std::uint16_t>(number + 1);
        cell.writer_time = machine.time;
        cell.writer_site = site;
        cell.reader[0] = cell.reader[1] = 0;
        cell.atomic = kind == AccessKind::ATOMIC;
        return Conflict::NONE;
    }
    cell.reader_block = cell.reader_block == 0 || cell.reader_block == block ? block : SEVERAL;
    if (cell.reader[0] != number + 1) {
        cell.reader[1] = cell.reader[0];
        cell.reader_time[1] = cell.reader_time[0];
        cell.reader[0] = static_cast<std::uint16_t>(number + 1);
    }
    cell.reader_time[0] = machine.time;
    cell.reader_site = site;
    return Conflict::NONE;
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
