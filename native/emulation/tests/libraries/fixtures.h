/*
 * What tests of the stand-ins use: arrays on the device, descriptors that destroy themselves, random values, and the
 * comparison with a reference in double precision.
 */
#ifndef SWAPDISTILL_EMULATION_TESTS_FIXTURES_H
#define SWAPDISTILL_EMULATION_TESTS_FIXTURES_H

#include <cstdint>
#include <vector>

#include "emulation/numerics/elements.h"
#include "emulation/tests/libraries/test.h"

namespace tests {

emulation::numerics::Type numerics_type(cudnnDataType_t type);

/* The values that the type has for the given ones. */
std::vector<double> rounded(cudnnDataType_t type, std::vector<double> values);

/* count values from -1 to 1 of the type. */
std::vector<double> random_values(cudnnDataType_t type, int64_t count, unsigned seed);

/* An array of a type in device memory. */
class DeviceArray {
  public:
    DeviceArray(cudnnDataType_t type, const std::vector<double> &values);
    /* Filled with NaNs. */
    DeviceArray(cudnnDataType_t type, int64_t count);
    ~DeviceArray();
    DeviceArray(const DeviceArray &) = delete;
    DeviceArray &operator=(const DeviceArray &) = delete;

    void *data() const { return data_; }
    /* The values now, without waiting for streams other than the default one. */
    std::vector<double> values() const;
    std::vector<char> bytes() const;
    void write(const std::vector<double> &values);
    /* Frees the memory early. */
    void free();

  private:
    cudnnDataType_t type_;
    int64_t count_;
    void *data_ = nullptr;
};

struct HandleFixture {
    HandleFixture() { succeed(cudnnCreate(&handle)); }
    ~HandleFixture() { cudnnDestroy(handle); }
    operator cudnnHandle_t() const { return handle; }
    cudnnHandle_t handle = nullptr;
};

struct TensorFixture {
    TensorFixture() { succeed(cudnnCreateTensorDescriptor(&descriptor)); }
    TensorFixture(cudnnTensorFormat_t format, cudnnDataType_t type, int n, int c, int h, int w) : TensorFixture() {
        succeed(cudnnSetTensor4dDescriptor(descriptor, format, type, n, c, h, w));
    }
    ~TensorFixture() { cudnnDestroyTensorDescriptor(descriptor); }
    operator cudnnTensorDescriptor_t() const { return descriptor; }
    cudnnTensorDescriptor_t descriptor = nullptr;
};

struct FilterFixture {
    FilterFixture(cudnnTensorFormat_t format, cudnnDataType_t type, int k, int c, int r, int s) {
        succeed(cudnnCreateFilterDescriptor(&descriptor));
        succeed(cudnnSetFilter4dDescriptor(descriptor, type, format, k, c, r, s));
    }
    ~FilterFixture() { cudnnDestroyFilterDescriptor(descriptor); }
    operator cudnnFilterDescriptor_t() const { return descriptor; }
    cudnnFilterDescriptor_t descriptor = nullptr;
};

struct ConvolutionFixture {
    ConvolutionFixture(int pad, int stride, cudnnMathType_t math_type) {
        succeed(cudnnCreateConvolutionDescriptor(&descriptor));
        succeed(cudnnSetConvolution2dDescriptor(descriptor, pad, pad, stride, stride, 1, 1, CUDNN_CROSS_CORRELATION,
                                                CUDNN_DATA_FLOAT));
        succeed(cudnnSetConvolutionMathType(descriptor, math_type));
    }
    ~ConvolutionFixture() { cudnnDestroyConvolutionDescriptor(descriptor); }
    operator cudnnConvolutionDescriptor_t() const { return descriptor; }
    cudnnConvolutionDescriptor_t descriptor = nullptr;
};

struct PoolingFixture {
    PoolingFixture(cudnnPoolingMode_t mode, int window, int pad, int stride) {
        succeed(cudnnCreatePoolingDescriptor(&descriptor));
        succeed(cudnnSetPooling2dDescriptor(descriptor, mode, CUDNN_PROPAGATE_NAN, window, window, pad, pad, stride,
                                            stride));
    }
    ~PoolingFixture() { cudnnDestroyPoolingDescriptor(descriptor); }
    operator cudnnPoolingDescriptor_t() const { return descriptor; }
    cudnnPoolingDescriptor_t descriptor = nullptr;
};

struct ReluFixture {
    ReluFixture() {
        succeed(cudnnCreateActivationDescriptor(&descriptor));
        succeed(cudnnSetActivationDescriptor(descriptor, CUDNN_ACTIVATION_RELU, CUDNN_PROPAGATE_NAN, 0));
    }
    ~ReluFixture() { cudnnDestroyActivationDescriptor(descriptor); }
    operator cudnnActivationDescriptor_t() const { return descriptor; }
    cudnnActivationDescriptor_t descriptor = nullptr;
};

/* A sum in double precision, and the sum of its terms' absolute values, which bounds the error of the sum in f32. */
struct Sum {
    double value = 0;
    double magnitude = 0;
    void add(double term) {
        value += term;
        magnitude += term < 0 ? -term : term;
    }
};

/* Each actual value must be the sum rounded to the type, within the error of `terms` additions and products in f32. */
void expect_sums(const std::vector<double> &actual, const std::vector<Sum> &expected, int64_t terms,
                 cudnnDataType_t type, const std::string &what);

/* All values equal, bit for bit but for the sign of zero. */
void expect_equal(const std::vector<double> &actual, const std::vector<double> &expected, const std::string &what);

/* Half the distance to the next value of the type, relative to the value. */
double rounding_error(cudnnDataType_t type);

} // namespace tests

#endif
