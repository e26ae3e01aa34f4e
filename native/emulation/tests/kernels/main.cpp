/* Usage: kernel_fault_tests. Runs the healthy twin of every planted fault with 50 scheduling seeds, and the fault itself
 * with five of them; prints what was missed, and the number of faults. Exit status 0 if nothing was missed. */
#include "emulation/kernel/seed.h"
#include "emulation/runtime/emulation.h"
#include "emulation/tests/kernels/faults.h"

#include <cstdio>
#include <cstring>

namespace {

constexpr unsigned SEEDS = 50;
/* Every so many seeds the fault runs too. */
constexpr unsigned FAULTY_EVERY = 10;

/* Whether exactly one fault was reported, in these words. */
bool reported(const faults::Fault &fault) {
    return emulation_report_count() == 1 && std::strstr(emulation_report_text(0), fault.words) != nullptr;
}

void print_reports(const faults::Fault &fault, const char *what, unsigned seed) {
    std::printf("%s, %s, seed %u: expected %s; reported:\n", fault.name, what, seed,
                std::strcmp(what, "faulty") == 0 ? fault.words : "nothing");
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
            if (seed % FAULTY_EVERY == 0) {
                fault.faulty();
                if (!reported(fault)) {
                    print_reports(fault, "faulty", seed);
                    ++missed;
                }
                emulation_clear_reports();
            }
            fault.healthy();
            if (emulation_report_count() != 0) {
                print_reports(fault, "healthy", seed);
                ++missed;
            }
            emulation_clear_reports();
        }
    }
    std::printf("%zu planted kernel faults with %u scheduling seeds each, their healthy twins with %u: %d missed\n",
                faults::all().size(), SEEDS / FAULTY_EVERY, SEEDS, missed);
    return missed == 0 ? 0 : 1;
}
