/* Reads the thread-local variables from the symbol table of the library that this is linked into. */
#include "emulation/kernel/shared_memory.h"

#include "emulation/kernel/machine.h"
#include "emulation/runtime/emulation.h"

#include <dlfcn.h>
#include <elf.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace emulation::kernel {

SharedMemory shared_memory;

namespace {

struct Variable {
    std::size_t offset;
    std::size_t bytes;
    std::string name;
    /* Where in the library the kernel begins that declares it; empty if a device function does, or several. */
    std::vector<std::size_t> kernels;
    std::uint64_t used_by; /* launch */
};

std::vector<Variable> variables;
std::size_t static_bytes = 0;
std::size_t dynamic_bytes = 0;

/* Tells where the thread's variables are. */
thread_local char anchor_of_shared_memory = 1;

std::uintptr_t library_base = 0;

[[noreturn]] void unreadable(const char *what) {
    std::fprintf(stderr, "CUDA emulation: cannot read the symbol table of the kernels' library: %s\n", what);
    std::abort();
}

std::vector<char> read_library() {
    Dl_info library;
    if (dladdr(reinterpret_cast<void *>(begin_shared_memory), &library) == 0) {
        unreadable("it is not known");
    }
    library_base = reinterpret_cast<std::uintptr_t>(library.dli_fbase);
    std::FILE *file = std::fopen(library.dli_fname, "rb");
    if (file == nullptr) {
        file = std::fopen("/proc/self/exe", "rb");
    }
    if (file == nullptr || std::fseek(file, 0, SEEK_END) != 0) {
        unreadable(library.dli_fname);
    }
    std::vector<char> bytes(static_cast<std::size_t>(std::ftell(file)));
    std::rewind(file);
    if (std::fread(bytes.data(), 1, bytes.size(), file) != bytes.size()) {
        unreadable(library.dli_fname);
    }
    std::fclose(file);
    return bytes;
}

using Functions = std::multimap<std::string, std::size_t>;

/* The kernels of which one declares the variable: `_ZZ6kernelvE4tile` is a variable of the function `_Z6kernelv`. The
 * functions of the device are inlined and no symbols; several kernels with one name come from several files. */
std::vector<std::size_t> kernels_of(const std::string &variable, const Functions &functions) {
    std::vector<std::size_t> found;
    if (variable.compare(0, 3, "_ZZ") != 0) {
        return found;
    }
    for (std::size_t end = variable.rfind('E'); end > 3 && end != std::string::npos && found.empty();
         end = variable.rfind('E', end - 1)) {
        const auto range = functions.equal_range("_Z" + variable.substr(3, end - 3));
        for (auto function = range.first; function != range.second; ++function) {
            found.push_back(function->second);
        }
    }
    return found;
}

void find_variables() {
    const std::vector<char> library = read_library();
    const char *data = library.data();
    const Elf64_Ehdr *header = reinterpret_cast<const Elf64_Ehdr *>(data);
    const Elf64_Shdr *sections = reinterpret_cast<const Elf64_Shdr *>(data + header->e_shoff);
    Functions functions;
    for (unsigned s = 0; s < header->e_shnum; ++s) {
        if (sections[s].sh_type != SHT_SYMTAB) {
            continue;
        }
        const char *names = data + sections[sections[s].sh_link].sh_offset;
        const Elf64_Sym *symbols = reinterpret_cast<const Elf64_Sym *>(data + sections[s].sh_offset);
        for (std::size_t i = 0; i < sections[s].sh_size / sizeof(Elf64_Sym); ++i) {
            const Elf64_Sym &symbol = symbols[i];
            if (symbol.st_shndx == SHN_UNDEF) {
                continue;
            }
            if (ELF64_ST_TYPE(symbol.st_info) == STT_TLS) {
                variables.push_back({symbol.st_value, symbol.st_size, names + symbol.st_name, {}, 0});
            } else if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC) {
                functions.emplace(names + symbol.st_name, symbol.st_value);
            }
        }
    }
    if (variables.empty()) {
        unreadable("it was stripped");
    }
    for (Variable &variable : variables) {
        variable.kernels = kernels_of(variable.name, functions);
    }
    std::sort(variables.begin(), variables.end(),
              [](const Variable &x, const Variable &y) { return x.offset < y.offset; });
    shared_memory.bytes = variables.back().offset + variables.back().bytes;
}

std::size_t offset_of_anchor() {
    for (const Variable &variable : variables) {
        if (variable.name.find("anchor_of_shared_memory") != std::string::npos) {
            return variable.offset;
        }
    }
    unreadable("the anchor is missing");
}

} // namespace

bool in_shared_variable(std::uintptr_t address, std::size_t bytes) {
    const std::size_t offset = address - shared_memory.base;
    static std::size_t last = 0;
    if (last >= variables.size() || offset - variables[last].offset >= variables[last].bytes) {
        const auto next = std::upper_bound(
            variables.begin(), variables.end(), offset,
            [](std::size_t value, const Variable &variable) { return value < variable.offset; });
        if (next == variables.begin()) {
            return false;
        }
        last = static_cast<std::size_t>(next - variables.begin()) - 1;
    }
    Variable &variable = variables[last];
    const bool dynamic = variable.name == "dynamic_shared";
    if (offset + bytes > variable.offset + (dynamic ? dynamic_bytes : variable.bytes)) {
        return false;
    }
    if (variable.used_by != machine.launch) {
        const std::size_t kernel = reinterpret_cast<std::uintptr_t>(machine.kernel) - library_base;
        if (!variable.kernels.empty() &&
            std::find(variable.kernels.begin(), variable.kernels.end(), kernel) == variable.kernels.end()) {
            return false;
        }
        variable.used_by = machine.launch;
        static_bytes += dynamic ? 0 : variable.bytes;
    }
    return true;
}

void begin_shared_memory(std::size_t bytes) {
    if (variables.empty()) {
        find_variables();
    }
    shared_memory.base = reinterpret_cast<std::uintptr_t>(&anchor_of_shared_memory) - offset_of_anchor();
    static_bytes = 0;
    dynamic_bytes = bytes;
}

void check_shared_memory_size() {
    const DeviceProperties device = properties(0);
    if (static_bytes + dynamic_bytes > device.shared_bytes_per_block) {
        fault("the block has " + std::to_string(static_bytes) + " bytes of static and " +
                  std::to_string(dynamic_bytes) + " bytes of dynamic shared memory; the device has " +
                  std::to_string(device.shared_bytes_per_block) + " bytes of shared memory per block",
              machine.kernel, cudaErrorInvalidConfiguration);
    }
}

} // namespace emulation::kernel
