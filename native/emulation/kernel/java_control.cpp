/* Control of the emulation for tests in Java: the natives of org.swapdistill.emulation.Emulation. They take numbers
 * alone, so that no header of a Java installation is needed. */
#include "emulation/kernel/counters.h"
#include "emulation/kernel/seed.h"
#include "emulation/runtime/emulation.h"

extern "C" {

EMULATION_EXPORT void Java_org_swapdistill_emulation_Emulation_setSchedulingSeed(void *, void *, long long seed) {
    emulation_set_scheduling_seed(static_cast<unsigned long long>(seed));
}

EMULATION_EXPORT int Java_org_swapdistill_emulation_Emulation_reportCount(void *, void *) {
    return emulation_report_count();
}

EMULATION_EXPORT long long Java_org_swapdistill_emulation_Emulation_reportAddress(void *, void *, int index) {
    return reinterpret_cast<long long>(emulation_report_text(index));
}

EMULATION_EXPORT void Java_org_swapdistill_emulation_Emulation_clearReports(void *, void *) {
    emulation_clear_reports();
}

EMULATION_EXPORT long long Java_org_swapdistill_emulation_Emulation_callCount(void *, void *, long long function) {
    return emulation_call_count(reinterpret_cast<const char *>(function));
}

EMULATION_EXPORT void Java_org_swapdistill_emulation_Emulation_failCall(void *, void *, long long function,
                                                                        long long n, int code) {
    emulation_fail_call(reinterpret_cast<const char *>(function), static_cast<long>(n), code);
}

EMULATION_EXPORT void Java_org_swapdistill_emulation_Emulation_countRequests(void *, void *, unsigned char on) {
    emulation_count_requests(on);
}

EMULATION_EXPORT long long Java_org_swapdistill_emulation_Emulation_takeCounters(void *, void *) {
    static emulation_counters counters;
    emulation_take_counters(&counters);
    return reinterpret_cast<long long>(&counters);
}
}
