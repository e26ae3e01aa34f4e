/*
 * cudnnPoolingForward and cudnnPoolingBackward in two dimensions, for NHWC tensors. CUDNN_POOLING_MAX is documented as
 * not deterministic in the backward call: the windows' gradients are then added in an order that changes from call to
 * call.
 */
#include <algorithm>
#include <cmath>

#include "emulation/cudnn/call.h"
#include "emulation/cudnn/summation_order.h"

using namespace emulation::cudnn;

namespace {

/* The larger tensor [n, h, w, c] and the pooled one [n, p, q, c]. */
struct Shape {
    int64_t n, h, w, c, p, q;
    Pooling pooling;
    numerics::Type type;

    bool maximum() const {
        return pooling.mode == CUDNN_POOLING_MAX || pooling.mode == CUDNN_POOLING_MAX_DETERMINISTIC;
    }
};

/* The part of a window that lies on the image: rows [top, bottom), columns [left, right). */
struct Window {
    int64_t image, top, bottom, left, right;
    /* What an average divides by. */
    float count;
};

Window window_at(const Shape &shape, int64_t index) {
    const Pooling &pooling = shape.pooling;
    const int64_t row = index / shape.q % shape.p * pooling.stride_h - pooling.pad_h;
    const int64_t column = index % shape.q * pooling.stride_w - pooling.pad_w;
    Window window;
    window.image = index / (shape.p * shape.q);
    window.top = std::max<int64_t>(row, 0);
    window.bottom = std::min(row + pooling.window_h, shape.h);
    window.left = std::max<int64_t>(column, 0);
    window.right = std::min(column + pooling.window_w, shape.w);
    const int64_t inside = (window.bottom - window.top) * (window.right - window.left);
    const bool with_padding = pooling.mode == CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING;
    window.count = static_cast<float>(with_padding ? pooling.window_h * pooling.window_w : inside);
    return window;
}

Shape state_shape(const Pooling &pooling, const Tensor &x, const char *x_name, const Tensor &y, const char *y_name) {
    require_support(x.type == y.type, "the types of ", x_name, " and ", y_name, " are ", name_of(x.type), " and ",
                    name_of(y.type), "; expected one type");
    require_support(x.packed_nhwc(), x_name, " is ", x.describe(), "; the emulation pools NHWC without gaps only");
    require_support(y.packed_nhwc(), y_name, " is ", y.describe(), "; the emulation pools NHWC without gaps only");
    const int64_t p = 1 + (x.dims[2] + 2 * pooling.pad_h - pooling.window_h) / pooling.stride_h;
    const int64_t q = 1 + (x.dims[3] + 2 * pooling.pad_w - pooling.window_w) / pooling.stride_w;
    require_parameter(x.dims[2] + 2 * pooling.pad_h >= pooling.window_h &&
                          x.dims[3] + 2 * pooling.pad_w >= pooling.window_w,
                      "the window ", pooling.window_h, " x ", pooling.window_w, " is larger than the padded ", x_name,
                      " ", x.describe());
    require_parameter(y.dims[0] == x.dims[0] && y.dims[1] == x.dims[1] && y.dims[2] == p && y.dims[3] == q, y_name,
                      " is ", y.describe(), "; expected dimensions [", x.dims[0], ", ", x.dims[1], ", ", p, ", ", q,
                      "]");
    return {x.dims[0], x.dims[2], x.dims[3], x.dims[1], p, q, pooling, numerics_type(x.type)};
}

/* The first element of channel 0 of a pixel of x. */
int64_t pixel(const Shape &shape, int64_t image, int64_t row, int64_t column) {
    return ((image * shape.h + row) * shape.w + column) * shape.c;
}

/* Where the largest value of a window lies; the first of equals; the first NaN before all. */
int64_t largest(const Shape &shape, const Window &window, const std::vector<float> &x, int64_t channel) {
    int64_t best = -1;
    for (int64_t row = window.top; row < window.bottom; row++) {
        for (int64_t column = window.left; column < window.right; column++) {
            const int64_t at = pixel(shape, window.image, row, column) + channel;
            const float value = x[static_cast<size_t>(at)];
            if (best < 0 || value > x[static_cast<size_t>(best)]) {
                best = at;
            }
            if (std::isnan(value)) {
                return at;
            }
        }
    }
    return best;
}

std::vector<float> pool(const Shape &shape, const std::vector<float> &x) {
    const int64_t windows = shape.n * shape.p * shape.q;
    std::vector<float> y(static_cast<size_t>(windows * shape.c), 0.0f);
    for (int64_t index = 0; index < windows; index++) {
        const Window window = window_at(shape, index);
        float *out = y.data() + index * shape.c;
        if (shape.maximum()) {
            for (int64_t channel = 0; channel < shape.c; channel++) {
                out[channel] = x[static_cast<size_t>(largest(shape, window, x, channel))];
            }
            continue;
        }
        for (int64_t row = window.top; row < window.bottom; row++) {
            for (int64_t column = window.left; column < window.right; column++) {
                const float *in = x.data() + pixel(shape, window.image, row, column);
                for (int64_t channel = 0; channel < shape.c; channel++) {
                    out[channel] += in[channel];
                }
            }
        }
        for (int64_t channel = 0; channel < shape.c; channel++) {
            out[channel] /= window.count;
        }
    }
    return y;
}

std::vector<float> pool_gradient(const Shape &shape, const std::vector<float> &x, const std::vector<float> &dy) {
    const int64_t windows = shape.n * shape.p * shape.q;
    std::vector<int64_t> order;
    if (shape.pooling.mode == CUDNN_POOLING_MAX) {
        order = shuffled_order(windows);
    }
    std::vector<float> dx(x.size(), 0.0f);
    for (int64_t i = 0; i < windows; i++) {
        const int64_t index = order.empty() ? i : order[static_cast<size_t>(i)];
        const Window window = window_at(shape, index);
        const float *gradient = dy.data() + index * shape.c;
        if (shape.maximum()) {
            for (int64_t channel = 0; channel < shape.c; channel++) {
                dx[static_cast<size_t>(largest(shape, window, x, channel))] += gradient[channel];
            }
            continue;
        }
        for (int64_t row = window.top; row < window.bottom; row++) {
            for (int64_t column = window.left; column < window.right; column++) {
                float *out = dx.data() + pixel(shape, window.image, row, column);
                for (int64_t channel = 0; channel < shape.c; channel++) {
                    out[channel] += gradient[channel] / window.count;
                }
            }
        }
    }
    return dx;
}

} // namespace

cudnnStatus_t cudnnPoolingForward(cudnnHandle_t handle, cudnnPoolingDescriptor_t poolingDesc, const void *alpha,
                                  cudnnTensorDescriptor_t xDesc, const void *x, const void *beta,
                                  cudnnTensorDescriptor_t yDesc, void *y) {
    return guard(__func__, [&] {
        Call call(handle);
        const Tensor in = find_set<Tensor>(xDesc, "xDesc");
        const Tensor out = find_set<Tensor>(yDesc, "yDesc");
        const Shape shape = state_shape(find_set<Pooling>(poolingDesc, "poolingDesc"), in, "xDesc", out, "yDesc");
        const float alpha_value = scaling_factor(alpha, "alpha");
        const float beta_value = scaling_factor(beta, "beta");
        call.reads("x", x, in).writes("y", y, out).enqueue([=] {
            const std::vector<float> values = numerics::load_all(shape.type, x, in.elements());
            numerics::store_all(shape.type, y, pool(shape, values), alpha_value, beta_value);
        });
    });
}

cudnnStatus_t cudnnPoolingBackward(cudnnHandle_t handle, cudnnPoolingDescriptor_t poolingDesc, const void *alpha,
                                   cudnnTensorDescriptor_t yDesc, const void *y, cudnnTensorDescriptor_t dyDesc,
                                   const void *dy, cudnnTensorDescriptor_t xDesc, const void *x, const void *beta,
                                   cudnnTensorDescriptor_t dxDesc, void *dx) {
    return guard(__func__, [&] {
        Call call(handle);
        const Tensor pooled = find_set<Tensor>(yDesc, "yDesc");
        const Tensor pooled_gradient = find_set<Tensor>(dyDesc, "dyDesc");
        const Tensor in = find_set<Tensor>(xDesc, "xDesc");
        const Tensor gradient = find_set<Tensor>(dxDesc, "dxDesc");
        require_support(pooled.same(pooled_gradient), "yDesc is ", pooled.describe(), " and dyDesc ",
                        pooled_gradient.describe(), "; expected the same");
        require_support(in.same(gradient), "xDesc is ", in.describe(), " and dxDesc ", gradient.describe(),
                        "; expected the same");
        const Shape shape =
            state_shape(find_set<Pooling>(poolingDesc, "poolingDesc"), in, "xDesc", pooled, "yDesc");
        const float alpha_value = scaling_factor(alpha, "alpha");
        const float beta_value = scaling_factor(beta, "beta");
        call.reads("y", y, pooled).reads("dy", dy, pooled).reads("x", x, in).writes("dx", dx, in).enqueue([=] {
            const std::vector<float> values = numerics::load_all(shape.type, x, in.elements());
            const std::vector<float> gradients = numerics::load_all(shape.type, dy, pooled.elements());
            numerics::store_all(shape.type, dx, pool_gradient(shape, values, gradients), alpha_value, beta_value);
        });
    });
}
