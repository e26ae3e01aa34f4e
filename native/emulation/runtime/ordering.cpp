#include "emulation/runtime/ordering.h"

#include "emulation/runtime/emulation.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <vector>

namespace emulation {
namespace {

struct By {
    int stream = -1;
    std::uint64_t number = 0;
    const char *what = "";
};

/* A range of one history. */
struct Segment {
    std::uintptr_t end = 0;
    By writer;
    std::vector<By> readers; /* since the writer; at most one of a stream */
};

std::mutex mutex;

std::map<std::uintptr_t, Segment> &segments() {
    static auto *instance = new std::map<std::uintptr_t, Segment>();
    return *instance;
}

using Iterator = std::map<std::uintptr_t, Segment>::iterator;

/* Makes the address a border of segments. */
void split(std::uintptr_t address) {
    auto &all = segments();
    const Iterator after = all.upper_bound(address);
    if (after == all.begin()) {
        return;
    }
    const Iterator segment = std::prev(after);
    if (segment->first < address && address < segment->second.end) {
        Segment second = segment->second;
        segment->second.end = address;
        all.emplace(address, std::move(second));
    }
}

bool unordered(const Place &place, const By &earlier) {
    return earlier.stream >= 0 && earlier.stream != place.stream &&
           !place.clock->includes(earlier.stream, earlier.number);
}

std::string sentence(const Place &place, bool written, const By &earlier, bool earlier_written,
                     std::uintptr_t address) {
    return std::string("missing synchronisation: ") + place.what + " on stream " + std::to_string(place.stream) +
           (written ? " writes " : " reads ") + describe_address(reinterpret_cast<const void *>(address)) + ", which " +
           earlier.what + " on stream " + std::to_string(earlier.stream) + (earlier_written ? " writes" : " reads") +
           ", and nothing orders the two";
}

} // namespace

void Clock::join(const Clock &other) {
    for (const auto &entry : other.last_) {
        std::uint64_t &mine = last_[entry.first];
        mine = std::max(mine, entry.second);
    }
}

bool Clock::includes(int stream, std::uint64_t number) const {
    const auto found = last_.find(stream);
    return found != last_.end() && found->second >= number;
}

std::string note_access(const Place &place, std::uintptr_t address, std::size_t bytes, bool written) {
    const std::lock_guard<std::mutex> lock(mutex);
    auto &all = segments();
    const std::uintptr_t end = address + bytes;
    split(address);
    split(end);
    std::string trouble;
    const By by{place.stream, place.number, place.what};
    std::uintptr_t at = address;
    while (at < end) {
        Iterator segment = all.lower_bound(at);
        if (segment == all.end() || segment->first > at) {
            /* A gap without history. */
            Segment fresh;
            fresh.end = segment == all.end() ? end : std::min(end, segment->first);
            segment = all.emplace(at, std::move(fresh)).first;
        }
        Segment &history = segment->second;
        if (trouble.empty() && unordered(place, history.writer)) {
            trouble = sentence(place, written, history.writer, true, at);
        }
        if (written) {
            for (const By &reader : history.readers) {
                if (trouble.empty() && unordered(place, reader)) {
                    trouble = sentence(place, true, reader, false, at);
                }
            }
            history.writer = by;
            history.readers.clear();
        } else {
            const auto same = std::find_if(history.readers.begin(), history.readers.end(),
                                           [&](const By &reader) { return reader.stream == place.stream; });
            if (same == history.readers.end()) {
                history.readers.push_back(by);
            } else {
                *same = by;
            }
        }
        at = history.end;
    }
    return trouble;
}

void forget_accesses(std::uintptr_t address, std::size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex);
    split(address);
    split(address + bytes);
    auto &all = segments();
    all.erase(all.lower_bound(address), all.lower_bound(address + bytes));
}

} // namespace emulation
