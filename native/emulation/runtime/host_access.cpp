#include "emulation/runtime/host_access.h"

#include "emulation/runtime/memory.h"
#include "emulation/runtime/pinned.h"

#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace emulation {
namespace {

struct sigaction previous_handler = {};

/* From here on only what a signal handler may do, but for the lookups, which wait for nobody. */

[[noreturn]] void end_process(const char *line) {
    char message[500];
    std::snprintf(message, sizeof message, "CUDA emulation: %s\n", line);
    if (write(STDERR_FILENO, message, std::strlen(message)) < 0) {
        /* Nobody is left to tell. */
    }
    ::signal(SIGABRT, SIG_DFL);
    std::abort();
}

/* Whether the instruction writes; the second bit of a page fault's error code. */
bool writes(const void *context) {
    return (static_cast<const ucontext_t *>(context)->uc_mcontext.gregs[REG_ERR] & 2) != 0;
}

/* Does not return if the host touched what it must not; where it does, the instruction is to be repeated. */
void on_touched_pinned(std::uintptr_t address, bool host_writes) {
    PendingAccess pending;
    Allocation allocation;
    const Pending searched = try_find_pending(address, host_writes, pending);
    const Found found = try_find_allocation(address, allocation);
    if (searched == Pending::BUSY || found == Found::BUSY) {
        return;
    }
    const std::size_t byte = address - allocation.base;
    const void *place = reinterpret_cast<const void *>(address);
    const char *verb = host_writes ? "writes" : "reads";
    char line[400];
    if (searched == Pending::FOUND && found == Found::LIVE) {
        std::snprintf(line, sizeof line,
                      "missing synchronisation: the host %s byte %zu of %zu bytes of pinned host memory at %p, "
                      "which %s on stream %d %s; the host has not waited for that",
                      verb, byte, allocation.bytes, reinterpret_cast<const void *>(allocation.base), pending.what,
                      pending.stream, pending.written ? "writes" : "reads");
    } else if (found == Found::LIVE) {
        /* Another thread has waited for the work meanwhile. */
        return;
    } else if (found == Found::FREED) {
        std::snprintf(line, sizeof line, "the host %s byte %zu of freed %zu bytes of pinned host memory, at %p", verb,
                      byte, allocation.bytes, place);
    } else {
        std::snprintf(line, sizeof line, "the host %s %p, which lies behind the end of pinned host memory", verb,
                      place);
    }
    end_process(line);
}

[[noreturn]] void on_touched_device_memory(std::uintptr_t address) {
    Allocation allocation;
    const Found found = try_find_allocation(address, allocation);
    const char *freed = found == Found::FREED ? "freed " : "";
    char line[400];
    int length = std::snprintf(line, sizeof line, "host access to device memory at %p: ",
                               reinterpret_cast<const void *>(address));
    char *rest = line + length;
    const std::size_t left = sizeof line - static_cast<std::size_t>(length);
    if (found == Found::BUSY) {
        std::snprintf(rest, left, "unknown");
    } else if (found == Found::NONE) {
        std::snprintf(rest, left, "an address outside of every device allocation");
    } else {
        std::snprintf(rest, left, "byte %zu of a %sdevice allocation of %zu bytes",
                      static_cast<std::size_t>(address - allocation.base), freed, allocation.bytes);
    }
    end_process(line);
}

void on_fault(int signal, siginfo_t *info, void *context) {
    const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(info->si_addr);
    if (is_device_address(address)) {
        on_touched_device_memory(address);
    }
    if (is_pinned_address(address)) {
        on_touched_pinned(address, writes(context));
        return;
    }
    const struct sigaction &previous = previous_handler;
    if (previous.sa_flags & SA_SIGINFO) {
        previous.sa_sigaction(signal, info, context);
    } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
        previous.sa_handler(signal);
    } else {
        /* The instruction is repeated when the handler returns, and then ends the process. */
        ::signal(SIGSEGV, SIG_DFL);
    }
}

} // namespace

void watch_host() {
    struct sigaction action = {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigaction(SIGSEGV, &action, &previous_handler);
}

} // namespace emulation
