/*
 * Patch swap: exchanges the patches of the chosen positions between image i of a and image i of b, in place.
 *
 * Both layouts look alike here: an image is planes x rows x granules. NCHW has C planes with rows of W elements and
 * patches patch_size elements wide, NHWC one plane with rows of W * C elements and patches patch_size * C wide. A
 * granule is the widest piece, up to 16 bytes, of which every row and every patch is a whole number and to which both
 * arrays are aligned: so a granule lies in one patch, nothing is left over, and the element's type does not matter.
 *
 * Bytes moved: the chosen patches are read once and written once in both images, nothing else is touched.
 */
#include "common/backends.h"
#include "common/error.h"
#include "cuda/divide.cuh"
#include "cuda/launch.h"
#include "cuda/positions.cuh"

#include <algorithm>

namespace sd::cuda {
inline namespace patch_swap_unit {

/* Granules of one image in the tile that a block works on; also the most positions that a tile can touch, because a
 * granule lies in one position. */
constexpr uint32_t TILE_GRANULES = 2048;
/* Positions that a block of patch_positions_kernel writes. */
constexpr int64_t TILE_POSITIONS = 4096;
/* Blocks per place on the device: tiles of pairs that are not swapped end at once, so more, smaller shares balance. */
constexpr int WAVES = 16;

struct SwapShape {
    int64_t tiles; /* of all pairs */
    /* A pair's tiles are (tile of planes, tile of rows, tile of granules), the last fastest. */
    int64_t tiles_per_pair;
    int64_t row_tiles;
    int64_t granule_tiles;
    int64_t planes;
    uint32_t height;
    uint32_t row_granules;
    uint32_t grid_columns;
    uint32_t tile_planes;
    Divisor tile_rows;
    Divisor tile_row_granules;
    Divisor patch_rows;
    Divisor patch_granules;
};

/* A block takes tiles in turn: TILE_GRANULES granules, of part of a row, of some rows, or of some planes. It first
 * decides the positions that the tile touches, in shared memory; then each thread takes every 256th granule, so that
 * neighbouring threads touch neighbouring granules. */
template <typename Granule>
__global__ void __launch_bounds__(POSITION_THREADS)
    patch_swap_kernel(const __grid_constant__ SwapShape shape, const __grid_constant__ PositionSource source,
                      Granule *a, Granule *b) {
    __shared__ LimitScratch scratch;
    __shared__ uint8_t exchanged[TILE_GRANULES];
    for (int64_t tile = blockIdx.x; tile < shape.tiles; tile += gridDim.x) {
        const int64_t pair = tile / shape.tiles_per_pair;
        /* The same for the whole block, so that nobody is missing at the barriers. */
        if (!pair_is_swapped(source, source.at, pair)) {
            continue;
        }
        int64_t rest = tile - pair * shape.tiles_per_pair;
        const uint32_t first_granule =
            static_cast<uint32_t>(rest % shape.granule_tiles) * shape.tile_row_granules.value;
        rest /= shape.granule_tiles;
        const uint32_t first_row = static_cast<uint32_t>(rest % shape.row_tiles) * shape.tile_rows.value;
        const int64_t first_plane = rest / shape.row_tiles * shape.tile_planes;
        const uint32_t rows = min(shape.tile_rows.value, shape.height - first_row);
        const uint32_t granules = min(shape.tile_row_granules.value, shape.row_granules - first_granule);
        const uint32_t planes =
            static_cast<uint32_t>(min(static_cast<int64_t>(shape.tile_planes), shape.planes - first_plane));

        const uint32_t grid_row = shape.patch_rows.quotient(first_row);
        const uint32_t grid_column = shape.patch_granules.quotient(first_granule);
        const uint32_t grid_rows = shape.patch_rows.quotient(first_row + rows - 1) + 1 - grid_row;
        const uint32_t grid_columns = shape.patch_granules.quotient(first_granule + granules - 1) + 1 - grid_column;
        fill_exchanged(source, source.at, pair, shape.grid_columns, grid_row, grid_rows, grid_column, grid_columns,
                       scratch, exchanged);
        __syncthreads();

        const int64_t image = (pair * shape.planes + first_plane) * shape.height;
        const uint32_t count = planes * shape.tile_rows.value * shape.tile_row_granules.value;
        for (uint32_t i = threadIdx.x; i < count; i += POSITION_THREADS) {
            const uint32_t plane_and_row = shape.tile_row_granules.quotient(i);
            const uint32_t plane = shape.tile_rows.quotient(plane_and_row);
            const uint32_t row = plane_and_row - plane * shape.tile_rows.value;
            const uint32_t granule = i - plane_and_row * shape.tile_row_granules.value;
            /* The last tiles of rows and granules are not full. */
            if (row >= rows || granule >= granules) {
                continue;
            }
            const uint32_t position = (shape.patch_rows.quotient(first_row + row) - grid_row) * grid_columns +
                                      (shape.patch_granules.quotient(first_granule + granule) - grid_column);
            if (exchanged[position]) {
                /* 64 bits: a batch can have more than 2^32 elements. */
                const int64_t image_row = image + static_cast<int64_t>(plane) * shape.height + first_row + row;
                const int64_t at = image_row * shape.row_granules + first_granule + granule;
                const Granule from_a = a[at];
                const Granule from_b = b[at];
                a[at] = from_b;
                b[at] = from_a;
            }
        }
        /* The next tile overwrites what slower threads may still read. */
        __syncthreads();
    }
}

/* Writes the positions of every pair as 0 and 1.
 *
 * A block takes tiles in turn: TILE_POSITIONS consecutive positions of one pair; a thread draws the words of four
 * neighbouring positions at a time. Bytes moved: each position is written once. */
__global__ void __launch_bounds__(POSITION_THREADS)
    patch_positions_kernel(const __grid_constant__ PositionSource source, int64_t tiles, int64_t tiles_per_pair,
                           uint8_t *positions) {
    __shared__ LimitScratch scratch;
    for (int64_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
        const int64_t pair = tile / tiles_per_pair;
        PositionLimit limit = {false, 0};
        if (pair_is_swapped(source, source.at, pair)) {
            limit = position_limit(source, source.at, pair, scratch);
        }
        const int64_t first = (tile - pair * tiles_per_pair) * TILE_POSITIONS;
        const int64_t end = min(first + TILE_POSITIONS, source.positions);
        uint8_t *written = positions + pair * source.positions;
        for (int64_t j = first + 4 * threadIdx.x; j < end; j += 4 * POSITION_THREADS) {
            const uint32_t block = static_cast<uint32_t>(j / 4);
            const PhiloxBlock words = random_block(source.at, static_cast<uint32_t>(pair), PURPOSE_POSITIONS, block);
            uint8_t exchanged[4];
#pragma unroll
            for (uint32_t w = 0; w < 4; ++w) {
                exchanged[w] = limit.any && position_key(words.word[w], 4 * block + w) <= limit.last_key;
            }
            if (j + 4 <= end && reinterpret_cast<uintptr_t>(written + j) % sizeof(uchar4) == 0) {
                *reinterpret_cast<uchar4 *>(written + j) =
                    make_uchar4(exchanged[0], exchanged[1], exchanged[2], exchanged[3]);
            } else {
#pragma unroll
                for (uint32_t w = 0; w < 4; ++w) {
                    if (j + w < end) {
                        written[j + w] = exchanged[w];
                    }
                }
            }
        }
        /* The next tile's selection overwrites what slower threads may still read. */
        __syncthreads();
    }
}

size_t element_bytes(sd_dtype dtype) {
    switch (dtype) {
    case SD_U8:
        return 1;
    case SD_F16:
    case SD_BF16:
        return 2;
    case SD_F32:
    case SD_I32:
        return 4;
    default:
        return 8;
    }
}

int64_t ceil_divide(int64_t value, int64_t divisor) {
    return (value + divisor - 1) / divisor;
}

template <typename Granule>
sd_status launch_patch_swap(const SwapShape &shape, const PositionSource &source, void *a, void *b,
                            cudaStream_t stream) {
    const char *name = "patch_swap";
    unsigned blocks = 0;
    const sd_status status =
        grid_size(name, patch_swap_kernel<Granule>, POSITION_THREADS, shape.tiles, WAVES, blocks);
    if (status != SD_SUCCESS) {
        return status;
    }
    return launch(name, patch_swap_kernel<Granule>, blocks, POSITION_THREADS, stream, shape, source,
                  static_cast<Granule *>(a), static_cast<Granule *>(b));
}

} // namespace patch_swap_unit

sd_status patch_swap(const sd_execution *execution, const sd_patch_swap_options *options,
                     const sd_random_position *at, sd_dtype dtype, sd_layout layout, int64_t pairs, int64_t channels,
                     int64_t height, int64_t width, void *a, void *b, const uint8_t *positions) {
    const int64_t rows = sd::grid_size(height, options->patch_size);
    const int64_t columns = sd::grid_size(width, options->patch_size);
    const int64_t pixel_bytes = static_cast<int64_t>(element_bytes(dtype)) * (layout == SD_NHWC ? channels : 1);
    const int64_t row_bytes = width * pixel_bytes;
    const int64_t patch_bytes = std::min<int64_t>(options->patch_size, width) * pixel_bytes;

    const uint64_t alignment = reinterpret_cast<uintptr_t>(a) | reinterpret_cast<uintptr_t>(b) |
                               static_cast<uint64_t>(row_bytes) | static_cast<uint64_t>(patch_bytes) | 16;
    const int64_t granule = static_cast<int64_t>(alignment & (~alignment + 1)); /* the lowest bit that is set */
    if (height > INT32_MAX || row_bytes / granule > INT32_MAX) {
        return fail(SD_ERROR_INVALID_ARGUMENT,
                    "height is %lld and width is %lld; the CUDA kernel takes at most 2147483647 rows of 2147483647 "
                    "accesses each",
                    static_cast<long long>(height), static_cast<long long>(width));
    }

    SwapShape shape{};
    shape.planes = layout == SD_NHWC ? 1 : channels;
    shape.height = static_cast<uint32_t>(height);
    shape.row_granules = static_cast<uint32_t>(row_bytes / granule);
    shape.grid_columns = static_cast<uint32_t>(columns);
    const uint32_t tile_row_granules = std::min(shape.row_granules, TILE_GRANULES);
    const uint32_t tile_rows = std::min(shape.height, TILE_GRANULES / tile_row_granules);
    shape.tile_planes =
        static_cast<uint32_t>(std::min<int64_t>(shape.planes, TILE_GRANULES / (tile_rows * tile_row_granules)));
    shape.tile_rows = Divisor(tile_rows);
    shape.tile_row_granules = Divisor(tile_row_granules);
    shape.patch_rows = Divisor(static_cast<uint32_t>(options->patch_size));
    shape.patch_granules = Divisor(static_cast<uint32_t>(patch_bytes / granule));
    shape.granule_tiles = ceil_divide(shape.row_granules, tile_row_granules);
    shape.row_tiles = ceil_divide(height, tile_rows);
    shape.tiles_per_pair = ceil_divide(shape.planes, shape.tile_planes) * shape.row_tiles * shape.granule_tiles;
    shape.tiles = pairs * shape.tiles_per_pair;

    const PositionSource source = position_source(options, at, rows * columns, positions);
    const cudaStream_t stream = execution->stream;
    switch (granule) {
    case 16:
        return launch_patch_swap<uint4>(shape, source, a, b, stream);
    case 8:
        return launch_patch_swap<uint2>(shape, source, a, b, stream);
    case 4:
        return launch_patch_swap<uint32_t>(shape, source, a, b, stream);
    case 2:
        return launch_patch_swap<uint16_t>(shape, source, a, b, stream);
    default:
        return launch_patch_swap<uint8_t>(shape, source, a, b, stream);
    }
}

sd_status patch_swap_positions(const sd_execution *execution, const sd_patch_swap_options *options,
                               const sd_random_position *at, int64_t pairs, int64_t height, int64_t width,
                               uint8_t *positions) {
    const char *name = "patch_swap_positions";
    const int64_t grid =
        sd::grid_size(height, options->patch_size) * sd::grid_size(width, options->patch_size);
    const int64_t tiles_per_pair = ceil_divide(grid, TILE_POSITIONS);
    unsigned blocks = 0;
    const sd_status status =
        grid_size(name, patch_positions_kernel, POSITION_THREADS, pairs * tiles_per_pair, WAVES, blocks);
    if (status != SD_SUCCESS) {
        return status;
    }
    return launch(name, patch_positions_kernel, blocks, POSITION_THREADS, execution->stream,
                  position_source(options, at, grid, nullptr), pairs * tiles_per_pair, tiles_per_pair, positions);
}

} // namespace sd::cuda
