/*
 * Pinned host memory that queued work is still going to read or write. Until the host has waited for the work it must
 * not touch what will be written, nor overwrite what will be read, so the pages are closed to it; they are open while
 * work runs. A page of which pending work leaves out some bytes stays open: these bytes are the host's.
 */
#ifndef SWAPDISTILL_EMULATION_RUNTIME_PINNED_H
#define SWAPDISTILL_EMULATION_RUNTIME_PINNED_H

#include "emulation/runtime/emulation.h"
#include "emulation/runtime/ordering.h"

namespace emulation {

constexpr std::size_t PAGE = 4096;

/* An access of pinned memory by work that the host has not waited for. */
struct PendingAccess {
    std::uintptr_t begin;
    std::uintptr_t end;
    bool written;
    int stream;
    std::uint64_t number;
    const char *what;
};

/* The work, which is on the stream from now on, accesses this range of the allocation of pinned memory. */
void note_pending(const Allocation &allocation, const PendingAccess &access);

/* The host has waited for the work that the clock includes. */
void forget_pending(const Clock &seen);

/* The allocation is about to be freed. */
void forget_pending(const Allocation &allocation);

/* Nothing more will run: the host has all its memory back. */
void forget_all_pending();

/* Lets everybody access all pinned memory from here, before work runs, to there. */
void open_pinned();
void close_pinned();

enum class Pending { FOUND, NONE, BUSY };

/* The pending access that an access by the host gets in the way of. For a signal handler: answers BUSY where it would
 * have to wait. */
Pending try_find_pending(std::uintptr_t address, bool host_writes, PendingAccess &found);

} // namespace emulation

#endif
