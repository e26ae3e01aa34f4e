/*
 * SGD update of all parameters in one launch: the table of parameters travels in the kernel's parameters, so that
 * nothing has to be copied to the device first.
 *
 * Bytes moved: value, gradient and momentum are read once, value, momentum and the low-precision copy written once.
 */
#include "common/backends.h"
#include "cuda/launch.h"
#include "cuda/packet.cuh"

#include <algorithm>

namespace sd::cuda {
inline namespace sgd_update_unit {

constexpr unsigned SGD_THREADS = 256;
/* Elements that a thread takes at a time: 16 bytes of f32. */
constexpr int32_t QUAD = 4;
/* Elements that a block takes. */
constexpr int64_t CHUNK = 4 * QUAD * SGD_THREADS;
/* Parameters of one launch. The small table keeps the kernel's parameters within the 4 KB that every launch copies
 * cheaply; the large one takes a whole network within the 32,764 bytes that devices since sm_70 accept. */
constexpr int32_t SMALL_TABLE = 48;
constexpr int32_t LARGE_TABLE = 448;

struct SgdEntry {
    float *value;
    const void *gradient;
    float *momentum;
    void *low_precision;
    int64_t count;
    uint32_t first_chunk; /* of the launch that belongs to this parameter */
    float weight_decay;
    uint8_t gradient_dtype;
    uint8_t low_precision_dtype;
    uint8_t shift;  /* elements by which value lies behind a 16-byte boundary */
    uint8_t quads;  /* whether the other arrays are aligned to their quads where value is */
};

template <int32_t CAPACITY>
struct SgdTable {
    sd_sgd_options options;
    int32_t entries;
    SgdEntry entry[CAPACITY];
};

template <typename T>
__device__ __forceinline__ void load_quad(const void *array, int64_t first, int64_t count, bool whole,
                                          float (&value)[QUAD]) {
    const T *from = static_cast<const T *>(array) + first;
    if (whole) {
        const Packet<T, QUAD> quad = *reinterpret_cast<const Packet<T, QUAD> *>(from);
#pragma unroll
        for (int32_t i = 0; i < QUAD; ++i) {
            value[i] = to_float(quad.value[i]);
        }
    } else {
#pragma unroll
        for (int32_t i = 0; i < QUAD; ++i) {
            value[i] = first + i >= 0 && first + i < count ? to_float(from[i]) : 0.0f;
        }
    }
}

template <typename T>
__device__ __forceinline__ void store_quad(void *array, int64_t first, int64_t count, bool whole,
                                           const float (&value)[QUAD]) {
    T *to = static_cast<T *>(array) + first;
    if (whole) {
        Packet<T, QUAD> quad;
#pragma unroll
        for (int32_t i = 0; i < QUAD; ++i) {
            quad.value[i] = from_float<T>(value[i]);
        }
        store_whole(to, quad);
    } else {
#pragma unroll
        for (int32_t i = 0; i < QUAD; ++i) {
            if (first + i >= 0 && first + i < count) {
                to[i] = from_float<T>(value[i]);
            }
        }
    }
}

/* The parameter that a chunk belongs to: the last one whose first chunk is not behind it. */
template <int32_t CAPACITY>
__device__ __forceinline__ int32_t entry_of(const SgdTable<CAPACITY> &table, uint32_t chunk) {
    int32_t low = 0;
    int32_t high = table.entries - 1;
    while (low < high) {
        const int32_t middle = (low + high + 1) / 2;
        if (table.entry[middle].first_chunk <= chunk) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

/* A block takes one chunk of one parameter; neighbouring threads take neighbouring quads on 16-byte boundaries of
 * value. Quads at the ends, and all quads where the arrays are not aligned alike, are handled element by element. The
 * roundings are spelled out, so that the CPU computes the same bits. */
template <int32_t CAPACITY>
__global__ void __launch_bounds__(SGD_THREADS) sgd_update_kernel(const __grid_constant__ SgdTable<CAPACITY> table) {
    if (table.options.gradient_sum != nullptr && !isfinite(*table.options.gradient_sum)) {
        return;
    }
    float learning_rate = table.options.learning_rate;
    float gradient_scale = table.options.gradient_scale;
    if (table.options.rates != nullptr) {
        learning_rate = table.options.rates[0];
        gradient_scale = table.options.rates[1];
    }
    const int32_t index = entry_of(table, blockIdx.x);
    /* A copy: what is stored could otherwise be part of the entry, as far as the compiler knows. */
    const SgdEntry entry = table.entry[index];
    const int64_t begin = static_cast<int64_t>(blockIdx.x - entry.first_chunk) * CHUNK - entry.shift;
    const int64_t end = min(begin + CHUNK, entry.count);
    for (int64_t first = begin + threadIdx.x * QUAD; first < end; first += SGD_THREADS * QUAD) {
        const bool inside = first >= 0 && first + QUAD <= entry.count;
        const bool whole = inside && entry.quads;
        float value[QUAD];
        float gradient[QUAD];
        float velocity[QUAD];
        load_quad<float>(entry.value, first, entry.count, inside, value);
        if (entry.gradient_dtype == SD_F32) {
            load_quad<float>(entry.gradient, first, entry.count, whole, gradient);
        } else if (entry.gradient_dtype == SD_F16) {
            load_quad<__half>(entry.gradient, first, entry.count, whole, gradient);
        } else {
            load_quad<__nv_bfloat16>(entry.gradient, first, entry.count, whole, gradient);
        }
        if (entry.momentum != nullptr) {
            load_quad<float>(entry.momentum, first, entry.count, whole, velocity);
        }
#pragma unroll
        for (int32_t i = 0; i < QUAD; ++i) {
            const float g = fmaf(gradient_scale, gradient[i], __fmul_rn(entry.weight_decay, value[i]));
            float step = g;
            if (entry.momentum != nullptr) {
                velocity[i] = fmaf(table.options.momentum, velocity[i], g);
                step = table.options.nesterov ? fmaf(table.options.momentum, velocity[i], g) : velocity[i];
            }
            value[i] = __fsub_rn(value[i], __fmul_rn(learning_rate, step));
        }
        store_quad<float>(entry.value, first, entry.count, inside, value);
        if (entry.momentum != nullptr) {
            store_quad<float>(entry.momentum, first, entry.count, whole, velocity);
        }
        if (entry.low_precision != nullptr) {
            if (entry.low_precision_dtype == SD_F16) {
                store_quad<__half>(entry.low_precision, first, entry.count, whole, value);
            } else {
                store_quad<__nv_bfloat16>(entry.low_precision, first, entry.count, whole, value);
            }
        }
    }
}

/* Whether element -shift of an array of elements of this size lies on a boundary of its quads. */
bool quads_at(const void *array, size_t element_bytes, uint32_t shift) {
    return array == nullptr || (reinterpret_cast<uintptr_t>(array) / element_bytes) % QUAD == shift;
}

SgdEntry sgd_entry(const sd_sgd_parameter &parameter) {
    SgdEntry entry{};
    entry.value = parameter.value;
    entry.gradient = parameter.gradient;
    entry.momentum = parameter.momentum;
    entry.low_precision = parameter.low_precision;
    entry.count = parameter.count;
    entry.weight_decay = parameter.weight_decay;
    entry.gradient_dtype = static_cast<uint8_t>(parameter.gradient_dtype);
    entry.low_precision_dtype = static_cast<uint8_t>(parameter.low_precision_dtype);
    const uint32_t shift = reinterpret_cast<uintptr_t>(parameter.value) / sizeof(float) % QUAD;
    entry.shift = static_cast<uint8_t>(shift);
    entry.quads = quads_at(parameter.gradient, parameter.gradient_dtype == SD_F32 ? 4 : 2, shift) &&
                  quads_at(parameter.momentum, 4, shift) && quads_at(parameter.low_precision, 2, shift);
    return entry;
}

/* Fills a table with the next parameters and launches it; returns the number of parameters that went into it. */
template <int32_t CAPACITY>
sd_status launch_table(const sd_sgd_options &options, int64_t count, const sd_sgd_parameter *parameters,
                       int64_t &taken, cudaStream_t stream) {
    SgdTable<CAPACITY> table;
    table.options = options;
    table.entries = 0;
    int64_t chunks = 0;
    for (taken = 0; taken < count && table.entries < CAPACITY; ++taken) {
        if (parameters[taken].count == 0) {
            continue;
        }
        SgdEntry entry = sgd_entry(parameters[taken]);
        const int64_t more = (entry.count + entry.shift + CHUNK - 1) / CHUNK;
        if (table.entries > 0 && chunks + more > INT32_MAX) {
            break;
        }
        entry.first_chunk = static_cast<uint32_t>(chunks);
        table.entry[table.entries++] = entry;
        chunks += more;
    }
    if (table.entries == 0) {
        return SD_SUCCESS;
    }
    return launch("sgd_update", sgd_update_kernel<CAPACITY>, static_cast<unsigned>(chunks), SGD_THREADS, stream,
                  table);
}

} // namespace sgd_update_unit

sd_status sgd_update(const sd_execution *execution, const sd_sgd_options *options, int64_t count,
                     const sd_sgd_parameter *parameters) {
    int64_t done = 0;
    while (done < count) {
        int64_t taken = 0;
        const int64_t rest = count - done;
        const sd_status status =
            rest <= SMALL_TABLE
                ? launch_table<SMALL_TABLE>(*options, rest, parameters + done, taken, execution->stream)
                : launch_table<LARGE_TABLE>(*options, rest, parameters + done, taken, execution->stream);
        if (status != SD_SUCCESS) {
            return status;
        }
        done += taken;
    }
    return SD_SUCCESS;
}

} // namespace sd::cuda
