/*
 * Names of kernels as the reports write them.
 */
#ifndef SWAPDISTILL_CUDA_REPORT_KERNEL_NAME_H
#define SWAPDISTILL_CUDA_REPORT_KERNEL_NAME_H

#include <cxxabi.h>

#include <cstdlib>
#include <regex>
#include <string>

/* The kernel's name without namespaces and parameters, patch_swap_kernel<uint4>; empty if it cannot be read. */
inline std::string readable_kernel_name(const std::string &mangled) {
    int status = 0;
    char *text = abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status);
    if (text == nullptr) {
        return "";
    }
    std::string name(text);
    std::free(text);
    name = std::regex_replace(name, std::regex("\\w+::|^void "), "");
    /* The parameter list is the last bracket that opens outside of the template arguments. */
    int depth = 0;
    for (std::size_t i = 0; i < name.size(); ++i) {
        depth += name[i] == '<' ? 1 : name[i] == '>' ? -1 : 0;
        if (name[i] == '(' && depth == 0) {
            name.resize(i);
            break;
        }
    }
    return std::regex_replace(name, std::regex("\\(([A-Za-z_ ]+)\\)"), "");
}

#endif
