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

/* Within the page's granule all bytes were accessed alike. */
struct ShadowCell {
    /* Linear number of the block plus 1; 0: none; SEVERAL readers. */
    std::uint32_t writer_block;
    std::uint32_t reader_block;
    /* What follows holds for accesses by this block alone. */
    std::uint64_t block_instance;
    std::uint32_t writer_time;
    std::uint32_t reader_time[2];
    std::uint16_t writer;    /* number of the thread plus 1 */
    std::uint16_t reader[2]; /* the last two different ones */
    bool atomic;             /* the last write was an atomic operation */
    const void *writer_site;
    const void *reader_site; /* of the last reader */
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
