#include "emulation/tests/libraries/fixtures.h"

#include <cmath>
#include <random>

namespace tests {

namespace numerics = emulation::numerics;

numerics::Type numerics_type(cudnnDataType_t type) {
    return type == CUDNN_DATA_FLOAT  ? numerics::Type::F32
           : type == CUDNN_DATA_HALF ? numerics::Type::F16
                                     : numerics::Type::BF16;
}

namespace {

size_t bytes_of(cudnnDataType_t type) {
    return type == CUDNN_DATA_FLOAT ? 4 : 2;
}

} // namespace

std::vector<double> rounded(cudnnDataType_t type, std::vector<double> values) {
    for (double &value : values) {
        float element = 0;
        numerics::store(numerics_type(type), &element, 0, static_cast<float>(value));
        value = numerics::load(numerics_type(type), &element, 0);
    }
    return values;
}

std::vector<double> random_values(cudnnDataType_t type, int64_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<double> values(static_cast<size_t>(count));
    for (double &value : values) {
        value = static_cast<double>(random()) / 2147483648.0 - 1;
    }
    return rounded(type, values);
}

DeviceArray::DeviceArray(cudnnDataType_t type, const std::vector<double> &values)
    : DeviceArray(type, static_cast<int64_t>(values.size())) {
    write(values);
}

DeviceArray::DeviceArray(cudnnDataType_t type, int64_t count) : type_(type), count_(count) {
    succeed(cudaMalloc(&data_, static_cast<size_t>(count) * bytes_of(type)));
    succeed(cudaMemset(data_, 0xFF, static_cast<size_t>(count) * bytes_of(type)));
    succeed(cudaDeviceSynchronize());
}

DeviceArray::~DeviceArray() {
    if (data_ != nullptr) {
        cudaFree(data_);
    }
}

void DeviceArray::free() {
    succeed(cudaFree(data_));
    data_ = nullptr;
}

std::vector<char> DeviceArray::bytes() const {
    std::vector<char> copy(static_cast<size_t>(count_) * bytes_of(type_));
    succeed(cudaMemcpy(copy.data(), data_, copy.size(), cudaMemcpyDeviceToHost));
    return copy;
}

std::vector<double> DeviceArray::values() const {
    const std::vector<char> copy = bytes();
    std::vector<double> values(static_cast<size_t>(count_));
    for (int64_t i = 0; i < count_; i++) {
        values[static_cast<size_t>(i)] = numerics::load(numerics_type(type_), copy.data(), i);
    }
    return values;
}

void DeviceArray::write(const std::vector<double> &values) {
    std::vector<char> copy(static_cast<size_t>(count_) * bytes_of(type_));
    for (int64_t i = 0; i < count_; i++) {
        numerics::store(numerics_type(type_), copy.data(), i, static_cast<float>(values[static_cast<size_t>(i)]));
    }
    succeed(cudaMemcpy(data_, copy.data(), copy.size(), cudaMemcpyHostToDevice));
    /* A copy from pageable memory returns before it has arrived. */
    succeed(cudaDeviceSynchronize());
}

double rounding_error(cudnnDataType_t type) {
    return type == CUDNN_DATA_FLOAT ? std::ldexp(1, -24) : type == CUDNN_DATA_HALF ? std::ldexp(1, -11)
                                                                                   : std::ldexp(1, -8);
}

void expect_sums(const std::vector<double> &actual, const std::vector<Sum> &expected, int64_t terms,
                 cudnnDataType_t type, const std::string &what) {
    expect(actual.size() == expected.size(), what + " has another number of elements than the reference");
    for (size_t i = 0; i < actual.size(); i++) {
        const double in_f32 = expected[i].magnitude * static_cast<double>(terms + 2) * std::ldexp(1, -24);
        const double bound = in_f32 + (std::fabs(expected[i].value) + in_f32) * rounding_error(type) +
                             std::ldexp(1, -25);
        expect(std::fabs(actual[i] - expected[i].value) <= bound,
               what + " is " + std::to_string(actual[i]) + " at " + std::to_string(i) + "; expected " +
                   std::to_string(expected[i].value) + " +- " + std::to_string(bound));
    }
}

void expect_equal(const std::vector<double> &actual, const std::vector<double> &expected, const std::string &what) {
    expect(actual.size() == expected.size(), what + " has another number of elements than expected");
    for (size_t i = 0; i < actual.size(); i++) {
        const bool equal = actual[i] == expected[i] || (std::isnan(actual[i]) && std::isnan(expected[i]));
        expect(equal, what + " is " + std::to_string(actual[i]) + " at " + std::to_string(i) + "; expected " +
                          std::to_string(expected[i]));
    }
}

} // namespace tests
