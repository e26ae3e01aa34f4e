#include "emulation/kernel/global_memory.h"

#include "emulation/kernel/grid.h"
#include "emulation/runtime/emulation.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace emulation::kernel {
namespace {

constexpr std::size_t PAGE = 4096;

/* Block of a byte's last access, as a number that is never 0 (nobody). Blocks that are 65,533 apart share one. */
using BlockMark = std::uint16_t;
constexpr BlockMark SEVERAL = 0xffff;
/* Only atomic operations, of whatever blocks. */
constexpr BlockMark ATOMIC = 0xfffe;

struct Page {
    std::uintptr_t number = 0;
    BlockMark writer[PAGE];
    BlockMark reader[PAGE];
};

std::unordered_map<std::uintptr_t, Page *> pages;
std::vector<std::unique_ptr<Page>> store;
std::size_t used = 0;
Page *last_page = nullptr;
Allocation last_allocation;

Page &page_of(std::uintptr_t address) {
    const std::uintptr_t number = address / PAGE;
    if (last_page != nullptr && last_page->number == number) {
        return *last_page;
    }
    Page *&page = pages[number];
    if (page == nullptr) {
        if (used == store.size()) {
            store.push_back(std::make_unique<Page>());
        }
        page = store[used++].get();
        page->number = number;
        std::memset(page->writer, 0, sizeof page->writer);
        std::memset(page->reader, 0, sizeof page->reader);
    }
    last_page = page;
    return *page;
}

BlockMark mark_of_block() {
    return static_cast<BlockMark>(running->block_number % (ATOMIC - 1) + 1);
}

void check_race(BlockMark earlier, BlockMark mark, const char *what, bool write, std::uintptr_t address, const void *site) {
    if (earlier != 0 && earlier != mark) {
        fail(std::string("data race on global memory between blocks: it ") + (write ? "writes " : "reads ") +
                 describe_address(reinterpret_cast<const void *>(address)) + ", which " +
                 (earlier >= ATOMIC ? std::string("other blocks ") : "block number " + std::to_string(earlier - 1) + " ") +
                 what + " too",
             site);
    }
}

/* Tells the runtime of every run of bytes that were accessed in one way. */
void touch_runs(const Page &page, const BlockMark *marks, bool write) {
    const std::uintptr_t base = page.number * PAGE;
    std::size_t begin = 0;
    while (begin < PAGE) {
        if (marks[begin] == 0) {
            ++begin;
            continue;
        }
        std::size_t end = begin;
        while (end < PAGE && marks[end] != 0) {
            ++end;
        }
        touch(reinterpret_cast<const void *>(base + begin), end - begin, write);
        begin = end;
    }
}

} // namespace

void begin_global_accesses() {
    pages.clear();
    used = 0;
    last_page = nullptr;
    last_allocation = Allocation();
}

void access_global(std::uintptr_t address, std::size_t bytes, Kind kind, bool aligned, const void *site) {
    const bool write = kind != Kind::READ;
    if (address - last_allocation.base >= last_allocation.bytes &&
        !find_allocation(reinterpret_cast<const void *>(address), last_allocation)) {
        last_allocation = Allocation();
        fail(std::string(write ? "writes " : "reads ") + std::to_string(bytes) + " bytes outside of every allocation, at " +
                 describe_address(reinterpret_cast<const void *>(address)),
             site);
    }
    if (bytes > last_allocation.bytes - (address - last_allocation.base)) {
        fail(std::string(write ? "writes " : "reads ") + std::to_string(bytes) + " bytes across the end of an allocation, at " +
                 describe_address(reinterpret_cast<const void *>(address)),
             site);
    }
    if (last_allocation.kind == Allocation::DEVICE && last_allocation.device != running_device()) {
        fail("accesses " + describe_address(reinterpret_cast<const void *>(address)) + " from device " +
                 std::to_string(running_device()),
             site);
    }
    if (aligned && address % bytes != 0) {
        fail(std::string("misaligned address: it ") + (write ? "writes " : "reads ") + std::to_string(bytes) +
                 " bytes at " + describe_address(reinterpret_cast<const void *>(address)),
             site);
    }
    const BlockMark mark = kind == Kind::ATOMIC ? ATOMIC : mark_of_block();
    for (std::size_t i = 0; i < bytes; ++i) {
        Page &page = page_of(address + i);
        const std::size_t at = (address + i) % PAGE;
        check_race(page.writer[at], mark, "write", write, address + i, site);
        if (write) {
            check_race(page.reader[at], mark, "read", true, address + i, site);
            page.writer[at] = mark;
        } else {
            BlockMark &reader = page.reader[at];
            reader = reader == 0 || reader == mark ? mark : SEVERAL;
        }
    }
}

void end_global_accesses() {
    for (const auto &entry : pages) {
        touch_runs(*entry.second, entry.second->reader, false);
        touch_runs(*entry.second, entry.second->writer, true);
    }
}

} // namespace emulation::kernel
