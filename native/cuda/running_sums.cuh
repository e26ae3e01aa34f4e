/*
 * Maximum and sums of exponentials in one pass over the classes (Milakov and Gimelshein, "Online normalizer
 * calculation for softmax", arXiv 1805.02867): when a larger logit appears, the sums so far are scaled down.
 */
#ifndef SWAPDISTILL_CUDA_RUNNING_SUMS_CUH
#define SWAPDISTILL_CUDA_RUNNING_SUMS_CUH

#include "cuda/distillation_loss.cuh"
#include "cuda/reduce.cuh"

namespace sd::cuda {

struct RunningSums {
    float max;
    float sum;      /* of exp((z - max) / T) */
    float sum_one;  /* of exp(z - max), kept when T is not 1 */
    float smooth;   /* of scaled_distance where z > -inf, kept with label smoothing */
    float unmasked; /* number of these */
    float mass;     /* of probabilities */
    int32_t first;  /* class of the first maximum */
};

__device__ __forceinline__ RunningSums no_sums() {
    return {-INFINITY, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, INT32_MAX};
}

/* Moves the sums to a larger maximum. A sum of nothing stays 0: exp(-inf) is 0. */
__device__ __forceinline__ void raise_max(const LossParameters &p, RunningSums &sums, float max) {
    sums.sum *= expf((sums.max - max) * p.inverse_temperature);
    if (p.softened) {
        sums.sum_one *= expf(sums.max - max);
    }
    if (sums.unmasked > 0.0f) {
        sums.smooth += scaled_distance(sums.max, max) * sums.unmasked;
    }
    sums.max = max;
}

/* Adds a logit that is at most sums.max, or NaN. */
__device__ __forceinline__ void add_logit(const LossParameters &p, RunningSums &sums, float z) {
    if (z != -INFINITY) {
        const float x = z - sums.max;
        sums.sum += expf(x * p.inverse_temperature);
        if (p.softened) {
            sums.sum_one += expf(x);
        }
        if (p.smoothing != 0.0f) {
            sums.smooth += scaled_distance(z, sums.max);
            sums.unmasked += 1.0f;
        }
    }
}

/* Adds the logit of class k, where classes come in ascending order. */
__device__ __forceinline__ void add_class(const LossParameters &p, RunningSums &sums, float z, int32_t k) {
    if (z > sums.max) {
        raise_max(p, sums, z);
        sums.first = k;
    }
    add_logit(p, sums, z);
}

/* Joins the sums over two sets of classes. */
__device__ __forceinline__ void join(const LossParameters &p, RunningSums &sums, RunningSums other) {
    if (other.max > sums.max) {
        raise_max(p, sums, other.max);
        sums.first = other.first;
    } else if (other.max < sums.max) {
        raise_max(p, other, sums.max);
    } else {
        sums.first = min(sums.first, other.first);
    }
    sums.sum += other.sum;
    sums.sum_one += other.sum_one;
    sums.smooth += other.smooth;
    sums.unmasked += other.unmasked;
    sums.mass += other.mass;
}

/* Joins the sums of all threads of a block, which all receive the result. shared has one element per warp. */
__device__ __forceinline__ RunningSums block_join(const LossParameters &p, RunningSums sums, RunningSums *shared) {
    for (unsigned step = WARP / 2; step > 0; step /= 2) {
        RunningSums other;
        other.max = __shfl_down_sync(ALL_LANES, sums.max, step);
        other.sum = __shfl_down_sync(ALL_LANES, sums.sum, step);
        other.sum_one = __shfl_down_sync(ALL_LANES, sums.sum_one, step);
        other.smooth = __shfl_down_sync(ALL_LANES, sums.smooth, step);
        other.unmasked = __shfl_down_sync(ALL_LANES, sums.unmasked, step);
        other.mass = __shfl_down_sync(ALL_LANES, sums.mass, step);
        other.first = __shfl_down_sync(ALL_LANES, sums.first, step);
        join(p, sums, other);
    }
    if (threadIdx.x % WARP == 0) {
        shared[threadIdx.x / WARP] = sums;
    }
    __syncthreads();
    RunningSums all = shared[0];
    for (unsigned warp = 1; warp < blockDim.x / WARP; ++warp) {
        join(p, all, shared[warp]);
    }
    /* The shared memory may be written again as soon as this returns. */
    __syncthreads();
    return all;
}

__device__ __forceinline__ SideSums side_sums_of(const LossParameters &p, const RunningSums &running, int64_t label,
                                                 float label_logit, bool probabilities) {
    SideSums sums;
    sums.max = running.max;
    sums.log_sum = log_of_sum(running.max, running.sum);
    sums.log_sum_one = p.softened ? log_of_sum(running.max, running.sum_one) : sums.log_sum;
    sums.smooth = running.smooth;
    sums.unmasked = running.unmasked;
    sums.mass = probabilities ? running.mass : 1.0f;
    sums.label_logit = label_logit;
    sums.hit = running.first == label;
    return sums;
}

} // namespace sd::cuda

#endif
