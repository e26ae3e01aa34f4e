/*
 * sgd_update on the CPU: SGD with momentum for all parameters in one pass.
 *
 * Work: the parameters are cut into chunks of CHUNK elements, numbered across all parameters; every thread takes an
 * equal, contiguous share of the chunks. Elements do not depend on one another.
 *
 * Bytes moved: value, gradient and momentum read once, value, momentum and the low-precision copy written once.
 */
#include <omp.h>

#include "cpu/kernels.h"
#include "cpu/simd.h"

namespace sd {
namespace cpu {
namespace SD_INSTRUCTION_SET {

constexpr int64_t CHUNK = 8192;
constexpr int64_t SERIAL_CHUNKS = 2;

struct SgdFactors {
    Float learning_rate;
    Float momentum;
    Float gradient_scale;
    Float weight_decay;
    bool nesterov;
    bool has_momentum;
};

/* The new value of LANES elements; velocity is updated in place. */
SD_INLINE Float sgd_step(const SgdFactors &factors, Float value, Float gradient, Float &velocity) {
    const Float g = fma(factors.gradient_scale, gradient, factors.weight_decay * value);
    Float step = g;
    if (factors.has_momentum) {
        velocity = fma(factors.momentum, velocity, g);
        step = factors.nesterov ? fma(factors.momentum, velocity, g) : velocity;
    }
    return value - factors.learning_rate * step;
}

template <typename Gradient, typename Low>
static void sgd_chunk(const SgdFactors &factors, const sd_sgd_parameter &parameter, int64_t begin, int64_t end) {
    float *const value = parameter.value;
    float *const velocity = parameter.momentum;
    const Gradient *const gradient = static_cast<const Gradient *>(parameter.gradient);
    Low *const low = static_cast<Low *>(parameter.low_precision);
    int64_t i = begin;
    for (; i + LANES <= end; i += LANES) {
        Float v = factors.has_momentum ? load(velocity + i) : Float{};
        const Float updated = sgd_step(factors, load(value + i), load(gradient + i), v);
        store(value + i, updated);
        if (factors.has_momentum) {
            store(velocity + i, v);
        }
        if (low != nullptr) {
            store(low + i, updated);
        }
    }
    const int64_t rest = end - i;
    if (rest == 0) {
        return;
    }
    Float v = factors.has_momentum ? load_part(velocity + i, rest, Float{}) : Float{};
    const Float g = load_part(gradient + i, rest, Float{});
    const Float updated = sgd_step(factors, load_part(value + i, rest, Float{}), g, v);
    store_part(value + i, updated, rest);
    if (factors.has_momentum) {
        store_part(velocity + i, v, rest);
    }
    if (low != nullptr) {
        store_part(low + i, updated, rest);
    }
}

template <typename Gradient>
static void sgd_chunk(const SgdFactors &factors, const sd_sgd_parameter &parameter, int64_t begin, int64_t end) {
    if (parameter.low_precision != nullptr && parameter.low_precision_dtype == SD_F16) {
        sgd_chunk<Gradient, F16>(factors, parameter, begin, end);
    } else {
        sgd_chunk<Gradient, BF16>(factors, parameter, begin, end);
    }
}

static void update_chunk(const sd_sgd_options &options, const sd_sgd_parameter &parameter, int64_t begin,
                         int64_t end) {
    SgdFactors factors;
    factors.learning_rate = broadcast(options.learning_rate);
    factors.momentum = broadcast(options.momentum);
    factors.gradient_scale = broadcast(options.gradient_scale);
    factors.weight_decay = broadcast(parameter.weight_decay);
    factors.nesterov = options.nesterov != 0;
    factors.has_momentum = options.momentum > 0.0f;
    if (parameter.gradient_dtype == SD_F16) {
        sgd_chunk<F16>(factors, parameter, begin, end);
    } else if (parameter.gradient_dtype == SD_BF16) {
        sgd_chunk<BF16>(factors, parameter, begin, end);
    } else {
        sgd_chunk<float>(factors, parameter, begin, end);
    }
}

SD_INLINE int64_t chunks_of(const sd_sgd_parameter &parameter) {
    return parameter.count / CHUNK + (parameter.count % CHUNK != 0);
}

/* Chunks first to last of all parameters, counted through. */
static void update_chunks(const SgdUpdateCall &call, int64_t first, int64_t last) {
    int64_t chunk = 0; /* number of the parameter's first chunk */
    for (int64_t p = 0; p < call.count && chunk < last; ++p) {
        const sd_sgd_parameter &parameter = call.parameters[p];
        const int64_t own = chunks_of(parameter);
        const int64_t begin = most(first - chunk, 0);
        const int64_t end = least(last - chunk, own);
        for (int64_t c = begin; c < end; ++c) {
            update_chunk(*call.options, parameter, c * CHUNK, least((c + 1) * CHUNK, parameter.count));
        }
        chunk += own;
    }
}

void sgd_update(const SgdUpdateCall &call) {
    int64_t chunks = 0;
    for (int64_t p = 0; p < call.count; ++p) {
        chunks += chunks_of(call.parameters[p]);
    }
    if (chunks <= SERIAL_CHUNKS || call.threads == 1) {
        update_chunks(call, 0, chunks);
        return;
    }
#pragma omp parallel num_threads(call.threads)
    {
        const int64_t threads = omp_get_num_threads();
        const int64_t thread = omp_get_thread_num();
        const int64_t share = chunks / threads;
        const int64_t extra = chunks % threads;
        const int64_t first = thread * share + least(thread, extra);
        update_chunks(call, first, first + share + (thread < extra));
    }
}

} // namespace SD_INSTRUCTION_SET
} // namespace cpu
} // namespace sd
