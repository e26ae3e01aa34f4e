/*
 * Each of the three as matrix products: the values that the outputs of a block of pixels need are gathered into the
 * rows of a matrix ("im2col"), with zeros where the filter reaches into the padding. Blocks of outputs are shared out
 * among threads; no sum is.
 */
#include "emulation/cudnn/convolution_sums.h"

#include <algorithm>

#include "emulation/numerics/matrix_product.h"

namespace emulation::cudnn {

namespace {

using numerics::MatrixView;

/* Pixels gathered at once. */
constexpr int64_t BLOCK = 128;

struct Pixel {
    int64_t image, row, column;
};

Pixel pixel_at(int64_t index, int64_t height, int64_t width) {
    return {index / (height * width), index / width % height, index % width};
}

/* Where x is read for an output pixel and a place (r, s) of the filter, or null in the padding. */
const float *input_at(const Problem &problem, const std::vector<float> &x, const Pixel &output, int64_t r, int64_t s) {
    const int64_t row = output.row * problem.stride_h - problem.pad_h + r * problem.dilation_h;
    const int64_t column = output.column * problem.stride_w - problem.pad_w + s * problem.dilation_w;
    if (row < 0 || row >= problem.h || column < 0 || column >= problem.w) {
        return nullptr;
    }
    return x.data() + ((output.image * problem.h + row) * problem.w + column) * problem.c;
}

/* Where dy is read for an input pixel and a place (r, s) of the filter, or null where no output used the two. */
const float *output_at(const Problem &problem, const std::vector<float> &dy, const Pixel &input, int64_t r, int64_t s) {
    const int64_t row = input.row + problem.pad_h - r * problem.dilation_h;
    const int64_t column = input.column + problem.pad_w - s * problem.dilation_w;
    if (row < 0 || column < 0 || row % problem.stride_h != 0 || column % problem.stride_w != 0) {
        return nullptr;
    }
    const int64_t p = row / problem.stride_h;
    const int64_t q = column / problem.stride_w;
    if (p >= problem.p || q >= problem.q) {
        return nullptr;
    }
    return dy.data() + ((input.image * problem.p + p) * problem.q + q) * problem.k;
}

void copy_or_zero(const float *from, int64_t count, float *to) {
    if (from != nullptr) {
        std::copy(from, from + count, to);
    } else {
        std::fill(to, to + count, 0.0f);
    }
}

} // namespace

std::vector<float> forward_sums(const Problem &problem, const std::vector<float> &x, const std::vector<float> &filter) {
    const int64_t pixels = problem.n * problem.p * problem.q;
    const int64_t depth = problem.r * problem.s * problem.c;
    std::vector<float> y(static_cast<size_t>(problem.y_elements()));
#pragma omp parallel for schedule(static)
    for (int64_t start = 0; start < pixels; start += BLOCK) {
        const int64_t count = std::min(BLOCK, pixels - start);
        std::vector<float> gathered(static_cast<size_t>(count * depth));
        float *to = gathered.data();
        for (int64_t i = 0; i < count; i++) {
            const Pixel output = pixel_at(start + i, problem.p, problem.q);
            for (int64_t r = 0; r < problem.r; r++) {
                for (int64_t s = 0; s < problem.s; s++, to += problem.c) {
                    copy_or_zero(input_at(problem, x, output, r, s), problem.c, to);
                }
            }
        }
        numerics::multiply(count, problem.k, depth, MatrixView{gathered.data(), depth, 1},
                           MatrixView{filter.data(), 1, depth}, y.data() + start * problem.k, problem.k, false);
    }
    return y;
}

std::vector<float> data_gradient_sums(const Problem &problem, const std::vector<float> &filter,
                                      const std::vector<float> &dy, const std::vector<int64_t> &order) {
    const int64_t pixels = problem.n * problem.h * problem.w;
    const int64_t places = problem.r * problem.s;
    const int64_t depth = places * problem.k;
    /* Term t of a sum belongs to place t / k of the filter and to output channel t % k. */
    std::vector<float> terms(static_cast<size_t>(depth * problem.c));
    for (int64_t t = 0; t < depth; t++) {
        const int64_t term = order.empty() ? t : order[static_cast<size_t>(t)];
        const int64_t place = term / problem.k;
        const int64_t k = term % problem.k;
        const float *from = filter.data() + (k * places + place) * problem.c;
        std::copy(from, from + problem.c, terms.data() + t * problem.c);
    }
    std::vector<float> dx(static_cast<size_t>(problem.x_elements()));
#pragma omp parallel for schedule(static)
    for (int64_t start = 0; start < pixels; start += BLOCK) {
        const int64_t count = std::min(BLOCK, pixels - start);
        std::vector<float> gathered(static_cast<size_t>(count * depth));
        std::vector<float> in_order(static_cast<size_t>(depth));
        for (int64_t i = 0; i < count; i++) {
            const Pixel input = pixel_at(start + i, problem.h, problem.w);
            float *row = gathered.data() + i * depth;
            for (int64_t r = 0; r < problem.r; r++) {
                for (int64_t s = 0; s < problem.s; s++) {
                    copy_or_zero(output_at(problem, dy, input, r, s), problem.k,
                                 row + (r * problem.s + s) * problem.k);
                }
            }
            if (!order.empty()) {
                for (int64_t t = 0; t < depth; t++) {
                    in_order[static_cast<size_t>(t)] = row[order[static_cast<size_t>(t)]];
                }
                std::copy(in_order.begin(), in_order.end(), row);
            }
        }
        numerics::multiply(count, problem.c, depth, MatrixView{gathered.data(), depth, 1},
                           MatrixView{terms.data(), problem.c, 1}, dx.data() + start * problem.c, problem.c, false);
    }
    return dx;
}

std::vector<float> filter_gradient_sums(const Problem &problem, const std::vector<float> &x,
                                        const std::vector<float> &dy, const std::vector<int64_t> &order) {
    const int64_t pixels = problem.n * problem.p * problem.q;
    const int64_t places = problem.r * problem.s;
    const int64_t depth = places * problem.c;
    std::vector<float> ordered_dy;
    if (!order.empty()) {
        ordered_dy.resize(dy.size());
        for (int64_t i = 0; i < pixels; i++) {
            const float *from = dy.data() + order[static_cast<size_t>(i)] * problem.k;
            std::copy(from, from + problem.k, ordered_dy.data() + i * problem.k);
        }
    }
    const float *dy_data = order.empty() ? dy.data() : ordered_dy.data();
    std::vector<float> dw(static_cast<size_t>(problem.filter_elements()), 0.0f);
    /* A task is a place of the filter and a block of output channels. */
    constexpr int64_t CHANNELS = 16;
    const int64_t channel_blocks = (problem.k + CHANNELS - 1) / CHANNELS;
#pragma omp parallel for schedule(static)
    for (int64_t task = 0; task < places * channel_blocks; task++) {
        const int64_t place = task / channel_blocks;
        const int64_t k = task % channel_blocks * CHANNELS;
        const int64_t channels = std::min(CHANNELS, problem.k - k);
        std::vector<float> gathered(static_cast<size_t>(BLOCK * problem.c));
        for (int64_t start = 0; start < pixels; start += BLOCK) {
            const int64_t count = std::min(BLOCK, pixels - start);
            for (int64_t i = 0; i < count; i++) {
                const int64_t index = order.empty() ? start + i : order[static_cast<size_t>(start + i)];
                copy_or_zero(input_at(problem, x, pixel_at(index, problem.p, problem.q), place / problem.s,
                                      place % problem.s),
                             problem.c, gathered.data() + i * problem.c);
            }
            numerics::multiply(channels, problem.c, count, MatrixView{dy_data + start * problem.k + k, 1, problem.k},
                               MatrixView{gathered.data(), problem.c, 1}, dw.data() + k * depth + place * problem.c,
                               depth, true);
        }
    }
    return dw;
}

} // namespace emulation::cudnn
