#include "emulation/runtime/environment.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace emulation {

void refuse_environment(const char *variable, const char *value, const std::string &expected) {
    std::fprintf(stderr, "CUDA emulation: %s is \"%s\"; expected %s\n", variable, value, expected.c_str());
    std::abort();
}

std::uint64_t number_from_environment(const char *variable, std::uint64_t otherwise, std::uint64_t most) {
    const char *text = std::getenv(variable);
    if (text == nullptr) {
        return otherwise;
    }
    errno = 0;
    char *end = nullptr;
    const std::uint64_t value = std::strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value > most) {
        refuse_environment(variable, text, "a whole number from 0 to " + std::to_string(most));
    }
    return value;
}

} // namespace emulation
