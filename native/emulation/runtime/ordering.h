/*
 * Which work happens before which, and who accessed which memory last.
 *
 * The position of work is its stream and its number on the stream. A clock names, for each stream, the last work that
 * has to have happened. Two accesses of one range, at least one of which writes, need an order: a stream, an event, the
 * default stream, or a host that waited in between. A missing one is found whatever order the work happens to run in.
 */
#ifndef SWAPDISTILL_EMULATION_RUNTIME_ORDERING_H
#define SWAPDISTILL_EMULATION_RUNTIME_ORDERING_H

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace emulation {

class Clock {
  public:
    /* Everything that happened before the other has happened before this as well. */
    void join(const Clock &other);

    void set(int stream, std::uint64_t number) { last_[stream] = number; }

    bool includes(int stream, std::uint64_t number) const;

  private:
    std::map<int, std::uint64_t> last_;
};

/* Work as far as the order of accesses is concerned; what has to stay valid. */
struct Place {
    int stream;
    std::uint64_t number;
    const char *what;
    const Clock *clock;
};

/* Notes an access by the work, and answers what is wrong with it, or nothing. */
std::string note_access(const Place &place, std::uintptr_t address, std::size_t bytes, bool written);

/* The memory was freed: what comes next at these addresses has no history. */
void forget_accesses(std::uintptr_t address, std::size_t bytes);

} // namespace emulation

#endif
