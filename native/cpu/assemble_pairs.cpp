/*
 * assemble_pairs on the CPU: gather, pad, crop, flip, patch swap, normalise, cast in one pass over the output.
 *
 * Work: an item is a band of output rows of one pair, both sides. A row (of one channel, or of whole pixels when the
 * output is NHWC) is brought into the output's order as u8 in the first-level cache, the chosen columns of the two
 * rows are exchanged there, and both are converted and written. Large batches are written with streaming stores, whole
 * lines at a time.
 *
 * Bytes moved: every source pixel of the crop once (1), every output element once (4 or 2).
 */
#include "cpu/kernels.h"
#include "cpu/positions.h"
#include "cpu/simd.h"
#include "cpu/threads.h"

namespace sd {
namespace cpu {
namespace SD_INSTRUCTION_SET {

/* u8 elements of a row worked on at a time; bounds the stack. Rows may be longer. */
constexpr int64_t TILE = 1024;
constexpr int64_t LINE_BYTES = 64;
/* Positions of a pair that are drawn once; larger grids draw each row when it is needed. */
constexpr int64_t GRID_DRAWN_AT_ONCE = 4096;
constexpr int64_t BAND_ELEMENTS = 32 * 1024;
constexpr int64_t SERIAL_ELEMENTS = 16 * 1024;

/* One image of the batch: output pixel (y, x) is source pixel (top + y, left + x), or black where there is none. */
struct Crop {
    const uint8_t *image;
    int64_t top;
    int64_t left;
    bool flip;
};

#if !defined(__FMA__)
/* Without fused multiply-add in hardware the 256 possible results of a channel are computed once. */
struct Table {
    float value[SD_MAX_CHANNELS][256];
};
#endif

/* What all items of a call share. */
struct Plan {
    const AssemblePairsCall *call;
    int64_t channels;
    /* Elements of a pixel within an output row, and output planes: (1, C) for NCHW, (C, 1) for NHWC. */
    int64_t pixel;
    int64_t planes;
    int64_t height;
    int64_t width;
    /* 2, or 1 for single images. */
    int sides;
    int64_t grid_columns;
    int64_t grid_positions;
    /* NHWC output: element i of a row has scale[i % (C * LANES)]. */
    float scale[SD_MAX_CHANNELS * LANES];
    float shift[SD_MAX_CHANNELS * LANES];
#if !defined(__FMA__)
    Table table;
#endif
};

/* ---------------------------------------------------------------------------------------- normalise and cast */

template <bool STREAM, typename Element> SD_INLINE void put(Element *to, Float value) {
    if (STREAM) {
        stream(to, value);
    } else {
        store(to, value);
    }
}

#if defined(__FMA__)

/* Whether STREAM writes past the cache. */
constexpr bool CONVERTS_TO_STREAM = true;

template <bool STREAM, typename Element>
static void convert_plane(const Plan &plan, int64_t channel, const uint8_t *row, int64_t count, Element *output) {
    const float scale = plan.call->scale[channel];
    const float shift = plan.call->shift[channel];
    const Float scales = broadcast(scale);
    const Float shifts = broadcast(shift);
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        put<STREAM>(output + i, fma(load(row + i), scales, shifts));
    }
    for (; i < count; ++i) {
        store_one(output + i, __builtin_fmaf(row[i], scale, shift));
    }
}

template <bool STREAM, typename Element>
static void convert_pixels(const Plan &plan, const uint8_t *row, int64_t count, Element *output) {
    const int64_t period = plan.channels * LANES;
    int64_t phase = 0;
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        put<STREAM>(output + i, fma(load(row + i), load(plan.scale + phase), load(plan.shift + phase)));
        phase = phase + LANES == period ? 0 : phase + LANES;
    }
    for (; i < count; ++i, ++phase) {
        store_one(output + i, __builtin_fmaf(row[i], plan.scale[phase], plan.shift[phase]));
    }
}

#else

constexpr bool CONVERTS_TO_STREAM = false;

template <bool, typename Element>
static void convert_plane(const Plan &plan, int64_t channel, const uint8_t *row, int64_t count, Element *output) {
    const float *value = plan.table.value[channel];
    for (int64_t i = 0; i < count; ++i) {
        store_one(output + i, value[row[i]]);
    }
}

template <bool, typename Element>
static void convert_pixels(const Plan &plan, const uint8_t *row, int64_t count, Element *output) {
    for (int64_t i = 0; i < count; i += plan.channels) {
        for (int64_t c = 0; c < plan.channels; ++c) {
            store_one(output + i + c, plan.table.value[c][row[i + c]]);
        }
    }
}

#endif

/* -------------------------------------------------------------------------------------------------- writing */

/* Writes runs of elements to consecutive addresses. When streaming, they are gathered until whole lines are full. */
template <typename Element> class Writer {
  public:
    explicit Writer(bool streaming) : streaming_(streaming) {
    }

    /* Where the next count <= TILE elements, which belong at `destination`, are to be put; then advance(count). */
    Element *place(uint8_t *destination) {
        if (!streaming_) {
            next_ = destination;
            return reinterpret_cast<Element *>(destination);
        }
        if (destination != next_) {
            finish();
            start_ = destination;
            next_ = destination;
        }
        return reinterpret_cast<Element *>(buffer_ + buffered());
    }

    void advance(int64_t count) {
        next_ += count * static_cast<int64_t>(sizeof(Element));
        if (streaming_ && buffered() > CAPACITY - TILE * static_cast<int64_t>(sizeof(Element))) {
            write_lines();
        }
    }

    /* Writes what is still gathered. */
    void finish() {
        if (streaming_ && buffered() > 0) {
            write_lines();
            memcpy(start_, buffer_, static_cast<size_t>(buffered()));
            start_ = next_;
        }
    }

  private:
    static constexpr int64_t CAPACITY = 2 * TILE * static_cast<int64_t>(sizeof(Element));

    int64_t buffered() const {
        return next_ - start_;
    }

    /* Writes up to the last line boundary and moves the rest to the front. */
    void write_lines() {
        const int64_t all = buffered();
        const int64_t head = least(all, -reinterpret_cast<intptr_t>(start_) & (LINE_BYTES - 1));
        memcpy(start_, buffer_, static_cast<size_t>(head));
        int64_t done = head;
        for (; done + LINE_BYTES <= all; done += LINE_BYTES) {
            for (int64_t part = done; part < done + LINE_BYTES; part += VECTOR_BYTES) {
                stream(reinterpret_cast<float *>(start_ + part),
                       load(reinterpret_cast<const float *>(buffer_ + part)));
            }
        }
        memmove(buffer_, buffer_ + done, static_cast<size_t>(all - done));
        start_ += done;
    }

    bool streaming_;
    /* The addresses of the first gathered element and of the next one. */
    uint8_t *start_ = nullptr;
    uint8_t *next_ = nullptr;
    alignas(LINE_BYTES) uint8_t buffer_[CAPACITY];
};

/* ------------------------------------------------------------------------------------------- reading a row */

/* count values from `source`, `step` bytes apart. */
SD_INLINE void gather(const uint8_t *source, int64_t step, int64_t count, uint8_t *destination) {
    for (int64_t i = 0; i < count; ++i) {
        destination[i] = source[i * step];
    }
}

typedef uint8_t Block __attribute__((vector_size(16)));

SD_INLINE Block backwards(Block block) {
#if defined(__clang__)
    return __builtin_shufflevector(block, block, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
#else
    return __builtin_shuffle(block, Block{15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0});
#endif
}

/* destination[i] = source[count - 1 - i]. The source is walked upwards, as the processor's prefetcher expects. */
static void reverse(const uint8_t *source, int64_t count, uint8_t *destination) {
    int64_t i = 0;
    for (; i + 16 <= count; i += 16) {
        Block block;
        memcpy(&block, source + i, sizeof block);
        block = backwards(block);
        memcpy(destination + count - 16 - i, &block, sizeof block);
    }
    if (i < count && count >= 16) {
        i = count - 16; /* once more what overlaps */
        Block block;
        memcpy(&block, source + i, sizeof block);
        block = backwards(block);
        memcpy(destination, &block, sizeof block);
        return;
    }
    for (; i < count; ++i) {
        destination[count - 1 - i] = source[i];
    }
}

static void gather_values(const uint8_t *source, int64_t step, int64_t count, uint8_t *destination) {
    switch (step) {
    case 1:
        memcpy(destination, source, static_cast<size_t>(count));
        break;
    case -1:
        reverse(source - (count - 1), count, destination);
        break;
    case 3:
        gather(source, 3, count, destination);
        break;
    default:
        gather(source, step, count, destination);
    }
}

/* Pixels from an NHWC row to an NHWC row, right to left when step is negative. */
static void gather_pixels(const uint8_t *source, int64_t step, int64_t channels, int64_t count,
                          uint8_t *destination) {
    if (step > 0) {
        memcpy(destination, source, static_cast<size_t>(count * channels));
        return;
    }
    for (int64_t i = 0; i < count; ++i) {
        for (int64_t c = 0; c < channels; ++c) {
            destination[i * channels + c] = source[i * step + c];
        }
    }
}

/* Output pixels [x, x + count) of a row lie at source columns first, first + direction, ...; those inside the source
 * are [begin, end) of the count. */
struct Columns {
    int64_t first;
    int64_t direction;
    int64_t begin;
    int64_t end;
};

static Columns columns_of(const Plan &plan, const Crop &crop, int64_t x, int64_t count) {
    const int64_t source_width = plan.call->options->source_width;
    Columns columns;
    columns.direction = crop.flip ? -1 : 1;
    columns.first = crop.flip ? crop.left + plan.width - 1 - x : crop.left + x;
    const int64_t before = crop.flip ? columns.first - source_width + 1 : -columns.first;
    const int64_t after = crop.flip ? columns.first + 1 : source_width - columns.first;
    columns.begin = most(0, least(before, count));
    columns.end = most(columns.begin, least(after, count));
    return columns;
}

/* Copies count pixels of output row y, which lie at the given columns, to `staged`, as u8 in the output's order. */
static void read_row(const Plan &plan, const Crop &crop, const Columns &columns, int64_t plane, int64_t y,
                     int64_t count, uint8_t *staged) {
    const sd_assemble_pairs_options &options = *plan.call->options;
    const int64_t channels = plan.channels;
    const int64_t source_y = crop.top + y;
    const int64_t pixel = plan.pixel;
    if (source_y < 0 || source_y >= options.source_height || columns.begin == columns.end) {
        memset(staged, 0, static_cast<size_t>(count * pixel));
        return;
    }
    const bool planar = options.source_layout == SD_NCHW;
    const int64_t width = options.source_width;
    const int64_t row_bytes = planar ? width : width * channels;
    const int64_t plane_bytes = planar ? width * options.source_height : 1;
    const int64_t step = (planar ? 1 : channels) * columns.direction;
    /* The first column inside, channel 0. */
    const uint8_t *source = crop.image + source_y * row_bytes +
                            (columns.first + columns.begin * columns.direction) * (planar ? 1 : channels);
    const bool same_order = planar == (pixel == 1) || channels == 1;
    if (same_order && planar) {
        source += plane * plane_bytes;
    }
    const int64_t inside = columns.end - columns.begin;
    uint8_t *destination = staged + columns.begin * pixel;
    if (columns.begin > 0) {
        memset(staged, 0, static_cast<size_t>(columns.begin * pixel));
    }
    if (columns.end < count) {
        memset(staged + columns.end * pixel, 0, static_cast<size_t>((count - columns.end) * pixel));
    }
    if (same_order && planar) {
        gather_values(source, step, inside, destination);
    } else if (same_order) {
        gather_pixels(source, step, channels, inside, destination);
    } else if (planar) {
        for (int64_t c = 0; c < channels; ++c) {
            const uint8_t *values = source + c * plane_bytes;
            for (int64_t i = 0; i < inside; ++i) {
                destination[i * channels + c] = values[i * step];
            }
        }
    } else {
        gather_values(source + plane, step, inside, destination);
    }
}

/* -------------------------------------------------------------------------------------------- patch swap */

/* Which columns of a row of patches are exchanged, as bytes of 0 and 255 over the elements of a tile. */
class SwapMask {
  public:
    SwapMask(const Plan &plan, uint32_t pair) : plan_(plan), pair_(pair) {
        const AssemblePairsCall &call = *plan.call;
        limit_.any = false;
        if (call.patch_size > 0) {
            limit_ = position_limit(call.rule, call.at, pair, static_cast<uint32_t>(plan.grid_positions));
        }
        if (limit_.any && plan.grid_positions <= GRID_DRAWN_AT_ONCE) {
            chosen_positions(limit_, call.at, pair, 0, static_cast<uint32_t>(plan.grid_positions), chosen_);
        }
    }

    /* Sets the mask for pixels [x, x + count) of output row y; false when nothing is exchanged there. */
    bool set(int64_t y, int64_t x, int64_t count) {
        if (!limit_.any) {
            return false;
        }
        const int64_t grid_row = y / plan_.call->patch_size;
        if (grid_row != grid_row_ || x != x_) {
            grid_row_ = grid_row;
            x_ = x;
            fill(count);
        }
        return any_;
    }

    /* Exchanges the chosen elements of two rows of a tile. */
    void exchange(uint8_t *__restrict a, uint8_t *__restrict b, int64_t elements) const {
        for (int64_t i = 0; i < elements; ++i) {
            const uint8_t difference = (a[i] ^ b[i]) & mask_[i];
            a[i] ^= difference;
            b[i] ^= difference;
        }
    }

  private:
    void fill(int64_t count) {
        const AssemblePairsCall &call = *plan_.call;
        const int64_t first_column = x_ / call.patch_size;
        const int64_t columns = (x_ + count - 1) / call.patch_size - first_column + 1;
        const int64_t position = grid_row_ * plan_.grid_columns + first_column;
        const uint8_t *chosen = chosen_ + position;
        if (plan_.grid_positions > GRID_DRAWN_AT_ONCE) {
            chosen_positions(limit_, call.at, pair_, static_cast<uint32_t>(position), static_cast<uint32_t>(columns),
                             chosen_);
            chosen = chosen_;
        }
        any_ = false;
        for (int64_t column = 0; column < columns; ++column) {
            const int64_t begin = most((first_column + column) * call.patch_size, x_) - x_;
            const int64_t end = least((first_column + column + 1) * call.patch_size, x_ + count) - x_;
            memset(mask_ + begin * plan_.pixel, chosen[column] ? 255 : 0,
                   static_cast<size_t>((end - begin) * plan_.pixel));
            any_ = any_ || chosen[column] != 0;
        }
    }

    const Plan &plan_;
    uint32_t pair_;
    PositionLimit limit_;
    /* The grid row and the tile that the mask is for. */
    int64_t grid_row_ = -1;
    int64_t x_ = -1;
    bool any_ = false;
    uint8_t mask_[TILE];
    uint8_t chosen_[GRID_DRAWN_AT_ONCE];
};

/* -------------------------------------------------------------------------------------------------- items */

static Crop draw_crop(const AssemblePairsCall &call, uint32_t pair, int side) {
    const sd_assemble_pairs_options &options = *call.options;
    const uint32_t rows = static_cast<uint32_t>(options.source_height + 2 * options.padding - options.output_height);
    const uint32_t columns = static_cast<uint32_t>(options.source_width + 2 * options.padding - options.output_width);
    uint32_t top = rows / 2;
    uint32_t left = columns / 2;
    if (options.random_crop) {
        const PhiloxBlock block = random_block(call.at, pair, PURPOSE_CROP, 0);
        top = uniform_integer(block.word[2 * side], rows + 1);
        left = uniform_integer(block.word[2 * side + 1], columns + 1);
    }
    Crop crop;
    crop.top = int64_t{top} - options.padding;
    crop.left = int64_t{left} - options.padding;
    crop.flip = call.flip_threshold > 0 &&
                happens(random_block(call.at, pair, PURPOSE_FLIP, 0).word[side], call.flip_threshold);
    const int64_t image_bytes = int64_t{options.channels} * options.source_height * options.source_width;
    crop.image = call.images + call.index[side][pair] * image_bytes;
    return crop;
}

template <bool STREAM, typename Element>
static void convert(const Plan &plan, int64_t plane, const uint8_t *row, int64_t pixels, Element *output) {
    if (plan.pixel == 1) {
        convert_plane<STREAM>(plan, plane, row, pixels, output);
    } else {
        convert_pixels<STREAM>(plan, row, pixels * plan.pixel, output);
    }
}

/* Whole lines are streamed as they are computed, which lets the memory work meanwhile; others are gathered first. */
template <typename Element>
static void convert_and_write(const Plan &plan, int64_t plane, const uint8_t *row, int64_t pixels, int64_t offset,
                              int side, Writer<Element> *writer) {
    const int64_t elements = pixels * plan.pixel;
    Element *const destination = static_cast<Element *>(plan.call->output[side]) + offset;
    const uintptr_t end = reinterpret_cast<uintptr_t>(destination + elements);
    if (CONVERTS_TO_STREAM && plan.call->streaming &&
        (reinterpret_cast<uintptr_t>(destination) | end) % LINE_BYTES == 0) {
        convert<true>(plan, plane, row, pixels, destination);
        return;
    }
    convert<false>(plan, plane, row, pixels, writer->place(reinterpret_cast<uint8_t *>(destination)));
    writer->advance(elements);
}

/* Output rows [first_row, last_row) of a pair. */
template <typename Element>
static void assemble_band(const Plan &plan, int64_t pair, int64_t first_row, int64_t last_row) {
    const AssemblePairsCall &call = *plan.call;
    const int64_t image_elements = plan.channels * plan.height * plan.width;
    const int64_t tile_pixels = TILE / plan.pixel;
    SwapMask mask(plan, static_cast<uint32_t>(pair));
    Writer<Element> writers[2] = {Writer<Element>(call.streaming), Writer<Element>(call.streaming)};
    Crop crops[2] = {};
    for (int side = 0; side < plan.sides; ++side) {
        crops[side] = draw_crop(call, static_cast<uint32_t>(pair), side);
    }
    uint8_t staged[2][TILE];
    Columns columns[2] = {};
    int64_t columns_x = -1;
    for (int64_t plane = 0; plane < plan.planes; ++plane) {
        for (int64_t y = first_row; y < last_row; ++y) {
            for (int64_t x = 0; x < plan.width; x += tile_pixels) {
                const int64_t pixels = least(tile_pixels, plan.width - x);
                for (int side = 0; side < plan.sides; ++side) {
                    /* The same for all rows that fit a tile. */
                    if (x != columns_x) {
                        columns[side] = columns_of(plan, crops[side], x, pixels);
                    }
                    read_row(plan, crops[side], columns[side], plane, y, pixels, staged[side]);
                }
                columns_x = x;
                if (mask.set(y, x, pixels)) {
                    mask.exchange(staged[0], staged[1], pixels * plan.pixel);
                }
                const int64_t offset =
                    pair * image_elements + ((plane * plan.height + y) * plan.width + x) * plan.pixel;
                for (int side = 0; side < plan.sides; ++side) {
                    convert_and_write(plan, plane, staged[side], pixels, offset, side, &writers[side]);
                }
            }
        }
    }
    for (int side = 0; side < plan.sides; ++side) {
        writers[side].finish();
    }
    if (call.streaming) {
        end_streaming();
    }
}

static void fill_plan(const AssemblePairsCall &call, Plan *plan) {
    const sd_assemble_pairs_options &options = *call.options;
    const bool planar = options.output_layout == SD_NCHW;
    plan->call = &call;
    plan->sides = call.output[1] != nullptr ? 2 : 1;
    plan->channels = options.channels;
    plan->pixel = planar ? 1 : options.channels;
    plan->planes = planar ? options.channels : 1;
    plan->height = options.output_height;
    plan->width = options.output_width;
    plan->grid_columns = call.patch_size > 0 ? grid_size(plan->width, call.patch_size) : 0;
    plan->grid_positions = call.patch_size > 0 ? grid_size(plan->height, call.patch_size) * plan->grid_columns : 0;
    for (int64_t i = 0; i < plan->channels * LANES; i += plan->channels) {
        for (int64_t c = 0; c < plan->channels; ++c) {
            plan->scale[i + c] = call.scale[c];
            plan->shift[i + c] = call.shift[c];
        }
    }
#if !defined(__FMA__)
    for (int64_t c = 0; c < plan->channels; ++c) {
        for (int value = 0; value < 256; ++value) {
            plan->table.value[c][value] = __builtin_fmaf(static_cast<float>(value), plan->scale[c], plan->shift[c]);
        }
    }
#endif
}

template <typename Element> static void assemble(const Plan &plan) {
    const AssemblePairsCall &call = *plan.call;
    const int64_t elements = plan.sides * plan.channels * plan.height * plan.width;
    const int64_t bands = most(1, least(plan.height, elements / BAND_ELEMENTS));
    const int64_t items = call.pairs * bands;
    for_items(items > 1 && elements > SERIAL_ELEMENTS / call.pairs, call.threads, items, [&](int64_t item) {
        const int64_t band = item % bands;
        assemble_band<Element>(plan, item / bands, band * plan.height / bands, (band + 1) * plan.height / bands);
    });
}

void assemble_pairs(const AssemblePairsCall &call) {
    Plan plan;
    fill_plan(call, &plan);
    switch (call.options->output_dtype) {
    case SD_F32:
        assemble<float>(plan);
        break;
    case SD_F16:
        assemble<F16>(plan);
        break;
    default:
        assemble<BF16>(plan);
    }
}

} // namespace SD_INSTRUCTION_SET
} // namespace cpu
} // namespace sd
