/*
 * What is remembered of the accesses to a piece of memory: who wrote it last and who read it since, to find accesses
 * that nothing orders.
 */
#ifndef SWAPDISTILL_EMULATION_KERNEL_SHADOW_H
#define SWAPDISTILL_EMULATION_KERNEL_SHADOW_H

#include <cstddef>
#include <cstdint>

namespace emulation::kernel {

enum class AccessKind { READ, WRITE, ATOMIC };

/*
 * Threads of the block that have accessed a cell since the last barrier, as far as a later access can conflict with them:
 * all lanes of one warp, and a thread of another warp if there is one, because nothing but a barrier orders two warps.
 */
struct Accessors {
    std::uint32_t lanes; /* of the warp of the first one */
    std::uint32_t time;  /* of the warp, when these lanes accessed it */
    std::uint32_t times; /* 0: they all did at that time; else where the times of the lanes are, plus 1 */
    /* Numbers of threads, plus 1. */
    std::uint16_t first;
    std::uint16_t other; /* of another warp than the first one */
    std::uint16_t last;
};

/* Within the page's granule all bytes were accessed alike. */
struct ShadowCell {
    /* Linear number of the block plus 1; 0: none; SEVERAL. */
    std::uint32_t writer_block;
    std::uint32_t reader_block;
    std::uint32_t atomic_block;
    /* What follows holds for accesses in this phase alone. */
    std::uint32_t writer_time;
    std::uint64_t phase;
    std::uint16_t writer; /* number of the thread plus 1 */
    Accessors readers;    /* since the last write */
    Accessors atomics;    /* since the last write that was no atomic operation */
    /* Of the last one each. */
    const void *writer_site;
    const void *reader_site;
    const void *atomic_site;
};

constexpr std::uint32_t SEVERAL = ~0u;
constexpr std::size_t PAGE_BYTES = 256;

struct ShadowPage {
    std::uint64_t tag = 0; /* cells of another tag are empty */
    unsigned granule = 16;
    /* Bytes that were read or written, as ranges [begin, end). */
    std::uint16_t read_begin = PAGE_BYTES;
    std::uint16_t read_end = 0;
    std::uint16_t write_begin = PAGE_BYTES;
    std::uint16_t write_end = 0;
    std::size_t capacity = 0;
    ShadowCell *cells = nullptr;

    ShadowPage() = default;
    ShadowPage(const ShadowPage &) = delete;
    ShadowPage &operator=(const ShadowPage &) = delete;
    ~ShadowPage();

    /* Empties the page. */
    void reset(std::uint64_t new_tag);
    /* Makes cells of at most this many bytes. */
    void refine(unsigned bytes);
};

enum class Conflict { NONE, UNINITIALISED, BLOCKS_WRITE, BLOCKS_READ, THREADS_WRITE, THREADS_READ };

/* The earlier access that a conflict is with. */
struct Earlier {
    unsigned number = 0; /* of the block or thread */
    const void *site = nullptr;
};

/* Enters an access by the current thread to bytes [offset, offset + bytes) of a page; answers whether an earlier access
 * conflicts with it. */
Conflict observe(ShadowPage &page, std::size_t offset, std::size_t bytes, AccessKind kind, bool must_be_initialised,
                 const void *site, Earlier &earlier);

} // namespace emulation::kernel

#endif
