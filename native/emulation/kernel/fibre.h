/*
 * Threads of a kernel as fibres: stacks of their own on one thread of the host, switched by hand, without system calls.
 */
#ifndef SWAPDISTILL_EMULATION_KERNEL_FIBRE_H
#define SWAPDISTILL_EMULATION_KERNEL_FIBRE_H

#include <cstddef>
#include <cstdint>

namespace emulation::kernel {

class Fibre {
  public:
    Fibre();
    ~Fibre();
    Fibre(const Fibre &) = delete;

    /* Prepares to run function(argument) from its beginning. The function must not return: it ends with leave(). What
     * ran before and did not finish is forgotten. */
    void start(void (*function)(void *), void *argument);

    /* Runs until leave() is called on this fibre. */
    void resume();

    /* From within: goes back to resume(). */
    void leave();

    bool owns(std::uintptr_t address) const { return address - low_ < STACK_BYTES; }

  private:
    static constexpr std::size_t STACK_BYTES = 256 * 1024;

    std::uintptr_t low_ = 0;
    void *inside_ = nullptr;  /* stack pointer of the fibre while it waits */
    void *outside_ = nullptr; /* stack pointer of resume() while the fibre runs */
};

} // namespace emulation::kernel

#endif
