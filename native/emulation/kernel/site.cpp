#include "emulation/kernel/site.h"

#include <dlfcn.h>

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <map>
#include <mutex>
#include <regex>

namespace emulation::kernel {
namespace {

struct Place {
    std::string function;
    std::string line;
};

/* Asks addr2line of binutils, once for each address. */
Place ask(std::uintptr_t address) {
    static std::mutex mutex;
    static auto *known = new std::map<std::uintptr_t, Place>();
    const std::lock_guard<std::mutex> lock(mutex);
    const auto found = known->find(address);
    if (found != known->end()) {
        return found->second;
    }
    Place place;
    Dl_info library;
    if (dladdr(reinterpret_cast<const void *>(address), &library) != 0 && library.dli_fname != nullptr) {
        char command[4096];
        std::snprintf(command, sizeof command, "addr2line -Cfse '%s' 0x%" PRIxPTR " 2>/dev/null", library.dli_fname,
                      address - reinterpret_cast<std::uintptr_t>(library.dli_fbase));
        if (FILE *answer = popen(command, "r")) {
            char text[2048];
            if (std::fgets(text, sizeof text, answer) != nullptr) {
                place.function = text;
            }
            if (std::fgets(text, sizeof text, answer) != nullptr) {
                place.line = text;
            }
            pclose(answer);
        }
    }
    place.line = std::regex_replace(place.line, std::regex(" \\(discriminator [0-9]+\\)|\n"), "");
    (*known)[address] = place;
    return place;
}

} // namespace

std::string line_of(const void *return_address) {
    const Place place = ask(reinterpret_cast<std::uintptr_t>(return_address) - 1);
    return place.line.empty() || place.line[0] == '?' ? "unknown place" : place.line;
}

std::string name_of(const void *function) {
    std::string name = ask(reinterpret_cast<std::uintptr_t>(function)).function;
    name = std::regex_replace(name, std::regex("\\(anonymous namespace\\)::|sd::cuda::|^void |\n"), "");
    int depth = 0;
    for (std::size_t i = 0; i < name.size(); ++i) {
        depth += name[i] == '<' ? 1 : name[i] == '>' ? -1 : 0;
        if (name[i] == '(' && depth == 0) {
            name.resize(i);
        }
    }
    return name.empty() || name[0] == '?' ? "a kernel" : name;
}

} // namespace emulation::kernel
