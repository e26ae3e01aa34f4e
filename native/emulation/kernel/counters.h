/*
 * What a launch moves and does: sectors of 32 bytes per request of a warp, bytes that the threads asked for, bank
 * conflicts of shared memory, barriers, and the expensive operations that the sources name. Requests are recorded only
 * while a test asks for it, because that is slow.
 */
#ifndef SWAPDISTILL_EMULATION_KERNEL_COUNTERS_H
#define SWAPDISTILL_EMULATION_KERNEL_COUNTERS_H

#include "emulation/include/emulation_runtime_api.h"
#include "emulation/kernel/shadow.h"

#include <cstdint>

extern "C" {

struct emulation_counters {
    unsigned long long launches;
    unsigned long long load_sectors;
    unsigned long long store_sectors;
    unsigned long long load_requests;
    unsigned long long store_requests;
    unsigned long long bytes_loaded; /* as the threads asked */
    unsigned long long bytes_stored;
    unsigned long long shared_requests;
    unsigned long long bank_conflicts; /* further passes that requests to shared memory need */
    unsigned long long barriers;       /* of blocks */
    unsigned long long exponentials;
    unsigned long long logarithms;
    unsigned long long divisions; /* of floating-point numbers */
};

/* Switches the recording of requests on (1) or off (0). */
EMULATION_EXPORT void emulation_count_requests(int on);
/* Sums over the launches since the last call, which begins anew. */
EMULATION_EXPORT void emulation_take_counters(struct emulation_counters *sums);
}

namespace emulation::kernel {

void begin_counters();
void end_counters();

void count_access(std::uintptr_t address, std::size_t bytes, AccessKind kind, bool shared, const void *site,
                  unsigned part);
void count_barrier();

/* All lanes of the warp are at the same place: what they did since they last were makes complete requests. */
void converge_warp(unsigned warp);
void converge_all();

} // namespace emulation::kernel

#endif
