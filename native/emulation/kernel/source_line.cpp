/* Asks addr2line of the binutils, which every machine with a linker has. */
#include "emulation/kernel/source_line.h"

#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <regex>
#include <vector>

namespace emulation::kernel {

namespace {

std::vector<std::string> ask(const char *options, const void *address) {
    Dl_info library;
    std::vector<std::string> lines;
    if (dladdr(address, &library) == 0) {
        return lines;
    }
    char command[4096];
    std::snprintf(command, sizeof command, "addr2line -C %s -e '%s' 0x%llx 2>/dev/null", options, library.dli_fname,
                  static_cast<unsigned long long>(reinterpret_cast<std::uintptr_t>(address) -
                                                  reinterpret_cast<std::uintptr_t>(library.dli_fbase)));
    std::FILE *pipe = popen(command, "r");
    if (pipe == nullptr) {
        return lines;
    }
    char line[4096];
    while (std::fgets(line, sizeof line, pipe) != nullptr) {
        std::string text(line);
        while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
            text.pop_back();
        }
        lines.push_back(text);
    }
    pclose(pipe);
    return lines;
}

/* file.cu:12 of /path/file.cu:12 (discriminator 3) */
std::string shortened(const std::string &line) {
    const std::size_t slash = line.find_last_of('/');
    const std::string name = slash == std::string::npos ? line : line.substr(slash + 1);
    return name.substr(0, name.find(' '));
}

} // namespace

std::string source_line(const void *site) {
    static std::map<const void *, std::string> &known = *new std::map<const void *, std::string>;
    const auto found = known.find(site);
    if (found != known.end()) {
        return found->second;
    }
    std::string text;
    for (const std::string &line : ask("-i", static_cast<const char *>(site) - 1)) {
        const std::string place = shortened(line);
        /* The emulation's own header is where every barrier comes from. */
        if (place.compare(0, 14, "cuda_runtime.h") != 0 && place.compare(0, 2, "??") != 0) {
            text += (text.empty() ? "" : ", inlined into ") + place;
        }
    }
    return known[site] = text.empty() ? "an unknown line" : text;
}

namespace {

std::string ask_name(const void *function) {
    const std::vector<std::string> lines = ask("-f", function);
    if (lines.empty() || lines[0] == "??") {
        return "a kernel";
    }
    /* Without parameters and the namespaces of the library. */
    std::string name = lines[0].substr(0, lines[0].find(">("));
    if (name.size() < lines[0].size()) {
        name += '>';
    } else {
        const std::size_t hidden = name.rfind("(anonymous namespace)::");
        if (hidden != std::string::npos) {
            name = name.substr(hidden + 23);
        }
        name = name.substr(0, name.find('('));
    }
    return std::regex_replace(name, std::regex("void |sd::cuda::(\\w+_unit::)?|\\(anonymous namespace\\)::"), "");
}

} // namespace

std::string function_name(const void *function) {
    static std::map<const void *, std::string> &known = *new std::map<const void *, std::string>;
    std::string &name = known[function];
    if (name.empty()) {
        name = ask_name(function);
    }
    return name;
}

bool same_line(const void *site, const void *other) {
    struct Pair {
        const void *site;
        const void *other;
        bool same;
    };
    /* Asked for each barrier that the compiler has copied. */
    static Pair known[256] = {};
    const std::uintptr_t hash = reinterpret_cast<std::uintptr_t>(site) * 31 + reinterpret_cast<std::uintptr_t>(other);
    Pair &pair = known[hash % 256];
    if (pair.site != site || pair.other != other) {
        const std::string line = source_line(site);
        pair = {site, other, line != "an unknown line" && line == source_line(other)};
    }
    return pair.same;
}

} // namespace emulation::kernel
