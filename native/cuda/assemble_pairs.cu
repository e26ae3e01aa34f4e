/*
 * Pair assembly: gather by index, pad, crop, flip, normalise, patch swap and cast, in one pass from the u8 data set to
 * the batch.
 *
 * The source is read through shared memory: the bytes that a tile of the output needs arrive in aligned 16-byte
 * accesses wherever the crop begins, and are picked up one by one in the order that flip and layout ask for.
 *
 * Bytes moved: the source bytes of a crop are read once, the output is written once.
 */
#include "common/backends.h"
#include "common/error.h"
#include "common/normalisation.h"
#include "cuda/divide.cuh"
#include "cuda/launch.h"
#include "cuda/packet.cuh"
#include "cuda/positions.cuh"

#include <algorithm>
#include <math.h>

namespace sd::cuda {
namespace {

/* Pixels of the tile of one image that a block works on; also the most positions that a tile can touch. */
constexpr int32_t TILE_PIXELS = 2048;
/* Shared memory for the source bytes of one image's tile. */
constexpr int32_t STAGE_BYTES = 8192;
constexpr int WAVES = 8;

struct AssembleShape {
    const uint8_t *images;
    const int32_t *index[2];
    int64_t image_count;
    int64_t tiles; /* of all pairs */
    sd_random_position at;
    const sd_random_position *position; /* on the device, in place of at; or null */
    uint64_t flip_threshold;
    int32_t sides; /* 2, or 1 for single images */
    int32_t channels;
    int32_t source_nhwc;
    int32_t source_height;
    int32_t source_width;
    int32_t padding;
    int32_t height;
    int32_t width;
    int32_t random_crop;
    int32_t swapped; /* whether pairs are swapped at all */
    uint32_t grid_columns;
    int32_t row_tiles;
    int32_t column_tiles;
    int32_t pitch;     /* bytes of a staged segment, a multiple of 16 */
    int32_t tile_columns;
    Divisor tile_rows;
    Divisor segment_packets; /* pitch / 16 */
    Divisor tile_row_stores; /* stores that make a full tile's row, in one channel for NCHW output */
    Divisor channel_divisor;
    Divisor patch_size;
    float scale[SD_MAX_CHANNELS];
    float shift[SD_MAX_CHANNELS];
};

/* Where a tile of one image comes from; the same for all threads. */
struct Crop {
    const uint8_t *image; /* null: the index lies outside the data set */
    int32_t top;          /* source row of output row 0; negative in the padding */
    int32_t left;         /* source column of the crop's first column */
    bool flip;
    int32_t first_column; /* first source column that the tile needs and that exists */
    int32_t end_column;
};

__device__ __forceinline__ Crop crop_of(const AssembleShape &shape, const sd_random_position &at, int side,
                                        int64_t pair, int32_t column, int32_t columns) {
    const int32_t free_rows = shape.source_height + 2 * shape.padding - shape.height;
    const int32_t free_columns = shape.source_width + 2 * shape.padding - shape.width;
    const PhiloxBlock flips = random_block(at, static_cast<uint32_t>(pair), PURPOSE_FLIP, 0);
    Crop crop;
    crop.flip = happens(side == 0 ? flips.word[0] : flips.word[1], shape.flip_threshold);
    crop.top = free_rows / 2;
    crop.left = free_columns / 2;
    if (shape.random_crop) {
        const PhiloxBlock offsets = random_block(at, static_cast<uint32_t>(pair), PURPOSE_CROP, 0);
        crop.top = uniform_integer(side == 0 ? offsets.word[0] : offsets.word[2], free_rows + 1);
        crop.left = uniform_integer(side == 0 ? offsets.word[1] : offsets.word[3], free_columns + 1);
    }
    crop.top -= shape.padding;
    crop.left -= shape.padding;
    const int32_t first = crop.left + (crop.flip ? shape.width - column - columns : column);
    crop.first_column = max(first, 0);
    crop.end_column = min(first + columns, shape.source_width);
    const int64_t index = shape.index[side][pair];
    const int64_t image_bytes =
        static_cast<int64_t>(shape.source_height) * shape.source_width * shape.channels;
    crop.image = index >= 0 && index < shape.image_count ? shape.images + index * image_bytes : nullptr;
    return crop;
}

/* Address of the first byte of a segment: the source bytes of one row of the tile, in one channel for NCHW. */
__device__ __forceinline__ const uint8_t *segment_begin(const AssembleShape &shape, const Crop &crop, int32_t channel,
                                                        int32_t source_row) {
    /* In 64 bits: one image may have more than 2^31 bytes. */
    const int64_t row_start = static_cast<int64_t>(source_row) * shape.source_width;
    return shape.source_nhwc
               ? crop.image + (row_start + crop.first_column) * shape.channels
               : crop.image + static_cast<int64_t>(channel) * shape.source_height * shape.source_width + row_start +
                     crop.first_column;
}

/* Copies a tile's segments into shared memory. Every segment keeps its position within 16 bytes, so that whole
 * packets can be copied; a packet that would reach beyond the data set is copied byte by byte. The other bytes of a
 * first or last packet lie in the same 32-byte sector as bytes that are needed, so they cost nothing. */
__device__ __forceinline__ void stage(const AssembleShape &shape, const Crop &crop, int32_t row, int32_t rows,
                                      uint8_t *staged) {
    if (crop.image == nullptr || crop.first_column >= crop.end_column) {
        return;
    }
    const uint8_t *all_end = shape.images + shape.image_count * shape.source_height * shape.source_width *
                                                shape.channels;
    const int32_t columns = crop.end_column - crop.first_column;
    const int32_t bytes = shape.source_nhwc ? columns * shape.channels : columns;
    const uint32_t segments = shape.tile_rows.value * (shape.source_nhwc ? 1 : shape.channels);
    for (uint32_t i = threadIdx.x; i < segments * shape.segment_packets.value; i += POSITION_THREADS) {
        const uint32_t segment = shape.segment_packets.quotient(i);
        const uint32_t packet = i - segment * shape.segment_packets.value;
        const int32_t channel = shape.tile_rows.quotient(segment);
        const int32_t tile_row = segment - channel * shape.tile_rows.value;
        const int32_t source_row = row + tile_row + crop.top;
        if (tile_row >= rows || source_row < 0 || source_row >= shape.source_height) {
            continue;
        }
        const uint8_t *begin = segment_begin(shape, crop, channel, source_row);
        const uint8_t *end = begin + bytes;
        const uint8_t *from = begin - reinterpret_cast<uintptr_t>(begin) % PACKET_BYTES + packet * PACKET_BYTES;
        if (from >= end) {
            continue;
        }
        uint8_t *to = staged + i * PACKET_BYTES;
        if (from >= shape.images && from + PACKET_BYTES <= all_end) {
            *reinterpret_cast<uint4 *>(to) = *reinterpret_cast<const uint4 *>(from);
        } else {
            for (unsigned k = 0; k < PACKET_BYTES; ++k) {
                if (from + k >= begin && from + k < end) {
                    to[k] = from[k];
                }
            }
        }
    }
}

/* The value of one element of a finished crop. */
__device__ __forceinline__ float crop_value(const AssembleShape &shape, const Crop &crop, const uint8_t *staged,
                                            int32_t first_row, int32_t channel, int32_t row, int32_t column) {
    if (crop.image == nullptr) {
        return NAN;
    }
    const int32_t source_row = row + crop.top;
    const int32_t source_column = crop.left + (crop.flip ? shape.width - 1 - column : column);
    float value = 0.0f;
    if (source_row >= 0 && source_row < shape.source_height && source_column >= 0 &&
        source_column < shape.source_width) {
        const uint32_t phase =
            reinterpret_cast<uintptr_t>(segment_begin(shape, crop, channel, source_row)) % PACKET_BYTES;
        const int32_t tile_row = row - first_row;
        const int32_t within = source_column - crop.first_column;
        value = shape.source_nhwc
                    ? staged[tile_row * shape.pitch + phase + within * shape.channels + channel]
                    : staged[(channel * static_cast<int32_t>(shape.tile_rows.value) + tile_row) * shape.pitch +
                             phase + within];
    }
    return fmaf(value, shape.scale[channel], shape.shift[channel]);
}

/* Blocks that share a multiprocessor: four fit without spills up to sm_90, three on later architectures. */
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 1000
constexpr unsigned ASSEMBLE_RESIDENT_BLOCKS = 3;
#else
constexpr unsigned ASSEMBLE_RESIDENT_BLOCKS = 4;
#endif

/* A block takes tiles in turn: some rows by some columns, all channels, of both images of one pair. It stages the
 * source bytes of both and the positions that are exchanged; then each thread makes STORE neighbouring elements of
 * both outputs at a time, neighbouring threads neighbouring stores. */
template <typename T, unsigned STORE, bool OUTPUT_NHWC>
__global__ void __launch_bounds__(POSITION_THREADS, ASSEMBLE_RESIDENT_BLOCKS)
    assemble_pairs_kernel(const __grid_constant__ AssembleShape shape, const __grid_constant__ PositionSource source,
                          T *output_a, T *output_b) {
    __shared__ LimitScratch scratch;
    __shared__ uint8_t exchanged[TILE_PIXELS];
    alignas(PACKET_BYTES) __shared__ uint8_t staged[2][STAGE_BYTES];
    const sd_random_position &at = shape.position != nullptr ? *shape.position : shape.at;
    const int64_t tiles_per_pair = static_cast<int64_t>(shape.row_tiles) * shape.column_tiles;
    for (int64_t tile = blockIdx.x; tile < shape.tiles; tile += gridDim.x) {
        const int64_t pair = tile / tiles_per_pair;
        const int32_t rest = static_cast<int32_t>(tile - pair * tiles_per_pair);
        const int32_t first_row = rest / shape.column_tiles * static_cast<int32_t>(shape.tile_rows.value);
        const int32_t first_column = rest % shape.column_tiles * shape.tile_columns;
        const int32_t rows = min(static_cast<int32_t>(shape.tile_rows.value), shape.height - first_row);
        const int32_t columns = min(shape.tile_columns, shape.width - first_column);

        const Crop crop_a = crop_of(shape, at, 0, pair, first_column, columns);
        stage(shape, crop_a, first_row, rows, staged[0]);
        Crop crop_b = crop_a;
        if (shape.sides == 2) {
            crop_b = crop_of(shape, at, 1, pair, first_column, columns);
            stage(shape, crop_b, first_row, rows, staged[1]);
        }
        const bool swapped = shape.swapped && pair_is_swapped(source, at, pair);
        const uint32_t grid_row = shape.patch_size.quotient(first_row);
        const uint32_t grid_column = shape.patch_size.quotient(first_column);
        const uint32_t grid_columns = shape.patch_size.quotient(first_column + columns - 1) + 1 - grid_column;
        if (swapped) {
            const uint32_t grid_rows = shape.patch_size.quotient(first_row + rows - 1) + 1 - grid_row;
            fill_exchanged(source, at, pair, shape.grid_columns, grid_row, grid_rows, grid_column, grid_columns,
                           scratch, exchanged);
        }
        __syncthreads();

        const uint32_t planes = OUTPUT_NHWC ? 1 : shape.channels;
        const uint32_t step = OUTPUT_NHWC ? shape.channels : 1; /* elements of a pixel that are neighbours */
        const uint32_t stores = planes * shape.tile_rows.value * shape.tile_row_stores.value;
        for (uint32_t i = threadIdx.x; i < stores; i += POSITION_THREADS) {
            const uint32_t plane_and_row = shape.tile_row_stores.quotient(i);
            const uint32_t plane = shape.tile_rows.quotient(plane_and_row);
            const int32_t tile_row = plane_and_row - plane * shape.tile_rows.value;
            const uint32_t element = (i - plane_and_row * shape.tile_row_stores.value) * STORE;
            /* The last tiles of rows and columns are not full. */
            if (tile_row >= rows || element >= columns * step) {
                continue;
            }
            const int32_t row = first_row + tile_row;
            const uint32_t grid_line = (shape.patch_size.quotient(row) - grid_row) * grid_columns;
            uint32_t pixel = OUTPUT_NHWC ? shape.channel_divisor.quotient(element) : element;
            uint32_t channel = OUTPUT_NHWC ? element - pixel * step : plane;
            Packet<T, STORE> packet_a;
            Packet<T, STORE> packet_b;
#pragma unroll
            for (unsigned k = 0; k < STORE; ++k) {
                const int32_t column = first_column + pixel;
                float a = crop_value(shape, crop_a, staged[0], first_row, channel, row, column);
                float b = 0.0f;
                if (shape.sides == 2) {
                    b = crop_value(shape, crop_b, staged[1], first_row, channel, row, column);
                }
                if (swapped && exchanged[grid_line + shape.patch_size.quotient(column) - grid_column]) {
                    const float kept = a;
                    a = b;
                    b = kept;
                }
                packet_a.value[k] = from_float<T>(a);
                packet_b.value[k] = from_float<T>(b);
                if (!OUTPUT_NHWC) {
                    ++pixel;
                } else if (++channel == step) {
                    channel = 0;
                    ++pixel;
                }
            }
            /* 64 bits: a batch can have more than 2^32 elements. */
            const int64_t line = (pair * planes + plane) * shape.height + row;
            const int64_t offset = (line * shape.width + first_column) * step + element;
            *reinterpret_cast<Packet<T, STORE> *>(output_a + offset) = packet_a;
            if (shape.sides == 2) {
                *reinterpret_cast<Packet<T, STORE> *>(output_b + offset) = packet_b;
            }
        }
        /* The next tile overwrites what slower threads may still read. */
        __syncthreads();
    }
}

int32_t ceil_divide(int32_t value, int32_t divisor) {
    return value / divisor + (value % divisor != 0);
}

/* Bytes of a staged segment: its own, up to 15 in front of it, and up to a whole packet. */
int32_t segment_pitch(const sd_assemble_pairs_options &options, int32_t columns) {
    const int32_t bytes = columns * (options.source_layout == SD_NHWC ? options.channels : 1);
    return (bytes + 2 * static_cast<int32_t>(PACKET_BYTES) - 2) / static_cast<int32_t>(PACKET_BYTES) *
           static_cast<int32_t>(PACKET_BYTES);
}

AssembleShape assemble_shape(const sd_assemble_pairs_options &options, const sd_patch_swap_options *swap,
                             const sd_random_position *at, int64_t pairs, const uint8_t *images,
                             const int32_t *index_a, const int32_t *index_b) {
    AssembleShape shape{};
    shape.images = images;
    shape.index[0] = index_a;
    shape.index[1] = index_b;
    shape.image_count = options.images;
    if (at != nullptr) {
        shape.at = *at;
    }
    shape.position = options.random_position;
    shape.flip_threshold = probability_threshold(options.flip_probability);
    shape.sides = index_b == nullptr ? 1 : 2;
    shape.channels = options.channels;
    shape.source_nhwc = options.source_layout == SD_NHWC;
    shape.source_height = options.source_height;
    shape.source_width = options.source_width;
    shape.padding = options.padding;
    shape.height = options.output_height;
    shape.width = options.output_width;
    shape.random_crop = options.random_crop;
    shape.swapped = swap != nullptr;
    shape.patch_size = Divisor(1);
    if (swap != nullptr) {
        shape.patch_size = Divisor(static_cast<uint32_t>(swap->patch_size));
        shape.grid_columns = static_cast<uint32_t>(sd::grid_size(options.output_width, swap->patch_size));
    }
    for (int32_t channel = 0; channel < options.channels; ++channel) {
        shape.scale[channel] = normalisation_scale(options, channel);
        shape.shift[channel] = normalisation_shift(options, channel);
    }

    /* Whole rows where they fit; else pieces that begin at a multiple of 16 pixels, so that stores stay aligned. */
    const int32_t segments = options.source_layout == SD_NHWC ? 1 : options.channels;
    int32_t columns = options.output_width;
    if (columns > TILE_PIXELS) {
        columns = TILE_PIXELS;
    }
    while (segments * segment_pitch(options, columns) > STAGE_BYTES) {
        columns = columns / 32 * 16;
    }
    shape.tile_columns = columns;
    shape.pitch = segment_pitch(options, columns);
    const int32_t rows = std::min({options.output_height, TILE_PIXELS / columns, STAGE_BYTES / (segments * shape.pitch)});
    shape.tile_rows = Divisor(static_cast<uint32_t>(rows));
    shape.segment_packets = Divisor(static_cast<uint32_t>(shape.pitch) / PACKET_BYTES);
    shape.channel_divisor = Divisor(static_cast<uint32_t>(options.channels));
    shape.row_tiles = ceil_divide(options.output_height, rows);
    shape.column_tiles = ceil_divide(options.output_width, columns);
    shape.tiles = pairs * shape.row_tiles * shape.column_tiles;
    return shape;
}

template <typename T, unsigned STORE, bool OUTPUT_NHWC>
sd_status launch_assemble(AssembleShape shape, const PositionSource &source, void *output_a, void *output_b,
                          cudaStream_t stream) {
    const char *name = "assemble_pairs";
    const uint32_t row_elements = static_cast<uint32_t>(shape.tile_columns) * (OUTPUT_NHWC ? shape.channels : 1);
    shape.tile_row_stores = Divisor((row_elements + STORE - 1) / STORE);
    unsigned blocks = 0;
    const sd_status status = grid_size(name, assemble_pairs_kernel<T, STORE, OUTPUT_NHWC>, POSITION_THREADS,
                                       shape.tiles, WAVES, blocks);
    if (status != SD_SUCCESS) {
        return status;
    }
    return launch(name, assemble_pairs_kernel<T, STORE, OUTPUT_NHWC>, blocks, POSITION_THREADS, stream, shape, source,
                  static_cast<T *>(output_a), static_cast<T *>(output_b));
}

template <typename T>
sd_status assemble(const AssembleShape &shape, bool output_nhwc, const PositionSource &source, void *output_a,
                   void *output_b, cudaStream_t stream) {
    constexpr unsigned WIDE = PACKET_ELEMENTS<T>;
    const uint64_t row_bytes =
        static_cast<uint64_t>(shape.width) * (output_nhwc ? shape.channels : 1) * sizeof(T);
    const uint64_t together =
        row_bytes | reinterpret_cast<uintptr_t>(output_a) | reinterpret_cast<uintptr_t>(output_b);
    const bool wide = together % PACKET_BYTES == 0;
    if (output_nhwc) {
        return wide ? launch_assemble<T, WIDE, true>(shape, source, output_a, output_b, stream)
                    : launch_assemble<T, 1, true>(shape, source, output_a, output_b, stream);
    }
    return wide ? launch_assemble<T, WIDE, false>(shape, source, output_a, output_b, stream)
                : launch_assemble<T, 1, false>(shape, source, output_a, output_b, stream);
}

} // namespace

sd_status assemble_pairs(const sd_execution *execution, const sd_assemble_pairs_options *options,
                         const sd_patch_swap_options *swap, const sd_random_position *at, int64_t pairs,
                         const uint8_t *images, const int32_t *index_a, const int32_t *index_b, void *output_a,
                         void *output_b) {
    const int64_t image_bytes = static_cast<int64_t>(options->source_height) * options->source_width;
    if (image_bytes > INT32_MAX / options->channels) {
        return fail(SD_ERROR_INVALID_ARGUMENT,
                    "an image has %lld x %lld x %lld bytes; the CUDA kernel takes at most 2147483647",
                    static_cast<long long>(options->channels), static_cast<long long>(options->source_height),
                    static_cast<long long>(options->source_width));
    }
    const AssembleShape shape = assemble_shape(*options, swap, at, pairs, images, index_a, index_b);
    PositionSource source{};
    if (swap != nullptr) {
        const int64_t grid = sd::grid_size(options->output_height, swap->patch_size) *
                             sd::grid_size(options->output_width, swap->patch_size);
        source = position_source(swap, at, grid, nullptr);
    }
    const bool output_nhwc = options->output_layout == SD_NHWC;
    const cudaStream_t stream = execution->stream;
    switch (options->output_dtype) {
    case SD_F16:
        return assemble<__half>(shape, output_nhwc, source, output_a, output_b, stream);
    case SD_BF16:
        return assemble<__nv_bfloat16>(shape, output_nhwc, source, output_a, output_b, stream);
    default:
        return assemble<float>(shape, output_nhwc, source, output_a, output_b, stream);
    }
}

} // namespace sd::cuda
