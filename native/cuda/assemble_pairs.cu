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
#include "cuda/reduce.cuh"

#include <algorithm>
#include <math.h>

namespace sd::cuda {
inline namespace assemble_pairs_unit {

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
    int32_t tile_rows;
    int32_t tile_columns;
    int32_t pixel;       /* bytes of a source pixel that are neighbours: the channels of NHWC, else 1 */
    int32_t plane_bytes; /* between the channels of a source image; 0 for NHWC */
    int32_t channel_stride; /* bytes between the channels of a staged tile, but for the phases of their pieces */
    int32_t pitch;       /* bytes of a staged piece, a multiple of a sector */
    Divisor row_bytes;   /* of a source row */
    Divisor pieces;      /* of a tile in one channel: 1, which holds all of its source rows, or one for each row */
    Divisor piece_packets; /* pitch / 16 */
    Divisor lines;         /* of a tile's output in one channel for NCHW: 1 if whole rows are neighbours, or its rows */
    Divisor line_stores;   /* room for the stores of a line and those before it in its first sector, for whole warps */
    Divisor row_elements;  /* of the tile's rows, in one channel for NCHW */
    Divisor channel_divisor;
    Divisor patch_size;
    float scale[SD_MAX_CHANNELS];
    float shift[SD_MAX_CHANNELS];
};

/* Which source pixels a tile of one image needs: `rows` by `columns` of them; the same for all threads. Output pixel
 * (row, column) shows needed pixel (row + row_shift, column * column_step + column_shift) if there is one. */
struct Crop {
    int64_t begin; /* of the data set's bytes, the first needed one; -1: the index lies outside the data set */
    int32_t row_shift;
    int32_t column_step; /* -1: flipped */
    int32_t column_shift;
    int32_t rows;
    int32_t columns;
};

__device__ __forceinline__ Crop crop_of(const AssembleShape &shape, const sd_random_position &at, int side,
                                        int64_t pair, int32_t row, int32_t rows, int32_t column, int32_t columns) {
    const int32_t free_rows = shape.source_height + 2 * shape.padding - shape.height;
    const int32_t free_columns = shape.source_width + 2 * shape.padding - shape.width;
    const PhiloxBlock flips = random_block(at, static_cast<uint32_t>(pair), PURPOSE_FLIP, 0);
    const bool flip = happens(side == 0 ? flips.word[0] : flips.word[1], shape.flip_threshold);
    int32_t top = free_rows / 2;
    int32_t left = free_columns / 2;
    if (shape.random_crop) {
        const PhiloxBlock offsets = random_block(at, static_cast<uint32_t>(pair), PURPOSE_CROP, 0);
        top = uniform_integer(side == 0 ? offsets.word[0] : offsets.word[2], free_rows + 1);
        left = uniform_integer(side == 0 ? offsets.word[1] : offsets.word[3], free_columns + 1);
    }
    /* Source row and column of output row and column 0; negative in the padding. */
    top -= shape.padding;
    left -= shape.padding;
    const int32_t first_row = max(row + top, 0);
    const int32_t first = left + (flip ? shape.width - column - columns : column);
    const int32_t first_column = max(first, 0);
    Crop crop;
    crop.row_shift = top - first_row;
    crop.column_step = flip ? -1 : 1;
    crop.column_shift = left - first_column + (flip ? shape.width - 1 : 0);
    crop.rows = min(row + rows + top, shape.source_height) - first_row;
    crop.columns = min(first + columns, shape.source_width) - first_column;
    crop.begin = -1;
    const int64_t index = shape.index[side][pair];
    if (index >= 0 && index < shape.image_count) {
        const int64_t image_bytes =
            static_cast<int64_t>(shape.channels) * shape.source_height * shape.source_width;
        crop.begin = index * image_bytes + static_cast<int64_t>(first_row) * shape.row_bytes.value +
                     static_cast<int64_t>(first_column) * shape.pixel;
    }
    return crop;
}

/* Copies the source bytes of a tile into shared memory, in pieces that lie there as far behind a boundary of a sector
 * as in global memory, so that packets can be copied and no two warps ask for the same sector of a piece. A packet that
 * would reach beyond the data set is copied byte by byte. The other bytes of a piece's first or last packet lie in the
 * same sector as bytes that are needed, so they cost nothing; packets between the needed parts of two rows are left
 * out. */
__device__ __forceinline__ void stage(const AssembleShape &shape, const Crop &crop, uint8_t *staged) {
    if (crop.begin < 0 || crop.rows <= 0 || crop.columns <= 0) {
        return;
    }
    const uint8_t *all_end = shape.images + shape.image_count * shape.channels * shape.source_height *
                                                shape.source_width;
    constexpr int32_t PACKET = static_cast<int32_t>(PACKET_BYTES);
    const int32_t needed = crop.columns * shape.pixel;
    const int32_t row_bytes = shape.row_bytes.value;
    const int32_t pieces = shape.pieces.value;
    const int32_t bytes = pieces == 1 ? (crop.rows - 1) * row_bytes + needed : needed;
    const uint32_t all_pieces = pieces * (shape.source_nhwc ? 1 : shape.channels);
    for (uint32_t i = threadIdx.x; i < all_pieces * shape.piece_packets.value; i += POSITION_THREADS) {
        const uint32_t piece = shape.piece_packets.quotient(i);
        const int32_t packet = i - piece * shape.piece_packets.value;
        const int32_t channel = shape.pieces.quotient(piece);
        const int32_t row = piece - channel * pieces;
        /* One image has less than 2^31 bytes. */
        const uint8_t *begin = shape.images + crop.begin + (channel * shape.plane_bytes + row * row_bytes);
        const int32_t phase = static_cast<int32_t>(reinterpret_cast<uintptr_t>(begin) % SECTOR_BYTES);
        const int32_t offset = packet * PACKET - phase;
        if (row >= crop.rows || offset >= bytes || offset + PACKET <= 0) {
            continue;
        }
        if (pieces == 1 && offset > 0) {
            const int32_t column = offset - static_cast<int32_t>(shape.row_bytes.quotient(offset)) * row_bytes;
            if (column >= needed && column + PACKET <= row_bytes) {
                continue;
            }
        }
        const uint8_t *from = begin + offset;
        uint8_t *to = staged + i * PACKET;
        if (from >= shape.images && from + PACKET <= all_end) {
            *reinterpret_cast<uint4 *>(to) = *reinterpret_cast<const uint4 *>(from);
        } else {
            for (int32_t k = 0; k < PACKET; ++k) {
                if (offset + k >= 0 && offset + k < bytes) {
                    to[k] = from[k];
                }
            }
        }
    }
}

/* Walks along an output row of a finished crop; stage() has put its source row where this looks. CHANNEL_FIXED: all
 * values are of the channel that the walk begins with. */
template <bool CHANNEL_FIXED>
struct CropWalk {
    int32_t column;  /* of the source */
    int32_t columns; /* that the source has in this row; 0 if it does not have the row */
    /* Byte of the staged tile, but for channel and phase where the channel changes. It may wrap around at pixels that the
     * source does not have. */
    uint32_t at;
    uint32_t phase;  /* of the row in the first channel; counted on beyond a sector */
    float outside;   /* value of pixels that the source does not have */

    __device__ __forceinline__ CropWalk(const AssembleShape &shape, const Crop &crop, uint32_t channel,
                                        int32_t output_row, int32_t output_column) {
        const int32_t row = output_row + crop.row_shift;
        const int32_t row_bytes = shape.row_bytes.value;
        const int32_t piece = shape.pieces.value == 1 ? 0 : row;
        column = output_column * crop.column_step + crop.column_shift;
        columns = crop.begin >= 0 && row >= 0 && row < crop.rows ? max(crop.columns, 0) : 0;
        at = static_cast<uint32_t>(piece) * shape.pitch + static_cast<uint32_t>(row - piece) * row_bytes +
             static_cast<uint32_t>(column) * shape.pixel;
        phase = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(shape.images) + crop.begin) +
                static_cast<uint32_t>(piece) * row_bytes;
        outside = crop.begin < 0 ? NAN : 0.0f;
        if (CHANNEL_FIXED) {
            at += channel_start(shape, channel);
        }
        /* Without this, compilers compute all of it again for every pixel. */
        asm volatile("" : "+r"(column), "+r"(columns), "+r"(at), "+r"(phase));
    }

    __device__ __forceinline__ uint32_t channel_start(const AssembleShape &shape, uint32_t channel) const {
        return (phase + channel * shape.plane_bytes) % SECTOR_BYTES + channel * shape.channel_stride;
    }

    __device__ __forceinline__ void next_column(const AssembleShape &shape, const Crop &crop) {
        column += crop.column_step;
        at += crop.column_step * shape.pixel;
    }

    __device__ __forceinline__ float value(const AssembleShape &shape, const uint8_t *staged, uint32_t channel) const {
        float value = outside;
        if (static_cast<uint32_t>(column) < static_cast<uint32_t>(columns)) {
            value = staged[CHANNEL_FIXED ? at : at + channel_start(shape, channel)];
        }
        return fmaf(value, shape.scale[channel], shape.shift[channel]);
    }
};

/* Blocks that share a multiprocessor: as many as fit without spills. */
template <unsigned STORE, bool OUTPUT_NHWC>
constexpr unsigned ASSEMBLE_RESIDENT_BLOCKS =
#if defined(__CUDA_ARCH__) && (__CUDA_ARCH__ < 800 || __CUDA_ARCH__ >= 1000)
    3;
#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ == 800
    OUTPUT_NHWC && STORE == 8 ? 3 : 4;
#else
    4;
#endif

/* Stores between the last boundary of a sector and where a line of output begins. */
template <typename T, unsigned STORE>
__device__ __forceinline__ uint32_t stores_before(const T *line) {
    return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(line) % SECTOR_BYTES / (STORE * sizeof(T)));
}

/* A block takes tiles in turn: some rows by some columns, all channels, of both images of one pair. It stages the
 * source bytes of both and the positions that are exchanged; then each thread makes STORE neighbouring elements of
 * both outputs at a time, neighbouring threads neighbouring stores. Warps begin with a sector of output a. */
template <typename T, unsigned STORE, bool OUTPUT_NHWC>
__global__ void __launch_bounds__(POSITION_THREADS, (ASSEMBLE_RESIDENT_BLOCKS<STORE, OUTPUT_NHWC>))
    assemble_pairs_kernel(const __grid_constant__ AssembleShape shape, const __grid_constant__ PositionSource source,
                          T *output_a, T *output_b) {
    __shared__ LimitScratch scratch;
    __shared__ Crop crops[2];
    __shared__ uint8_t exchanged[TILE_PIXELS];
    alignas(PACKET_BYTES) __shared__ uint8_t staged[2][STAGE_BYTES];
    const sd_random_position &at = shape.position != nullptr ? *shape.position : shape.at;
    const int64_t tiles_per_pair = static_cast<int64_t>(shape.row_tiles) * shape.column_tiles;
    for (int64_t tile = blockIdx.x; tile < shape.tiles; tile += gridDim.x) {
        const int64_t pair = tile / tiles_per_pair;
        const int32_t rest = static_cast<int32_t>(tile - pair * tiles_per_pair);
        const int32_t first_row = rest / shape.column_tiles * shape.tile_rows;
        const int32_t first_column = rest % shape.column_tiles * shape.tile_columns;
        const int32_t rows = min(shape.tile_rows, shape.height - first_row);
        const int32_t columns = min(shape.tile_columns, shape.width - first_column);

        /* One thread per image: what all of them read, each warp would ask for. */
        if (static_cast<int32_t>(threadIdx.x) < shape.sides) {
            crops[threadIdx.x] =
                crop_of(shape, at, static_cast<int>(threadIdx.x), pair, first_row, rows, first_column, columns);
        }
        __syncthreads();
        const Crop crop_a = crops[0];
        stage(shape, crop_a, staged[0]);
        Crop crop_b = crop_a;
        if (shape.sides == 2) {
            crop_b = crops[1];
            stage(shape, crop_b, staged[1]);
        }
        const bool swapped = shape.swapped && pair_is_swapped(source, at, pair);
        const uint32_t grid_row = shape.patch_size.quotient(first_row);
        const uint32_t grid_column = shape.patch_size.quotient(first_column);
        const uint32_t grid_columns = shape.patch_size.quotient(first_column + columns - 1) + 1 - grid_column;
        const uint32_t grid_rows = shape.patch_size.quotient(first_row + rows - 1) + 1 - grid_row;
        if (swapped) {
            fill_exchanged(source, at, pair, shape.grid_columns, grid_row, grid_rows, grid_column, grid_columns,
                           scratch, exchanged);
        } else {
            for (uint32_t i = threadIdx.x; i < grid_rows * grid_columns; i += POSITION_THREADS) {
                exchanged[i] = 0;
            }
        }
        __syncthreads();

        const uint32_t planes = OUTPUT_NHWC ? 1 : shape.channels;
        const uint32_t step = OUTPUT_NHWC ? shape.channels : 1; /* elements of a pixel that are neighbours */
        const uint32_t lines = shape.lines.value;
        const uint32_t line_elements = (lines == 1 ? rows * columns : columns) * step;
        for (uint32_t i = threadIdx.x; i < planes * lines * shape.line_stores.value; i += POSITION_THREADS) {
            /* Lanes that had nothing to store wait for the others, so that their stores stay one request. */
            __syncwarp();
            const uint32_t plane_and_line = shape.line_stores.quotient(i);
            const uint32_t plane = OUTPUT_NHWC ? 0 : shape.lines.quotient(plane_and_line);
            const uint32_t line = plane_and_line - plane * lines;
            /* 64 bits: a batch can have more than 2^32 elements. */
            const int64_t image_line = (pair * planes + plane) * shape.height + first_row + line;
            const int64_t line_begin = (image_line * shape.width + first_column) * step;
            const uint32_t store = i - plane_and_line * shape.line_stores.value;
            const uint32_t before = stores_before<T, STORE>(output_a + line_begin);
            const uint32_t element = (store - before) * STORE;
            /* The last tiles of rows and columns are not full. */
            if (store < before || element >= line_elements || line >= static_cast<uint32_t>(rows)) {
                continue;
            }
            const uint32_t line_row = shape.row_elements.quotient(element);
            const uint32_t row_element = element - line_row * shape.row_elements.value;
            const int32_t row = first_row + line + line_row;
            const uint32_t pixel = OUTPUT_NHWC ? shape.channel_divisor.quotient(row_element) : row_element;
            uint32_t channel = OUTPUT_NHWC ? row_element - pixel * step : plane;
            int32_t column = first_column + pixel;
            CropWalk<!OUTPUT_NHWC> walk_a(shape, crop_a, channel, row, column);
            CropWalk<!OUTPUT_NHWC> walk_b(shape, crop_b, channel, row, column);
            /* The next column of another patch, and whether the patch is exchanged. */
            const uint32_t patch = shape.patch_size.quotient(column);
            int32_t boundary = (patch + 1) * shape.patch_size.value;
            uint32_t position = (shape.patch_size.quotient(row) - grid_row) * grid_columns + patch - grid_column;
            bool exchange = exchanged[position];
            Packet<T, STORE> packet_a;
            Packet<T, STORE> packet_b;
#pragma unroll
            for (unsigned k = 0; k < STORE; ++k) {
                if (k > 0 && (!OUTPUT_NHWC || ++channel == step)) {
                    channel = OUTPUT_NHWC ? 0 : channel;
                    walk_a.next_column(shape, crop_a);
                    walk_b.next_column(shape, crop_b);
                    if (++column == boundary) {
                        boundary += shape.patch_size.value;
                        ++position;
                        exchange = exchanged[position];
                    }
                }
                float a = walk_a.value(shape, staged[0], channel);
                float b = shape.sides == 2 ? walk_b.value(shape, staged[1], channel) : 0.0f;
                if (exchange) {
                    const float kept = a;
                    a = b;
                    b = kept;
                }
                packet_a.value[k] = from_float<T>(a);
                packet_b.value[k] = from_float<T>(b);
            }
            const int64_t offset = line_begin + element;
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

/* Bytes of a staged piece that begins anywhere in a sector. */
int32_t piece_pitch(int32_t bytes) {
    constexpr int32_t SECTOR = static_cast<int32_t>(SECTOR_BYTES);
    return ceil_divide(bytes + SECTOR - 1, SECTOR) * SECTOR;
}

/* How a tile is cut, so that its pixels and its source bytes fit. */
void set_tile(const sd_assemble_pairs_options &options, AssembleShape &shape) {
    const int32_t planes = shape.source_nhwc ? 1 : options.channels;
    /* Whole rows where they fit; else pieces that begin at a multiple of 16 pixels, so that stores stay aligned. */
    int32_t columns = std::min(options.output_width, TILE_PIXELS);
    while (planes * piece_pitch(columns * shape.pixel) > STAGE_BYTES) {
        columns = columns / 32 * 16;
    }
    const int32_t most_rows = std::min(options.output_height, TILE_PIXELS / columns);
    int32_t rows = std::min(most_rows, STAGE_BYTES / (planes * piece_pitch(columns * shape.pixel)));
    shape.pitch = piece_pitch(columns * shape.pixel);
    shape.pieces = Divisor(static_cast<uint32_t>(rows));
    /* All source rows in one piece, where that takes no more room than one for each. */
    constexpr int32_t SECTOR = static_cast<int32_t>(SECTOR_BYTES);
    const int32_t together =
        std::min(most_rows, (STAGE_BYTES / planes / SECTOR * SECTOR - (SECTOR - 1)) /
                                static_cast<int32_t>(shape.row_bytes.value));
    if (columns == options.output_width && together >= rows) {
        rows = together;
        shape.pitch = piece_pitch(rows * static_cast<int32_t>(shape.row_bytes.value));
        shape.pieces = Divisor(1);
    }
    shape.piece_packets = Divisor(static_cast<uint32_t>(shape.pitch) / PACKET_BYTES);
    shape.tile_rows = rows;
    shape.tile_columns = columns;
    shape.row_tiles = ceil_divide(options.output_height, rows);
    shape.column_tiles = ceil_divide(options.output_width, columns);
    shape.channel_stride = shape.source_nhwc ? 1 : static_cast<int32_t>(shape.pieces.value) * shape.pitch;
    shape.lines = Divisor(shape.column_tiles == 1 ? 1 : static_cast<uint32_t>(rows));
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
    /* One patch, if there are none. */
    shape.patch_size = Divisor(static_cast<uint32_t>(std::max(options.output_height, options.output_width)));
    if (swap != nullptr) {
        shape.patch_size = Divisor(static_cast<uint32_t>(swap->patch_size));
        shape.grid_columns = static_cast<uint32_t>(sd::grid_size(options.output_width, swap->patch_size));
    }
    for (int32_t channel = 0; channel < options.channels; ++channel) {
        shape.scale[channel] = normalisation_scale(options, channel);
        shape.shift[channel] = normalisation_shift(options, channel);
    }

    shape.pixel = shape.source_nhwc ? options.channels : 1;
    shape.plane_bytes = shape.source_nhwc ? 0 : options.source_height * options.source_width;
    shape.row_bytes = Divisor(static_cast<uint32_t>(options.source_width * shape.pixel));
    set_tile(options, shape);
    shape.channel_divisor = Divisor(static_cast<uint32_t>(options.channels));
    shape.tiles = pairs * shape.row_tiles * shape.column_tiles;
    return shape;
}

template <typename T, unsigned STORE, bool OUTPUT_NHWC>
sd_status launch_assemble(AssembleShape shape, const PositionSource &source, void *output_a, void *output_b,
                          cudaStream_t stream) {
    const char *name = "assemble_pairs";
    constexpr uint32_t SECTOR_STORES = SECTOR_BYTES / (STORE * sizeof(T));
    const uint32_t row_elements = static_cast<uint32_t>(shape.tile_columns) * (OUTPUT_NHWC ? shape.channels : 1);
    const uint32_t line_elements = row_elements * (shape.lines.value == 1 ? shape.tile_rows : 1);
    shape.row_elements = Divisor(row_elements);
    /* For whole warps, so that each begins with a sector in every line. */
    const uint32_t stores = (line_elements + STORE - 1) / STORE + SECTOR_STORES - 1;
    shape.line_stores = Divisor((stores + WARP - 1) / WARP * WARP);
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

} // namespace assemble_pairs_unit

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
