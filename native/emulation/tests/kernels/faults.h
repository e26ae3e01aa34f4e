/* Planted faults: what is reported, and how to run the faulty kernel and its healthy twin. */
#ifndef SWAPDISTILL_EMULATION_TESTS_KERNELS_FAULTS_H
#define SWAPDISTILL_EMULATION_TESTS_KERNELS_FAULTS_H

#include <vector>

namespace faults {

struct Fault {
    const char *name;
    const char *place; /* with which the report begins */
    const char *words; /* that follow */
    void (*faulty)();
    void (*healthy)();
};

const std::vector<Fault> &all();

} // namespace faults

#endif
