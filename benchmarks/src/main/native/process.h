/*
 * What the measurements need of the process: memory that no allocator keeps, and the number of OpenMP threads of
 * libraries that have no setter of their own.
 */
#ifndef SWAPDISTILL_BENCHMARKS_PROCESS_H
#define SWAPDISTILL_BENCHMARKS_PROCESS_H

#include <dlfcn.h>
#include <link.h>
#include <malloc.h>
#include <string>
#include <sys/mman.h>
#include <vector>

/* Pages of zeros from the operating system, or NULL. */
static inline void *map_pages(long long bytes) {
    void *pages = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

static inline void unmap_pages(void *pages, long long bytes) {
    munmap(pages, (size_t)bytes);
}

/* Gives the allocator's free memory back to the operating system. */
static inline void trim_allocator() {
    malloc_trim(0);
}

static inline int remember_library(struct dl_phdr_info *library, size_t, void *names) {
    if (library->dlpi_name != NULL && library->dlpi_name[0] != '\0') {
        static_cast<std::vector<std::string> *>(names)->push_back(library->dlpi_name);
    }
    return 0;
}

/* Sets the threads that the calling thread's parallel regions use, in every OpenMP runtime that is loaded; returns how
 * many libraries gave access to one. Libraries that the JVM loads are not visible without a handle, hence the
 * search. */
static inline int use_openmp_threads(int threads) {
    std::vector<std::string> names;
    dl_iterate_phdr(remember_library, &names);
    int found = 0;
    for (const std::string &name : names) {
        void *handle = dlopen(name.c_str(), RTLD_LAZY | RTLD_NOLOAD);
        if (handle == NULL) {
            continue;
        }
        void (*set_threads)(int) = reinterpret_cast<void (*)(int)>(dlsym(handle, "omp_set_num_threads"));
        if (set_threads != NULL) {
            set_threads(threads);
            ++found;
        }
        dlclose(handle);
    }
    return found;
}

#endif
