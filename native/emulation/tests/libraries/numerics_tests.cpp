/* What results must not depend on: the number of threads, and the processor's instruction set. */
#include <omp.h>

#include <cmath>
#include <limits>

#include "emulation/numerics/tile.h"
#include "emulation/runtime/emulation.h"
#include "emulation/tests/libraries/convolution_fixture.h"

using namespace tests;
namespace numerics = emulation::numerics;

TEST(results_do_not_depend_on_the_number_of_threads) {
    ConvolutionCase test({4, 16, 16, 16, 24, 3, 1, 1}, CUDNN_DATA_FLOAT, CUDNN_FMA_MATH);
    std::vector<std::vector<double>> first;
    for (const int threads : {1, 3}) {
        omp_set_num_threads(threads);
        const std::vector<std::vector<double>> results = {test.call_forward(1), test.call_data_gradient(1),
                                                          test.call_filter_gradient(1)};
        for (size_t i = 0; i < first.size(); i++) {
            expect_equal(results[i], first[i], "result " + std::to_string(i) + " with 3 threads");
        }
        first = results;
    }
}

TEST(results_do_not_depend_on_the_instruction_set) {
    const int64_t depth = 123;
    std::vector<float> a, panel;
    for (const double value : random_values(CUDNN_DATA_FLOAT, depth * numerics::TILE_ROWS, 1)) {
        a.push_back(static_cast<float>(value));
    }
    for (const double value : random_values(CUDNN_DATA_FLOAT, depth * numerics::TILE_COLUMNS, 2)) {
        panel.push_back(static_cast<float>(value));
    }
    const size_t size = numerics::TILE_ROWS * numerics::TILE_COLUMNS;
    std::vector<float> expected(size), actual(size);
    numerics::tile_baseline(depth, a.data(), depth, 1, panel.data(), expected.data());
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        numerics::tile_avx2(depth, a.data(), depth, 1, panel.data(), actual.data());
        expect(actual == expected, "AVX2 gives other bits");
    }
    if (__builtin_cpu_supports("avx512f")) {
        numerics::tile_avx512(depth, a.data(), depth, 1, panel.data(), actual.data());
        expect(actual == expected, "AVX-512 gives other bits");
    }
#endif
}

TEST(tf32_keeps_ten_bits_of_mantissa_rounded_to_nearest) {
    const float ulp = std::ldexp(1.0f, -10);
    expect(numerics::round_to_tf32(1 + ulp) == 1 + ulp, "a value of TF32 was changed");
    expect(numerics::round_to_tf32(1 + 0.49f * ulp) == 1, "was not rounded down");
    expect(numerics::round_to_tf32(1 + 0.5f * ulp) == 1 + ulp, "a tie was not rounded away from zero");
    expect(numerics::round_to_tf32(-1 - 0.5f * ulp) == -1 - ulp, "a tie was not rounded away from zero");
    const float infinity = std::numeric_limits<float>::infinity();
    expect(numerics::round_to_tf32(infinity) == infinity, "infinity was changed");
    expect(std::isnan(numerics::round_to_tf32(std::nanf(""))), "a NaN was changed");
}

TEST(a_failure_that_a_test_asks_for_is_answered_once) {
    ConvolutionCase test({1, 4, 2, 2, 4, 1, 0, 1}, CUDNN_DATA_FLOAT, CUDNN_FMA_MATH);
    const float one = 1, zero = 0;
    const auto call = [&] {
        return cudnnConvolutionForward(test.handle, &one, test.x_descriptor, test.x.data(), test.filter_descriptor,
                                       test.w.data(), test.convolution, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM,
                                       nullptr, 0, &zero, test.y_descriptor, test.y.data());
    };
    emulation_fail_call("cudnnConvolutionForward", 2, CUDNN_STATUS_EXECUTION_FAILED);
    succeed(call());
    expect_status(call(), CUDNN_STATUS_EXECUTION_FAILED, "because a test asked for it");
    succeed(call());
    succeed(cudaDeviceSynchronize());
    cublasHandle_t handle = nullptr;
    emulation_fail_call("cublasCreate_v2", 1, CUBLAS_STATUS_ALLOC_FAILED);
    expect(cublasCreate_v2(&handle) == CUBLAS_STATUS_ALLOC_FAILED, "cublasCreate did not fail");
}
