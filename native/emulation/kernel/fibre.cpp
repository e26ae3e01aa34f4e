#include "emulation/kernel/fibre.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>

#if !defined(__x86_64__)
#error "the emulation of CUDA switches fibres on x86-64 only"
#endif

/* Saves the registers that a call preserves, and the stack pointer in *from; goes on where `to` was saved. */
extern "C" void emulation_switch_stack(void **from, void *to);
asm(R"(
.text
.globl emulation_switch_stack
.hidden emulation_switch_stack
.type emulation_switch_stack, @function
emulation_switch_stack:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size emulation_switch_stack, .-emulation_switch_stack
)");

/* Where a new fibre begins: the function is in %rbx, its argument in %r12. */
extern "C" void emulation_enter_fibre();
asm(R"(
.text
.globl emulation_enter_fibre
.hidden emulation_enter_fibre
.type emulation_enter_fibre, @function
emulation_enter_fibre:
    movq %r12, %rdi
    callq *%rbx
    ud2
.size emulation_enter_fibre, .-emulation_enter_fibre
)");

namespace emulation::kernel {

namespace {
constexpr std::size_t GUARD_BYTES = 4096;
}

Fibre::Fibre() {
    void *memory = mmap(nullptr, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory, GUARD_BYTES, PROT_NONE) != 0) {
        std::perror("CUDA emulation: no memory for the stack of a thread");
        std::abort();
    }
    low_ = reinterpret_cast<std::uintptr_t>(memory) + GUARD_BYTES;
}

Fibre::~Fibre() {
    munmap(reinterpret_cast<void *>(low_ - GUARD_BYTES), GUARD_BYTES + STACK_BYTES);
}

void Fibre::start(void (*function)(void *), void *argument) {
    void **top = reinterpret_cast<void **>(low_ + STACK_BYTES);
    /* As emulation_switch_stack leaves it; %rsp is a multiple of 16 where emulation_enter_fibre calls. */
    *--top = nullptr;
    *--top = nullptr;
    *--top = reinterpret_cast<void *>(&emulation_enter_fibre);
    *--top = nullptr;                             /* rbp */
    *--top = reinterpret_cast<void *>(function);  /* rbx */
    *--top = argument;                            /* r12 */
    *--top = nullptr;                             /* r13 */
    *--top = nullptr;                             /* r14 */
    *--top = nullptr;                             /* r15 */
    inside_ = top;
}

void Fibre::resume() {
    emulation_switch_stack(&outside_, inside_);
}

void Fibre::leave() {
    emulation_switch_stack(&inside_, outside_);
}

} // namespace emulation::kernel
