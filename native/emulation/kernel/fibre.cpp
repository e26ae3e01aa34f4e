/* The context switch, for x86-64 System V: registers that a call preserves go to the old stack and come from the new. */
#include "emulation/kernel/fibre.h"

#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

#include <cstdio>
#include <cstdlib>
#include <vector>

#if !defined(__x86_64__)
#error "The emulation of kernels switches contexts on x86-64 only"
#endif

asm(R"(
    .text
    .globl emulation_switch
    .hidden emulation_switch
    .type emulation_switch, @function
emulation_switch:
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
    .size emulation_switch, .-emulation_switch
)");

namespace emulation::kernel {

namespace {

constexpr std::size_t GUARD_BYTES = 4096;

std::uintptr_t make_stack() {
    void *memory = mmap(nullptr, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    /* A kernel that needs more than its stack ends the process at the guard. */
    if (memory == MAP_FAILED || mprotect(memory, GUARD_BYTES, PROT_NONE) != 0) {
        std::fprintf(stderr, "CUDA emulation: no memory for the stacks of the device's threads\n");
        std::abort();
    }
    return reinterpret_cast<std::uintptr_t>(memory) + GUARD_BYTES;
}

} // namespace

std::uintptr_t stack_of(unsigned index) {
    static std::vector<std::uintptr_t> &stacks = *new std::vector<std::uintptr_t>;
    while (stacks.size() <= index) {
        stacks.push_back(make_stack());
    }
    return stacks[index];
}

void *prepare_fibre(std::uintptr_t stack, void (*entry)()) {
    /* Six registers, the entry as return address, and a null one for it: the stack is then aligned as after a call. */
    std::uintptr_t *top = reinterpret_cast<std::uintptr_t *>(stack + STACK_BYTES) - 8;
    for (int i = 0; i < 8; ++i) {
        top[i] = 0;
    }
    top[6] = reinterpret_cast<std::uintptr_t>(entry);
    return top;
}

#if defined(__SANITIZE_ADDRESS__)
void abandon_fibre(std::uintptr_t stack) {
    ASAN_UNPOISON_MEMORY_REGION(reinterpret_cast<void *>(stack), STACK_BYTES);
}
#else
void abandon_fibre(std::uintptr_t) {}
#endif

} // namespace emulation::kernel
