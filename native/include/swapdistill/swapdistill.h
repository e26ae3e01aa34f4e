/*
 * SwapDistill: batched intra-class patch swap and fused softmax-KL distillation loss.
 *
 * This header is the whole contract of the native library: plain C, usable from C99, C++17 and JavaCPP.
 *
 * Conventions
 *  - Every function that can fail returns an sd_status. sd_last_error() then gives one sentence that names the
 *    argument, its value and what was expected.
 *  - All arguments are checked before any memory is read or written and before anything is launched. A call
 *    that returns SD_ERROR_INVALID_ARGUMENT has changed nothing.
 *  - Data pointers are host memory when execution->device is SD_CPU and memory of the current CUDA device when
 *    it is SD_CUDA. Pointers to structs are always host memory and are read before the call returns.
 *  - Data pointers need only be aligned to their element size; 16-byte alignment is faster. Buffers that a call
 *    writes must not overlap other buffers of the call, except where a function says that they may.
 *  - CUDA calls are asynchronous on execution->stream, allocate nothing, synchronise nothing and may be captured
 *    in a CUDA graph. CPU calls have finished when they return.
 *  - All functions may be called from any thread at any time; nothing is kept between calls.
 *  - Results are deterministic: the same call on the same device gives the same bits, for any thread count.
 *  - The structs of options and arrays, and sd_execution, begin with struct_size = sizeof(the struct); any other size is
 *    refused, so that a program built for another version fails in words. The SD_..._INIT macros set it together with
 *    the defaults.
 *  - Shapes are in elements, sizes named "bytes" in bytes. Arrays are dense in the stated order, last index fastest.
 *
 * Random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) with
 *     key     = (seed low 32 bits, seed high 32 bits)
 *     counter = (epoch, step, first_pair + pair, purpose + 256 * block)
 * where block b of a purpose holds its 32-bit words 4b .. 4b+3. An event of probability p happens when
 * word < floor(p * 2^32 + 0.5), compared in 64 bits, so p = 0 never and p = 1 always happens. A uniform integer
 * in [0, n) is floor(word * n / 2^32). Purposes:
 *     0  whether the pair is swapped: word 0
 *     1  the set of patch positions: word j belongs to position j (row-major over the grid)
 *     2  crop offsets: words 0, 1 = vertical, horizontal of image a; words 2, 3 of image b
 *     3  horizontal flips: word 0 of image a, word 1 of image b
 * Every backend and every thread count draws the same masks, crops and flips, to the bit.
 */
#ifndef SWAPDISTILL_SWAPDISTILL_H
#define SWAPDISTILL_SWAPDISTILL_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#  if defined(SWAPDISTILL_BUILD)
#    define SD_API __declspec(dllexport)
#  else
#    define SD_API __declspec(dllimport)
#  endif
#else
#  define SD_API __attribute__((visibility("default")))
#endif

#define SD_VERSION_MAJOR 0
#define SD_VERSION_MINOR 1
#define SD_VERSION_PATCH 0
/* Most channels that sd_assemble_pairs takes. */
#define SD_MAX_CHANNELS 16
/* Most classes that sd_distillation_loss takes. */
#define SD_MAX_CLASSES 262144

#ifdef __cplusplus
extern "C" {
#endif

/* A CUDA stream, as cudaStream_t; declared here so that this header needs no CUDA header. */
struct CUstream_st;

typedef enum sd_status {
    SD_SUCCESS = 0,
    /* An argument is null, out of range, misaligned, overlapping, or contradicts another one. */
    SD_ERROR_INVALID_ARGUMENT = 1,
    /* The device, or the instruction set, is not there, or this build has no kernels for it; or there is not enough memory,
     * or stack of the calling thread, to work with. */
    SD_ERROR_UNAVAILABLE = 2,
    /* The CUDA runtime refused a launch; sd_last_error() has its words. */
    SD_ERROR_CUDA = 3
} sd_status;

typedef enum sd_device {
    SD_CPU = 0,
    /* The CUDA device that is current on the calling thread. */
    SD_CUDA = 1
} sd_device;

typedef enum sd_dtype {
    SD_F32 = 0,
    /* IEEE binary16. */
    SD_F16 = 1,
    SD_BF16 = 2,
    SD_U8 = 3,
    SD_I32 = 4,
    SD_I64 = 5
} sd_dtype;

typedef enum sd_layout {
    SD_NCHW = 0,
    SD_NHWC = 1
} sd_layout;

/* The environment variable SWAPDISTILL_MAX_INSTRUCTION_SET, read when the library is loaded, can be BASELINE, AVX2 or
 * AVX512: better ones are then treated as if the CPU lacked them, so that processors of several generations compute with
 * the same kernels. Any other value makes every CPU call SD_ERROR_INVALID_ARGUMENT. */
typedef enum sd_instruction_set {
    /* The best one that the CPU has. */
    SD_INSTRUCTION_SET_BEST = 0,
    /* What the compiler emits for the platform's baseline. */
    SD_INSTRUCTION_SET_BASELINE = 1,
    SD_INSTRUCTION_SET_AVX2 = 2,
    SD_INSTRUCTION_SET_AVX512 = 3
} sd_instruction_set;

/* Where and how a call runs. */
typedef struct sd_execution {
    size_t struct_size;
    sd_device device;
    /* CPU: most threads to use, 0 = all processors (or OMP_NUM_THREADS); the result does not depend on it.
     * CUDA: must be 0. */
    int32_t threads;
    /* CPU: the kernels to use; one that the CPU lacks is SD_ERROR_UNAVAILABLE. CUDA: must be SD_INSTRUCTION_SET_BEST. */
    sd_instruction_set instruction_set;
    /* CUDA: the caller's stream, NULL = the legacy default stream. CPU: must be NULL. */
    struct CUstream_st *stream;
} sd_execution;

#define SD_EXECUTION_INIT {sizeof(sd_execution), SD_CPU, 0, SD_INSTRUCTION_SET_BEST, NULL}

/* (major << 16) | (minor << 8) | patch of the library that is loaded. */
SD_API uint32_t sd_version(void);

/* The last failure on the calling thread, "" before the first; valid until the thread's next call that fails. */
SD_API const char *sd_last_error(void);

/* The instruction set that SD_INSTRUCTION_SET_BEST stands for on this CPU. */
SD_API sd_instruction_set sd_best_instruction_set(void);

/* SD_SUCCESS when the CUDA kernels can run on the calling thread's current device; otherwise why not, in
 * sd_last_error(): built without CUDA, no driver, driver too old, no device, device older than sm_75 or of an
 * architecture that the library was not built for. */
SD_API sd_status sd_cuda_available(void);

/* ------------------------------------------------------------------------------------------ random numbers */

/* The place in the training run that a batch's random numbers belong to. Pair i of a call is numbered
 * first_pair + i, so that a batch cut into several calls draws what one call would draw; first_pair + pairs is at most
 * 2^32. */
typedef struct sd_random_position {
    uint64_t seed;
    uint32_t epoch;
    uint32_t step;
    uint32_t first_pair;
} sd_random_position;

/* ---------------------------------------------------------------------------------------------- patch swap */

typedef enum sd_position_rule {
    /* Each position independently with probability position_probability. */
    SD_POSITIONS_INDEPENDENT = 0,
    /* Exactly position_count positions, uniform without replacement: those with the smallest (word, index). */
    SD_POSITIONS_FIXED_COUNT = 1
} sd_position_rule;

/* Choi, Jeon, Shukla, Turaga, "Intra-class Patch Swap for Self-Distillation", arXiv 2505.14124. The paper says
 * "a random set of patch indices"; the two rules and their defaults are this library's. */
typedef struct sd_patch_swap_options {
    size_t struct_size;
    /* Side of a square patch in pixels, >= 1. The grid has ceil(H / patch_size) x ceil(W / patch_size) positions;
     * the last row and column are ragged when patch_size does not divide H or W. Positions can be drawn for grids
     * of at most 2^26 positions. */
    int32_t patch_size;
    /* Probability in [0, 1] that a pair is swapped at all. */
    double probability;
    sd_position_rule position_rule;
    /* SD_POSITIONS_INDEPENDENT: in [0, 1]. */
    double position_probability;
    /* SD_POSITIONS_FIXED_COUNT: 0 .. number of positions of the grid. */
    int32_t position_count;
} sd_patch_swap_options;

#define SD_PATCH_SWAP_OPTIONS_INIT {sizeof(sd_patch_swap_options), 8, 0.5, SD_POSITIONS_INDEPENDENT, 0.5, 0}

/* Exchanges patches between image i of a and image i of b, in place, for every i.
 *   dtype     any sd_dtype; only the element's size matters
 *   a, b      [pairs, C, H, W] or [pairs, H, W, C]; must not overlap. Label maps [pairs, H, W] are images of one
 *             channel: the same random position moves them with their images.
 *   positions u8 [pairs, grid rows, grid columns] in the memory of the device: non-zero = exchange this patch.
 *             NULL = drawn inside from options and at. When given, only options->patch_size is used.
 *   at        may be NULL when positions is given.
 * pairs = 0 does nothing. */
SD_API sd_status sd_patch_swap(const sd_execution *execution, const sd_patch_swap_options *options,
                               const sd_random_position *at, sd_dtype dtype, sd_layout layout, int64_t pairs,
                               int64_t channels, int64_t height, int64_t width, void *a, void *b,
                               const uint8_t *positions);

/* Writes the positions that sd_patch_swap draws: u8 [pairs, grid rows, grid columns], 1 = exchanged. */
SD_API sd_status sd_patch_swap_positions(const sd_execution *execution, const sd_patch_swap_options *options,
                                         const sd_random_position *at, int64_t pairs, int64_t height,
                                         int64_t width, uint8_t *positions);

/* ------------------------------------------------------------------------------------------ pair assembly */

/* How a batch is made from a data set of u8 images. */
typedef struct sd_assemble_pairs_options {
    size_t struct_size;
    /* Of the data set: [images, C, H, W] or [images, H, W, C]. */
    sd_layout source_layout;
    int64_t images;
    int32_t channels; /* 1 .. SD_MAX_CHANNELS */
    int32_t source_height;
    int32_t source_width;
    /* Black (u8 0) border added on every side before the crop, >= 0; source + 2 * padding is at most 2^31 - 1. */
    int32_t padding;
    /* Of the crop, which is the output; at most source + 2 * padding. */
    int32_t output_height;
    int32_t output_width;
    /* 1: uniform offset; 0: centred, floor((source + 2 * padding - output) / 2). */
    int32_t random_crop;
    /* Probability in [0, 1] of mirroring an image left to right. */
    double flip_probability;
    /* Per channel c: output = fma(u8, 1 / (255 * deviation[c]), -mean[c] / deviation[c]), the two factors computed
     * in double and rounded to f32 once, the fma in f32. mean is finite, deviation finite and > 0. */
    float mean[SD_MAX_CHANNELS];
    float deviation[SD_MAX_CHANNELS];
    sd_layout output_layout;
    /* SD_F32, SD_F16 or SD_BF16; rounded to nearest even from f32. */
    sd_dtype output_dtype;
    /* One sd_random_position in the memory of the device, or NULL. It is read when the kernel runs, in place of the
     * argument at, which must be NULL then: so that a CUDA graph draws other numbers at every replay. On CUDA numbers
     * of pairs beyond 2^32 begin again at 0. */
    const sd_random_position *random_position;
} sd_assemble_pairs_options;

/* In one pass: gather by index, pad, crop, flip, normalise, patch swap, cast. The swap exchanges patches of the
 * finished crops; each image of a pair draws its own crop and flip.
 *   swap            NULL = no swap
 *   images          u8, layout and count as in options
 *   index_a/index_b i32 [pairs], in [0, images). On the CPU an index outside is SD_ERROR_INVALID_ARGUMENT; on CUDA
 *                   it cannot be seen without synchronising and gives an image of NaN.
 *   output_a/_b     [pairs, C, H, W] or [pairs, H, W, C] of the output size
 * index_b and output_b are both NULL to assemble single images (evaluation); swap must then be NULL.
 * Images may be assembled from the same index on both sides. pairs = 0 does nothing. */
SD_API sd_status sd_assemble_pairs(const sd_execution *execution, const sd_assemble_pairs_options *options,
                                   const sd_patch_swap_options *swap, const sd_random_position *at, int64_t pairs,
                                   const uint8_t *images, const int32_t *index_a, const int32_t *index_b,
                                   void *output_a, void *output_b);

/* -------------------------------------------------------------------------------------- distillation loss */

typedef enum sd_target {
    /* No target: cross-entropy alone. */
    SD_TARGET_NONE = 0,
    /* target is logits of the logits' type, softened with the temperature. */
    SD_TARGET_LOGITS = 1,
    /* target is probabilities of the logits' type, used as they are. */
    SD_TARGET_PROBABILITIES = 2,
    /* target is the logits of the other member of a pair: both rows are students and targets of each other. */
    SD_TARGET_PAIR = 3
} sd_target;

typedef enum sd_divergence {
    SD_FORWARD_KL = 0,      /* D(t, s) = KL(t || s) = sum t (log t - log s) */
    SD_REVERSE_KL = 1,      /* D(t, s) = KL(s || t) */
    SD_JENSEN_SHANNON = 2   /* D(t, s) = KL(t || m) / 2 + KL(s || m) / 2, m = (t + s) / 2 */
} sd_divergence;

typedef enum sd_reduction {
    SD_REDUCTION_NONE = 0,
    SD_REDUCTION_SUM = 1,
    /* Sum over the rows divided by the number of rows that are not ignored (0 when all are). */
    SD_REDUCTION_MEAN = 2
} sd_reduction;

/* With p = softmax(z), s = softmax(z / T), t the target's distribution, e the label smoothing, y the label:
 *
 *   CE(z) = -(1 - e) log p[y] - e / K' sum_k log p[k]     the second sum over the K' classes with z > -inf
 *   one student (SD_TARGET_NONE, _LOGITS, _PROBABILITIES):
 *       row = weight * [cross_entropy_weight * CE(z) + distillation_weight * T^2 * D(t, s)]
 *   pair (SD_TARGET_PAIR), student z_a and target z_b:
 *       row = weight * 1/2 * [cross_entropy_weight * (CE(z_a) + CE(z_b))
 *                             + distillation_weight * T^2 * (D(s_b, s_a) + D(s_a, s_b))]
 *
 * T^2 is left out when scale_by_temperature_squared is 0. A row whose label is ignore_index counts for nothing:
 * loss, statistics and gradients 0. "Rows" r = (n, m) of an [N, K, M] array: M = 1 for contiguous classes.
 *
 * Detached (coupled = 0): no gradient flows through the target argument of D; in a pair each row is a constant
 * where it is the target. Coupled: the gradient flows through both arguments; with SD_TARGET_LOGITS it is written to
 * target_gradient.
 *
 * Numbers: f32 arithmetic with the maximum subtracted; in D, logarithms of probabilities that differ by more than 1e38
 * count as 1e38 apart. A class at -inf (never one with a finite logit) has probability 0; masked on both sides it
 * contributes nothing (0 log 0 = 0). Where D is infinite by its definition (a class with mass in its first argument
 * and none in its second) the row's loss is +inf and its detached gradient finite. A NaN or +inf logit, or a row
 * whose logits are all -inf, gives NaN in that row's loss, gradients, cross-entropy, divergence and log-sum-exp (of
 * the member that has it, where there are two) and a hit of 0, and NaN in the sum or mean; never anything elsewhere.
 * A term whose weight in the options is 0 is left out, also where it is infinite: with distillation_weight 0, and
 * neither row_divergence nor target_gradient, it does not matter what the target holds. A row of row weight 0 has loss
 * and gradients 0, also where they would be infinite or NaN; its statistics are written as ever, and it counts as a row
 * in a mean. With reverse KL and in coupled mode
 * the gradient where D is infinite is that of D's finite terms: with F the sum of s (log s - log t) over the classes
 * where both have mass, and P the sum of s there, T d/dz[k] = s[k] (log s[k] - log t[k] + 1 - F - P) for those classes
 * and -s[k] (F + P) for the others. */
typedef struct sd_distillation_loss_options {
    size_t struct_size;
    sd_dtype dtype;               /* of logits, target and gradients: SD_F32, SD_F16, SD_BF16 */
    sd_dtype label_dtype;         /* SD_I32 or SD_I64 */
    sd_target target;
    sd_divergence divergence;
    int32_t coupled;              /* 0 or 1; 1 needs SD_TARGET_LOGITS or SD_TARGET_PAIR */
    sd_reduction reduction;
    float temperature;            /* finite, > 0 */
    int32_t scale_by_temperature_squared; /* 0 or 1 */
    float cross_entropy_weight;   /* finite, >= 0 */
    float distillation_weight;    /* finite, >= 0; must be 0 with SD_TARGET_NONE */
    float label_smoothing;        /* in [0, 1] */
    int32_t has_ignore_index;     /* 0 or 1 */
    int64_t ignore_index;
} sd_distillation_loss_options;

#define SD_DISTILLATION_LOSS_OPTIONS_INIT                                                                     \
    {sizeof(sd_distillation_loss_options), SD_F32, SD_I32, SD_TARGET_PAIR, SD_FORWARD_KL, 0, SD_REDUCTION_MEAN, \
     1.0f, 1, 1.0f, 1.0f, 0.0f, 0, -100}

/* The arrays of one call. R = outer * inner rows; S = 2 for SD_TARGET_PAIR, otherwise 1. Outputs may be NULL where
 * not wanted; at least one must be given. */
typedef struct sd_distillation_loss_arrays {
    size_t struct_size;
    int64_t outer;            /* N >= 0 */
    int64_t classes;          /* K in 2 .. SD_MAX_CLASSES */
    int64_t inner;            /* M >= 1 */
    const void *logits;       /* [N, K, M] */
    const void *target;       /* [N, K, M]; NULL with SD_TARGET_NONE */
    const void *labels;       /* [N, M]; may be NULL when cross_entropy_weight is 0, has_ignore_index is 0 and neither
                                 row_cross_entropy nor row_hit is wanted. A label outside [0, K) that is not
                                 ignored is SD_ERROR_INVALID_ARGUMENT on the CPU and a row of NaN on CUDA. There the
                                 loss and gradients of a row of row weight 0 are 0 all the same; its statistics are
                                 NaN. */
    const float *row_weights; /* [N, M]; NULL = 1 */
    /* dL/d(loss): one f32 (stride 0), or with SD_REDUCTION_NONE one per row, upstream_stride elements apart
     * (any stride, also negative). NULL = 1. */
    const float *upstream;
    int64_t upstream_stride;
    float *loss;              /* [1] for sum and mean, [N, M] for none */
    /* Like logits; either may be the very array it belongs to (overwriting it), and must not overlap otherwise.
     * Both hold d(loss)/d(array) times upstream. target_gradient needs SD_TARGET_PAIR, or SD_TARGET_LOGITS with
     * coupled = 1. */
    void *logits_gradient;
    void *target_gradient;
    float *row_cross_entropy; /* [S, N, M]: CE, unweighted */
    float *row_divergence;    /* [S, N, M]: D(t, s), without T^2, unweighted; pair: [0] D(s_b, s_a), [1] D(s_a, s_b);
                                 must be NULL with SD_TARGET_NONE */
    float *row_log_sum_exp;   /* [S, N, M]: log sum_k exp(z[k]), temperature 1 */
    uint8_t *row_hit;         /* [S, N, M]: 1 when the first largest logit stands at the label */
    void *workspace;          /* in the memory of the device, 16-byte aligned */
    size_t workspace_bytes;
} sd_distillation_loss_arrays;

/* Bytes of workspace that sd_distillation_loss needs for these options and this shape; may be 0. */
SD_API sd_status sd_distillation_loss_workspace_bytes(const sd_execution *execution,
                                                      const sd_distillation_loss_options *options, int64_t outer,
                                                      int64_t classes, int64_t inner, size_t *workspace_bytes);

/* Loss, row statistics and gradients in one call. outer = 0: a sum or mean of 0, nothing else is written. */
SD_API sd_status sd_distillation_loss(const sd_execution *execution, const sd_distillation_loss_options *options,
                                      const sd_distillation_loss_arrays *arrays);

/* --------------------------------------------------------------------------------------------- SGD update */

typedef struct sd_sgd_options {
    size_t struct_size;
    float learning_rate;   /* finite, >= 0 */
    float momentum;        /* in [0, 1) */
    int32_t nesterov;      /* 0 or 1; 1 needs momentum > 0 */
    float gradient_scale;  /* multiplies every gradient first, finite: 1 / loss scale */
    /* One f32 in the memory of the device, or NULL. When it is infinite or NaN the call changes nothing: with a scaled
     * loss, the sum of the magnitudes of all gradients, so that a step that overflowed is left out. */
    const float *gradient_sum;
    /* Two f32 in the memory of the device, or NULL: learning_rate and gradient_scale. They are read when the kernel
     * runs, in place of the members above: so that a CUDA graph updates with other ones at every replay. On CUDA they
     * are not checked. */
    const float *rates;
} sd_sgd_options;

#define SD_SGD_OPTIONS_INIT {sizeof(sd_sgd_options), 0.1f, 0.9f, 0, 1.0f, NULL, NULL}

/* One parameter. All arrays have count elements. */
typedef struct sd_sgd_parameter {
    int64_t count;         /* >= 0 */
    float *value;          /* f32 master */
    const void *gradient;
    float *momentum;       /* velocity, zero before the first step; must be NULL when options->momentum is 0 */
    void *low_precision;   /* receives the new value rounded to low_precision_dtype; NULL = not wanted */
    sd_dtype gradient_dtype;      /* SD_F32, SD_F16, SD_BF16 */
    sd_dtype low_precision_dtype; /* SD_F16 or SD_BF16 */
    float weight_decay;    /* finite, >= 0 */
} sd_sgd_parameter;

/* For every element of every parameter (Sutskever et al. 2013 in the form PyTorch uses, no dampening):
 *     g = gradient_scale * gradient + weight_decay * value
 *     v = momentum * v + g
 *     value -= learning_rate * (nesterov ? g + momentum * v : v)
 * parameters is a host array of count structs of parameter_struct_size = sizeof(sd_sgd_parameter) bytes each. */
SD_API sd_status sd_sgd_update(const sd_execution *execution, const sd_sgd_options *options, int64_t count,
                               const sd_sgd_parameter *parameters, size_t parameter_struct_size);

#ifdef __cplusplus
}
#endif

#endif
