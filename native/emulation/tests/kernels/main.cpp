/* Usage: kernel_fault_tests. Runs every planted fault and its healthy twin with 50 scheduling seeds; prints what was
 * missed, and the number of faults. Exit status 0 if nothing was missed. */
#include "emulation/kernel/seed.h"
#include "emulation/runtime/emulation.h"
#include "emulation/tests/kernels/faults.h"

#include <cstdio>
#include <cstring>

namespace {

constexpr unsigned SEEDS = 50;

/* Whether exactly one fault was reported, at this place, in these words; a fault in a kernel with thread and line. */
bool reported(const faults::Fault &fault) {
    if (emulation_report_count() != 1) {
        return false;
    }
    const char *text = emulation_report_text(0);
    const bool in_kernel = std::strncmp(fault.place, "kernel", 6) == 0;
    return std::strncmp(text, fault.place, std::strlen(fault.place)) == 0 &&
           std::strstr(text, fault.words) != nullptr &&
           (!in_kernel || (std::strstr(text, ", thread (") != nullptr && std::strstr(text, ", faults.cu:") != nullptr));
}

void print_reports(const faults::Fault &fault, const char *what, unsigned seed) {
    const bool faulty = std::strcmp(what, "faulty") == 0;
    std::printf("%s, %s, seed %u: expected %s ... %s; reported:\n", fault.name, what, seed,
                faulty ? fault.place : "nothing", faulty ? fault.words : "");
    for (int i = 0; i < emulation_report_count(); ++i) {
        std::printf("    %s\n", emulation_report_text(i));
    }
}

} // namespace

int main() {
    int missed = 0;
    for (const faults::Fault &fault : faults::all()) {
        for (unsigned seed = 0; seed < SEEDS; ++seed) {
            emulation_set_scheduling_seed(seed);
            fault.faulty();
            if (!reported(fault)) {
                print_reports(fault, "faulty", seed);
                ++missed;
            }
            emulation_clear_reports();
            fault.healthy();
            if (emulation_report_count() != 0) {
                print_reports(fault, "healthy", seed);
                ++missed;
            }
            emulation_clear_reports();
        }
    }
    std::printf("%zu planted kernel faults and their healthy twins with %u scheduling seeds each: %d missed\n",
                faults::all().size(), SEEDS, missed);
    return missed == 0 ? 0 : 1;
}
