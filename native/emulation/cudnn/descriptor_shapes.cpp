/* What calls ask of descriptors: extents, layouts, types, and how they read in messages. */
#include "emulation/cudnn/descriptors.h"

#include <algorithm>

namespace emulation::cudnn {

namespace {

/* Whether the dimensions, given from the slowest to the fastest, follow one another without gaps. */
bool packed(const Tensor &tensor, const int (&order)[4]) {
    int64_t expected = 1;
    for (int i = 3; i >= 0; i--) {
        const int dimension = order[i];
        if (tensor.dims[dimension] != 1 && tensor.strides[dimension] != expected) {
            return false;
        }
        expected *= tensor.dims[dimension];
    }
    return true;
}

} // namespace

int64_t Tensor::extent() const {
    int64_t last = 0;
    for (int i = 0; i < 4; i++) {
        last += (dims[i] - 1) * strides[i];
    }
    return last + 1;
}

bool Tensor::packed_nhwc() const {
    return packed(*this, {0, 2, 3, 1});
}

bool Tensor::packed_nchw() const {
    return packed(*this, {0, 1, 2, 3});
}

bool Tensor::overlapping() const {
    int order[] = {0, 1, 2, 3};
    std::sort(order, order + 4, [&](int a, int b) { return strides[a] < strides[b]; });
    /* Each dimension must step over all that the faster ones reach. */
    int64_t reach = 1;
    for (const int dimension : order) {
        if (dims[dimension] == 1) {
            continue;
        }
        if (strides[dimension] < reach) {
            return true;
        }
        reach += (dims[dimension] - 1) * strides[dimension];
    }
    return false;
}

bool Tensor::same_dims(const Tensor &other) const {
    for (int i = 0; i < 4; i++) {
        if (dims[i] != other.dims[i]) {
            return false;
        }
    }
    return true;
}

bool Tensor::same_strides(const Tensor &other) const {
    for (int i = 0; i < 4; i++) {
        if (strides[i] != other.strides[i]) {
            return false;
        }
    }
    return true;
}

bool Tensor::same(const Tensor &other) const {
    return type == other.type && same_dims(other) && same_strides(other);
}

std::string Tensor::describe() const {
    return text(name_of(type), " [", dims[0], ", ", dims[1], ", ", dims[2], ", ", dims[3], "] strides [", strides[0],
                ", ", strides[1], ", ", strides[2], ", ", strides[3], "]");
}

std::string Filter::describe() const {
    return text(name_of(type), format == CUDNN_TENSOR_NHWC ? " NHWC [" : " NCHW [", k, ", ", c, ", ", h, ", ", w, "]");
}

const char *name_of(cudnnDataType_t type) {
    switch (type) {
        case CUDNN_DATA_FLOAT: return "CUDNN_DATA_FLOAT";
        case CUDNN_DATA_DOUBLE: return "CUDNN_DATA_DOUBLE";
        case CUDNN_DATA_HALF: return "CUDNN_DATA_HALF";
        case CUDNN_DATA_BFLOAT16: return "CUDNN_DATA_BFLOAT16";
    }
    return "an unknown data type";
}

int64_t bytes_of(cudnnDataType_t type) {
    return type == CUDNN_DATA_FLOAT ? 4 : 2;
}

numerics::Type numerics_type(cudnnDataType_t type) {
    return type == CUDNN_DATA_FLOAT  ? numerics::Type::F32
           : type == CUDNN_DATA_HALF ? numerics::Type::F16
                                     : numerics::Type::BF16;
}

void require_type(cudnnDataType_t type, const char *name) {
    require_support(type == CUDNN_DATA_FLOAT || type == CUDNN_DATA_HALF || type == CUDNN_DATA_BFLOAT16, name, " is ",
                    int{type}, "; the emulation has CUDNN_DATA_FLOAT, CUDNN_DATA_HALF and CUDNN_DATA_BFLOAT16");
}

} // namespace emulation::cudnn
