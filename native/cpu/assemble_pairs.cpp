/*
 * assemble_pairs on the CPU: gather, pad, crop, flip, normalise, patch swap, cast in one pass over the output.
 *
 * Work: an item is a band of output rows of one pair, both images. The bytes of up to BLOCK output elements, which lie
 * together in the output, are first laid out in output order in a buffer that stays in the first-level cache: every
 * run of columns comes from the crop that the swap chooses for it, border pixels are 0. The buffer is then
 * normalised vector by vector into the output.
 *
 * Bytes moved: each u8 source pixel read once, each output element written once.
 */
#include <math.h>

#include "cpu/kernels.h"
#include "cpu/positions.h"
#include "cpu/simd.h"

namespace sd {
namespace cpu {
namespace SD_INSTRUCTION_SET {

/* Elements laid out at a time. */
constexpr int64_t BLOCK = 8192;
/* Grid positions of a pair that are kept; larger grids draw theirs again for every image row. */
constexpr int64_t KEPT_POSITIONS = 2 * BLOCK;
constexpr int64_t BAND_ELEMENTS = 64 * 1024;
constexpr int64_t SERIAL_ELEMENTS = 16 * 1024;

/* Factors per element: a cycle of `period` vectors (1 where a block has one channel), long enough to start at any
 * channel. The baseline has no fused multiply-add and looks the 256 results of each channel up instead. */
struct Normalisation {
    float scale[SD_MAX_CHANNELS][SD_MAX_CHANNELS * LANES + SD_MAX_CHANNELS];
    float shift[SD_MAX_CHANNELS][SD_MAX_CHANNELS * LANES + SD_MAX_CHANNELS];
#if !defined(__AVX2__)
    float table[SD_MAX_CHANNELS][256];
#endif
};

/* For channels-last output cycle 0 holds all channels; otherwise cycle c holds channel c alone. */
static void fill_normalisation(const AssemblePairsCall &call, Normalisation *normalisation) {
    const int channels = call.options->channels;
    const bool interleaved = call.options->output_layout == SD_NHWC;
    for (int cycle = 0; cycle < (interleaved ? 1 : channels); ++cycle) {
        const int length = interleaved ? channels * LANES + channels : LANES + 1;
        for (int i = 0; i < length; ++i) {
            const int channel = interleaved ? i % channels : cycle;
            normalisation->scale[cycle][i] = call.scale[channel];
            normalisation->shift[cycle][i] = call.shift[channel];
        }
    }
#if !defined(__AVX2__)
    for (int channel = 0; channel < channels; ++channel) {
        for (int value = 0; value < 256; ++value) {
            normalisation->table[channel][value] =
                fmaf(static_cast<float>(value), call.scale[channel], call.shift[channel]);
        }
    }
#endif
}

/* LANES elements; `at` is the element's place in its cycle. */
SD_INLINE Float normalise(const Normalisation &normalisation, int64_t cycle, int64_t period, int64_t at,
                          const uint8_t *bytes) {
#if defined(__AVX2__)
    (void)period;
    return fma(load(bytes), load(normalisation.scale[cycle] + at), load(normalisation.shift[cycle] + at));
#else
    Float value;
    for (int i = 0; i < LANES; ++i) {
        value[i] = normalisation.table[period == 1 ? cycle : (at + i) % period][bytes[i]];
    }
    return value;
#endif
}

/* Normalises count bytes (readable LANES further) into out. */
template <typename Out, bool STREAM, bool ONE_CHANNEL>
static void normalise_block(const Normalisation &normalisation, int64_t cycle, int64_t channels,
                            const uint8_t *bytes, int64_t count, Out *out) {
    const int64_t period = ONE_CHANNEL ? 1 : channels;
    int64_t i = 0;
    if (STREAM) {
        const int64_t vector = LANES * static_cast<int64_t>(sizeof(Out));
        const int64_t past = static_cast<int64_t>(reinterpret_cast<uintptr_t>(out) % static_cast<uintptr_t>(vector));
        const int64_t head = past == 0 ? 0 : least((vector - past) / static_cast<int64_t>(sizeof(Out)), count);
        store_part(out, normalise(normalisation, cycle, period, 0, bytes), head);
        i = head;
    }
    const int64_t phase = i % period;
    const int64_t cycle_end = phase + period * LANES;
    int64_t at = phase;
    for (; i + LANES <= count; i += LANES) {
        const Float value = normalise(normalisation, cycle, period, at, bytes + i);
        if (STREAM) {
            stream(out + i, value);
        } else {
            store(out + i, value);
        }
        if (!ONE_CHANNEL) {
            at += LANES;
            at = at == cycle_end ? phase : at;
        }
    }
    store_part(out + i, normalise(normalisation, cycle, period, at, bytes + i), count - i);
}

template <typename Out>
static void normalise_block(const Normalisation &normalisation, bool streaming, int64_t cycle, int64_t channels,
                            const uint8_t *bytes, int64_t count, Out *out) {
    if (channels == 1 && streaming) {
        normalise_block<Out, true, true>(normalisation, cycle, channels, bytes, count, out);
    } else if (channels == 1) {
        normalise_block<Out, false, true>(normalisation, cycle, channels, bytes, count, out);
    } else if (streaming) {
        normalise_block<Out, true, false>(normalisation, cycle, channels, bytes, count, out);
    } else {
        normalise_block<Out, false, false>(normalisation, cycle, channels, bytes, count, out);
    }
}

/* to[i * to_stride] = from[i * from_stride] for i < count; inlined with the strides that matter as constants. */
SD_INLINE void copy_strided(uint8_t *__restrict to, int64_t to_stride, const uint8_t *__restrict from,
                            int64_t from_stride, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        to[i * to_stride] = from[i * from_stride];
    }
}

/* memcpy without a call for short runs. */
SD_INLINE void copy_bytes(uint8_t *to, const uint8_t *from, int64_t count) {
    if (count > 64) {
        memcpy(to, from, static_cast<size_t>(count));
        return;
    }
    int64_t i = 0;
    for (; i + 8 <= count; i += 8) {
        memcpy(to + i, from + i, 8);
    }
    if (count >= 8) {
        memcpy(to + count - 8, from + count - 8, 8);
        return;
    }
    for (; i < count; ++i) {
        to[i] = from[i];
    }
}

SD_INLINE void copy_eight_reversed(uint8_t *to, const uint8_t *from) {
    uint64_t eight;
    memcpy(&eight, from - 7, sizeof eight);
    eight = __builtin_bswap64(eight);
    memcpy(to, &eight, sizeof eight);
}

/* to[i] = from[-i] for i < count. */
SD_INLINE void copy_reversed(uint8_t *to, const uint8_t *from, int64_t count) {
    int64_t i = 0;
    for (; i + 8 <= count; i += 8) {
        copy_eight_reversed(to + i, from - i);
    }
    if (count >= 8) {
        copy_eight_reversed(to + count - 8, from - (count - 8));
        return;
    }
    for (; i < count; ++i) {
        to[i] = from[-i];
    }
}

/* Zeros at the border, usually none. */
SD_INLINE void clear_bytes(uint8_t *to, int64_t count) {
    if (count > 0) {
        memset(to, 0, static_cast<size_t>(count));
    }
}

static void copy_channel(uint8_t *to, int64_t to_stride, const uint8_t *from, int64_t from_stride, int64_t count) {
    if (to_stride == 1 && from_stride == 1) {
        copy_bytes(to, from, count);
    } else if (to_stride == 1 && from_stride == -1) {
        copy_reversed(to, from, count);
    } else if (to_stride == 1 && from_stride == 3) {
        copy_strided(to, 1, from, 3, count);
    } else if (to_stride == 1 && from_stride == -3) {
        copy_strided(to, 1, from, -3, count);
    } else if (to_stride == 3 && from_stride == 1) {
        copy_strided(to, 3, from, 1, count);
    } else if (to_stride == 3 && from_stride == -1) {
        copy_strided(to, 3, from, -1, count);
    } else {
        copy_strided(to, to_stride, from, from_stride, count);
    }
}

/* One pixel of C channels after the other, from right to left. */
template <int C> SD_INLINE void copy_pixels_reversed(uint8_t *to, const uint8_t *from, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        memcpy(to + i * C, from - i * C, C);
    }
}

/* Lays pixels [begin, end) of output row y, cut from `crop`, at `to`: the given channel alone, or all of them
 * interleaved when channel is -1. */
static void lay_run(const sd_assemble_pairs_options &options, const Crop &crop, int64_t y, int64_t begin, int64_t end,
                    int64_t channel, uint8_t *to) {
    const int64_t channels = options.channels;
    const int64_t pixel = channel < 0 ? channels : 1;
    const int64_t source_y = crop.top + y;
    /* The columns [inside, inside_end) come from the source; the others are the border. */
    const int64_t mirror = crop.left + options.output_width - 1;
    int64_t inside = crop.flip ? mirror - options.source_width + 1 : -crop.left;
    int64_t inside_end = inside + options.source_width;
    inside = least(most(inside, begin), end);
    inside_end = most(least(inside_end, end), inside);
    if (source_y < 0 || source_y >= options.source_height) {
        inside_end = inside;
    }
    clear_bytes(to, (inside - begin) * pixel);
    clear_bytes(to + (inside_end - begin) * pixel, (end - inside_end) * pixel);
    const int64_t count = inside_end - inside;
    if (count == 0) {
        return;
    }
    uint8_t *const first = to + (inside - begin) * pixel;
    const int64_t source_x = crop.flip ? mirror - inside : crop.left + inside;
    const int64_t direction = crop.flip ? -1 : 1;
    if (options.source_layout == SD_NCHW) {
        const int64_t plane = int64_t{options.source_height} * options.source_width;
        const uint8_t *const from = crop.image + source_y * options.source_width + source_x;
        if (channel >= 0) {
            copy_channel(first, 1, from + channel * plane, direction, count);
            return;
        }
        for (int64_t c = 0; c < channels; ++c) {
            copy_channel(first + c, channels, from + c * plane, direction, count);
        }
        return;
    }
    const uint8_t *const from = crop.image + (source_y * options.source_width + source_x) * channels;
    if (channel >= 0) {
        copy_channel(first, 1, from + channel, direction * channels, count);
    } else if (!crop.flip) {
        copy_bytes(first, from, count * channels);
    } else if (channels == 1) {
        copy_channel(first, 1, from, -1, count);
    } else if (channels == 3) {
        copy_pixels_reversed<3>(first, from, count);
    } else {
        for (int64_t c = 0; c < channels; ++c) {
            copy_channel(first + c, channels, from + c, -channels, count);
        }
    }
}

/* What an item needs to know about its pair. */
struct PairState {
    Crop crop[2];
    bool swapped;
    PositionLimit limit;
    uint32_t number;
    int64_t grid_rows;
    int64_t grid_columns;
    bool kept; /* positions holds the whole grid */
    uint8_t positions[KEPT_POSITIONS];
};

static void start_pair(const AssemblePairsCall &call, int64_t pair, PairState *state) {
    const sd_assemble_pairs_options &options = *call.options;
    const int64_t image_bytes = int64_t{options.channels} * options.source_height * options.source_width;
    const int64_t spare_rows = options.source_height + 2 * int64_t{options.padding} - options.output_height;
    const int64_t spare_columns = options.source_width + 2 * int64_t{options.padding} - options.output_width;
    state->number = static_cast<uint32_t>(pair);
    PhiloxBlock crop_words = {};
    PhiloxBlock flip_words = {};
    if (options.random_crop != 0) {
        crop_words = random_block(call.at, state->number, PURPOSE_CROP, 0);
    }
    if (call.flip_threshold > 0) {
        flip_words = random_block(call.at, state->number, PURPOSE_FLIP, 0);
    }
    for (int side = 0; side < (call.output[1] != nullptr ? 2 : 1); ++side) {
        int64_t top = spare_rows / 2;
        int64_t left = spare_columns / 2;
        if (options.random_crop != 0) {
            top = uniform_integer(crop_words.word[2 * side], static_cast<uint32_t>(spare_rows + 1));
            left = uniform_integer(crop_words.word[2 * side + 1], static_cast<uint32_t>(spare_columns + 1));
        }
        Crop &crop = state->crop[side];
        crop.image = call.images + call.index[side][pair] * image_bytes;
        crop.top = top - options.padding;
        crop.left = left - options.padding;
        crop.flip = call.flip_threshold > 0 && happens(flip_words.word[side], call.flip_threshold);
    }
    state->swapped = false;
    if (call.patch_size > 0) {
        state->grid_rows = grid_size(options.output_height, call.patch_size);
        state->grid_columns = grid_size(options.output_width, call.patch_size);
        const int64_t positions = state->grid_rows * state->grid_columns;
        state->limit = position_limit(call.rule, call.at, state->number, static_cast<uint32_t>(positions));
        state->swapped = state->limit.any;
        state->kept = positions <= KEPT_POSITIONS;
        if (state->swapped && state->kept) {
            chosen_positions(state->limit, call.at, state->number, 0, static_cast<uint32_t>(positions),
                             state->positions);
        }
    }
}

/* Lays pixels [begin, end) of output row y of one side, each patch from the crop it comes from. */
static void lay_row(const AssemblePairsCall &call, PairState *state, int side, int64_t y, int64_t begin, int64_t end,
                    int64_t channel, uint8_t *to) {
    const sd_assemble_pairs_options &options = *call.options;
    if (!state->swapped) {
        lay_run(options, state->crop[side], y, begin, end, channel, to);
        return;
    }
    const int64_t pixel = channel < 0 ? options.channels : 1;
    const int64_t first_column = begin / call.patch_size;
    const int64_t columns = grid_size(end, call.patch_size) - first_column;
    const int64_t position = (y / call.patch_size) * state->grid_columns + first_column;
    const uint8_t *chosen = state->positions + position;
    if (!state->kept) {
        chosen_positions(state->limit, call.at, state->number, static_cast<uint32_t>(position),
                         static_cast<uint32_t>(columns), state->positions);
        chosen = state->positions;
    }
    int64_t column = 0;
    int64_t x = begin;
    while (x < end) {
        const bool exchanged = chosen[column] != 0;
        while (column < columns && (chosen[column] != 0) == exchanged) {
            ++column;
        }
        const int64_t run_end = least((first_column + column) * call.patch_size, end);
        lay_run(options, state->crop[exchanged ? 1 - side : side], y, x, run_end, channel, to + (x - begin) * pixel);
        x = run_end;
    }
}

/* Output rows [first_row, last_row) of one side and channel (-1 = all, interleaved). */
template <typename Out>
static void assemble_rows(const AssemblePairsCall &call, const Normalisation &normalisation, PairState *state,
                          int side, int64_t first_row, int64_t last_row, int64_t channel, Out *image) {
    const sd_assemble_pairs_options &options = *call.options;
    const int64_t pixel = channel < 0 ? options.channels : 1;
    const int64_t cycle = channel < 0 ? 0 : channel;
    const int64_t width = options.output_width;
    const int64_t block_pixels = BLOCK / pixel;
    const int64_t rows_at_once = most(1, block_pixels / width);
    uint8_t bytes[BLOCK + LANES];
    memset(bytes + BLOCK, 0, LANES);
    for (int64_t row = first_row; row < last_row; row += rows_at_once) {
        const int64_t rows = least(rows_at_once, last_row - row);
        for (int64_t begin = 0; begin < width; begin += block_pixels) {
            const int64_t end = least(begin + block_pixels, width);
            for (int64_t r = 0; r < rows; ++r) {
                lay_row(call, state, side, row + r, begin, end, channel, bytes + r * width * pixel);
            }
            const int64_t count = rows > 1 ? rows * width * pixel : (end - begin) * pixel;
            Out *const out = image + (row * width + begin) * pixel;
            memset(bytes + count, 0, LANES);
            normalise_block(normalisation, call.streaming, cycle, pixel, bytes, count, out);
        }
    }
}

template <typename Out>
static void assemble_band(const AssemblePairsCall &call, const Normalisation &normalisation, int64_t pair,
                          int64_t first_row, int64_t last_row) {
    const sd_assemble_pairs_options &options = *call.options;
    const int64_t plane = int64_t{options.output_height} * options.output_width;
    PairState state;
    start_pair(call, pair, &state);
    for (int side = 0; side < 2 && call.output[side] != nullptr; ++side) {
        Out *const image = static_cast<Out *>(call.output[side]) + pair * options.channels * plane;
        if (options.output_layout == SD_NHWC) {
            assemble_rows(call, normalisation, &state, side, first_row, last_row, -1, image);
        } else {
            for (int64_t channel = 0; channel < options.channels; ++channel) {
                assemble_rows(call, normalisation, &state, side, first_row, last_row, channel,
                              image + channel * plane);
            }
        }
    }
}

template <typename Out> static void assemble(const AssemblePairsCall &call) {
    const sd_assemble_pairs_options &options = *call.options;
    const int64_t rows = options.output_height;
    const int64_t elements = rows * options.output_width * options.channels;
    const int64_t bands = most(1, least(rows, elements / BAND_ELEMENTS));
    const int64_t items = call.pairs * bands;
    const bool parallel = items > 1 && elements > SERIAL_ELEMENTS / call.pairs;
    Normalisation normalisation;
    fill_normalisation(call, &normalisation);
#pragma omp parallel num_threads(call.threads) if (parallel)
    {
#pragma omp for schedule(static)
        for (int64_t item = 0; item < items; ++item) {
            const int64_t band = item % bands;
            assemble_band<Out>(call, normalisation, item / bands, band * rows / bands, (band + 1) * rows / bands);
        }
        end_streaming();
    }
}

void assemble_pairs(const AssemblePairsCall &call) {
    switch (call.options->output_dtype) {
    case SD_F16:
        assemble<F16>(call);
        break;
    case SD_BF16:
        assemble<BF16>(call);
        break;
    default:
        assemble<float>(call);
        break;
    }
}

} // namespace SD_INSTRUCTION_SET
} // namespace cpu
} // namespace sd
