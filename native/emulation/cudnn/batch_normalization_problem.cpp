#include "emulation/cudnn/batch_normalization_problem.h"

#include <cstring>

namespace emulation::cudnn {

namespace {

constexpr uint64_t WRITTEN = 0x5377617044697374u;

struct ReserveHeader {
    uint64_t written;
    int64_t dims[4];
    int64_t operations;
    uint64_t checksum;
    uint64_t padding;
};

int64_t mask_bytes(const BatchNormalization &problem) {
    return problem.fused() ? (problem.x.elements() + 63) / 64 * 8 : 0;
}

unsigned char *mask_of(void *reserve_space) {
    return static_cast<unsigned char *>(reserve_space) + sizeof(ReserveHeader);
}

const unsigned char *mask_of(const void *reserve_space) {
    return static_cast<const unsigned char *>(reserve_space) + sizeof(ReserveHeader);
}

uint64_t checksum_of(const unsigned char *data, int64_t bytes) {
    uint64_t sum = 0xCBF29CE484222325u;
    for (int64_t i = 0; i < bytes; i++) {
        sum = (sum ^ data[i]) * 0x100000001B3u;
    }
    return sum;
}

} // namespace

int64_t BatchNormalization::workspace_bytes() const {
    if (mode != CUDNN_BATCHNORM_SPATIAL_PERSISTENT) {
        return 0;
    }
    return (x.type == CUDNN_DATA_HALF ? 64 : 32) * channels();
}

int64_t BatchNormalization::reserve_bytes() const {
    if (mode != CUDNN_BATCHNORM_SPATIAL_PERSISTENT || x.type != CUDNN_DATA_HALF) {
        return 0;
    }
    return static_cast<int64_t>(sizeof(ReserveHeader)) + mask_bytes(*this);
}

BatchNormalization state_batch_normalization(cudnnBatchNormMode_t mode, cudnnBatchNormOps_t operations,
                                             cudnnTensorDescriptor_t xDesc,
                                             cudnnActivationDescriptor_t activationDesc) {
    require_parameter(mode >= CUDNN_BATCHNORM_PER_ACTIVATION && mode <= CUDNN_BATCHNORM_SPATIAL_PERSISTENT, "mode is ",
                      int{mode}, ", which is no mode of batch normalization");
    require_support(mode != CUDNN_BATCHNORM_PER_ACTIVATION,
                    "the emulation does not have CUDNN_BATCHNORM_PER_ACTIVATION");
    require_parameter(operations >= CUDNN_BATCHNORM_OPS_BN && operations <= CUDNN_BATCHNORM_OPS_BN_ADD_ACTIVATION,
                      "bnOps is ", int{operations}, ", which is no operation of batch normalization");
    const Tensor x = find_set<Tensor>(xDesc, "xDesc");
    require_support(x.packed_nhwc(), "xDesc is ", x.describe(), "; the emulation normalizes NHWC without gaps only");
    require_support(x.type != CUDNN_DATA_BFLOAT16 || mode == CUDNN_BATCHNORM_SPATIAL, "xDesc is ", x.describe(),
                    "; CUDNN_BATCHNORM_SPATIAL_PERSISTENT is documented for CUDNN_DATA_FLOAT and CUDNN_DATA_HALF");
    if (operations != CUDNN_BATCHNORM_OPS_BN) {
        find_set<Activation>(activationDesc, "activationDesc");
        require_support(mode == CUDNN_BATCHNORM_SPATIAL_PERSISTENT,
                        "mode is CUDNN_BATCHNORM_SPATIAL; operations fused with an activation need "
                        "CUDNN_BATCHNORM_SPATIAL_PERSISTENT");
        require_support(x.type == CUDNN_DATA_HALF, "xDesc is ", x.describe(),
                        "; operations fused with an activation need CUDNN_DATA_HALF");
        require_support(x.dims[1] % 4 == 0, "xDesc is ", x.describe(), ", with ", x.dims[1],
                        " channels; operations fused with an activation need a multiple of 4");
    }
    return {mode, operations, x};
}

void require_like_x(const BatchNormalization &problem, cudnnTensorDescriptor_t descriptor, const char *name) {
    const Tensor tensor = find_set<Tensor>(descriptor, name);
    require_parameter(tensor.type == problem.x.type && tensor.same_dims(problem.x), name, " is ", tensor.describe(),
                      "; expected the type and dimensions of xDesc, ", problem.x.describe());
    require_support(tensor.packed_nhwc(), name, " is ", tensor.describe(),
                    "; the emulation normalizes NHWC without gaps only");
}

void require_statistics(const BatchNormalization &problem, cudnnTensorDescriptor_t descriptor, const char *name) {
    const Tensor tensor = find_set<Tensor>(descriptor, name);
    require_parameter(tensor.type == CUDNN_DATA_FLOAT && tensor.dims[0] == 1 &&
                          tensor.dims[1] == problem.channels() && tensor.dims[2] == 1 && tensor.dims[3] == 1 &&
                          tensor.packed_nchw(),
                      name, " is ", tensor.describe(), "; expected CUDNN_DATA_FLOAT [1, ", problem.channels(),
                      ", 1, 1] without gaps");
}

bool add_spaces(const BatchNormalization &problem, Call &call, void *workspace, size_t workspace_bytes,
                void *reserve_space, size_t reserve_bytes) {
    if (!problem.fused() && workspace == nullptr && workspace_bytes == 0) {
        return false;
    }
    call.workspace("workSpace", workspace, static_cast<int64_t>(workspace_bytes), problem.workspace_bytes());
    const int64_t needed = problem.reserve_bytes();
    require_parameter(static_cast<int64_t>(reserve_bytes) >= needed, "reserveSpace has ", reserve_bytes,
                      " bytes; expected at least ", needed);
    if (needed > 0) {
        call.writes("reserveSpace", reserve_space, needed, 16);
    }
    return needed > 0;
}

void write_reserve(const BatchNormalization &problem, void *reserve_space, const std::vector<float> &y) {
    const int64_t bytes = mask_bytes(problem);
    unsigned char *mask = mask_of(reserve_space);
    std::memset(mask, 0, static_cast<size_t>(bytes));
    if (problem.fused()) {
        for (size_t i = 0; i < y.size(); i++) {
            if (!(y[i] <= 0)) {
                mask[i / 8] = static_cast<unsigned char>(mask[i / 8] | (1u << (i % 8)));
            }
        }
    }
    ReserveHeader header = {};
    header.written = WRITTEN;
    std::memcpy(header.dims, problem.x.dims, sizeof header.dims);
    header.operations = problem.operations;
    header.checksum = checksum_of(mask, bytes);
    std::memcpy(reserve_space, &header, sizeof header);
}

std::string reserve_trouble(const BatchNormalization &problem, const void *reserve_space) {
    ReserveHeader header;
    std::memcpy(&header, reserve_space, sizeof header);
    if (header.written != WRITTEN) {
        return "reserveSpace does not hold what the forward call wrote: it was never filled, or overwritten";
    }
    if (std::memcmp(header.dims, problem.x.dims, sizeof header.dims) != 0 ||
        header.operations != problem.operations) {
        return text("reserveSpace was written for another shape or operation: [", header.dims[0], ", ", header.dims[1],
                    ", ", header.dims[2], ", ", header.dims[3], "], bnOps ", header.operations, "; expected ",
                    problem.x.describe(), ", bnOps ", int{problem.operations});
    }
    if (header.checksum != checksum_of(mask_of(reserve_space), mask_bytes(problem))) {
        return "reserveSpace was changed after the forward call wrote it";
    }
    return "";
}

bool passes(const void *reserve_space, int64_t element) {
    return (mask_of(reserve_space)[element / 8] >> (element % 8)) & 1u;
}

} // namespace emulation::cudnn
