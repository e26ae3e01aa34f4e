/* What the host must not touch: a signal handler names it and ends the process. */
#ifndef SWAPDISTILL_EMULATION_RUNTIME_HOST_ACCESS_H
#define SWAPDISTILL_EMULATION_RUNTIME_HOST_ACCESS_H

namespace emulation {

/* Installs the handler. Faults elsewhere stay those of whoever handled them before, such as the JVM. */
void watch_host();

} // namespace emulation

#endif
