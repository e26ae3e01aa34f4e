/* The values of convolutions and of their gradients, against sums in double precision. */
#include <cmath>

#include "emulation/tests/libraries/convolution_fixture.h"

using namespace tests;

namespace {

const ConvolutionSizes SHAPES[] = {
    {2, 16, 9, 7, 20, 3, 1, 1}, /* channels that fill no tile of the matrix product */
    {3, 16, 8, 8, 32, 3, 1, 2}, {1, 3, 17, 13, 5, 7, 3, 2}, {2, 1, 6, 6, 16, 3, 1, 1},
    {2, 16, 5, 5, 8, 1, 0, 2},  {1, 2, 4, 4, 1, 4, 0, 1},
};

struct Types {
    cudnnDataType_t type;
    cudnnMathType_t math_type;
};

const Types TYPES[] = {{CUDNN_DATA_FLOAT, CUDNN_FMA_MATH},
                       {CUDNN_DATA_FLOAT, CUDNN_DEFAULT_MATH},
                       {CUDNN_DATA_HALF, CUDNN_TENSOR_OP_MATH},
                       {CUDNN_DATA_BFLOAT16, CUDNN_TENSOR_OP_MATH}};

bool tf32(const Types &types, int algorithm) {
    return types.type == CUDNN_DATA_FLOAT && types.math_type == CUDNN_DEFAULT_MATH && algorithm == 1;
}

} // namespace

TEST(convolution_forward_matches_the_reference) {
    for (const ConvolutionSizes &sizes : SHAPES) {
        for (const Types &types : TYPES) {
            ConvolutionCase test(sizes, types.type, types.math_type);
            for (int algorithm = 0; algorithm < 2; algorithm++) {
                expect_sums(test.call_forward(algorithm), test.forward(tf32(types, algorithm)),
                            sizes.c * sizes.filter * sizes.filter, types.type, "y");
            }
        }
    }
}

TEST(convolution_data_gradient_matches_the_reference) {
    for (const ConvolutionSizes &sizes : SHAPES) {
        for (const Types &types : TYPES) {
            ConvolutionCase test(sizes, types.type, types.math_type);
            for (int algorithm = 0; algorithm < 2; algorithm++) {
                expect_sums(test.call_data_gradient(algorithm), test.data_gradient(tf32(types, algorithm)),
                            sizes.k * sizes.filter * sizes.filter, types.type, "dx");
            }
        }
    }
}

TEST(convolution_filter_gradient_matches_the_reference) {
    for (const ConvolutionSizes &sizes : SHAPES) {
        for (const Types &types : TYPES) {
            ConvolutionCase test(sizes, types.type, types.math_type);
            for (int algorithm = 0; algorithm < 2; algorithm++) {
                expect_sums(test.call_filter_gradient(algorithm), test.filter_gradient(tf32(types, algorithm)),
                            sizes.n * sizes.p() * sizes.q(), types.type, "dw");
            }
        }
    }
}

TEST(convolution_adds_to_the_output_with_beta) {
    ConvolutionCase test(SHAPES[1], CUDNN_DATA_FLOAT, CUDNN_FMA_MATH);
    const std::vector<double> before = random_values(CUDNN_DATA_FLOAT, static_cast<int64_t>(test.x_values.size()), 9);
    test.dx.write(before);
    std::vector<Sum> expected = test.data_gradient();
    for (size_t i = 0; i < expected.size(); i++) {
        expected[i].value *= 2;
        expected[i].magnitude *= 2;
        expected[i].add(before[i]);
    }
    expect_sums(test.call_data_gradient(1, 2, 1), expected, test.sizes.k * 9 + 1, CUDNN_DATA_FLOAT, "dx");
}

TEST(tf32_cuts_f32_to_ten_bits_of_mantissa_where_it_is_allowed) {
    const ConvolutionSizes sizes = {1, 4, 2, 2, 3, 1, 0, 1};
    const double above = 1 + std::ldexp(1, -12);
    for (const cudnnMathType_t math_type : {CUDNN_DEFAULT_MATH, CUDNN_TENSOR_OP_MATH, CUDNN_FMA_MATH}) {
        ConvolutionCase test(sizes, CUDNN_DATA_FLOAT, math_type);
        test.x.write(std::vector<double>(test.x_values.size(), above));
        test.w.write(std::vector<double>(test.w_values.size(), 1.0));
        const double expected = math_type == CUDNN_FMA_MATH ? 4 * above : 4;
        expect_equal(test.call_forward(1), std::vector<double>(test.dy_values.size(), expected), "y");
        /* IMPLICIT_GEMM does not run on tensor cores. */
        expect_equal(test.call_forward(0), std::vector<double>(test.dy_values.size(), 4 * above), "y");
    }
}

TEST(deterministic_algorithms_repeat_their_bits) {
    ConvolutionCase test({4, 16, 16, 16, 16, 3, 1, 1}, CUDNN_DATA_FLOAT, CUDNN_FMA_MATH);
    expect_equal(test.call_forward(1), test.call_forward(1), "y");
    expect_equal(test.call_data_gradient(1), test.call_data_gradient(1), "dx");
    expect_equal(test.call_filter_gradient(1), test.call_filter_gradient(1), "dw");
}

TEST(algorithms_that_are_not_deterministic_vary) {
    ConvolutionCase test({4, 16, 16, 16, 16, 3, 1, 1}, CUDNN_DATA_FLOAT, CUDNN_FMA_MATH);
    test.call_filter_gradient(0);
    const std::vector<char> first_filter = test.dw.bytes();
    test.call_filter_gradient(0);
    expect(first_filter != test.dw.bytes(), "BWD_FILTER_ALGO_0 gave the same bits twice");
    test.call_data_gradient(0);
    const std::vector<char> first_data = test.dx.bytes();
    test.call_data_gradient(0);
    expect(first_data != test.dx.bytes(), "BWD_DATA_ALGO_0 gave the same bits twice");
}

TEST(results_come_late) {
    ConvolutionCase test({1, 8, 4, 4, 8, 1, 0, 1}, CUDNN_DATA_FLOAT, CUDNN_FMA_MATH);
    cudaStream_t stream;
    succeed(cudaStreamCreateWithFlags(&stream, 1));
    succeed(cudnnSetStream(test.handle, stream));
    const float one = 1, zero = 0;
    succeed(cudnnConvolutionForward(test.handle, &one, test.x_descriptor, test.x.data(), test.filter_descriptor,
                                    test.w.data(), test.convolution, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM,
                                    nullptr, 0, &zero, test.y_descriptor, test.y.data()));
    expect(cudaStreamQuery(stream) == cudaErrorNotReady, "the work ran before anything waited for it");
    succeed(cudaStreamSynchronize(stream));
    expect_sums(test.y.values(), test.forward(), 8, CUDNN_DATA_FLOAT, "y");
    succeed(cudaStreamDestroy(stream));
}

TEST(a_search_lists_what_a_caller_must_not_take) {
    ConvolutionCase test({2, 16, 8, 8, 16, 3, 1, 1}, CUDNN_DATA_HALF, CUDNN_TENSOR_OP_MATH);
    int most = 0;
    succeed(cudnnGetConvolutionBackwardFilterAlgorithmMaxCount(test.handle, &most));
    std::vector<cudnnConvolutionBwdFilterAlgoPerf_t> results(static_cast<size_t>(most));
    int count = 0;
    succeed(cudnnGetConvolutionBackwardFilterAlgorithm_v7(test.handle, test.x_descriptor, test.y_descriptor,
                                                          test.convolution, test.filter_descriptor, most, &count,
                                                          results.data()));
    bool unsupported = false, varying = false, usable = false;
    for (int i = 0; i < count; i++) {
        const auto &result = results[static_cast<size_t>(i)];
        unsupported |= result.status == CUDNN_STATUS_NOT_SUPPORTED;
        varying |= result.status == CUDNN_STATUS_SUCCESS && result.determinism == CUDNN_NON_DETERMINISTIC;
        if (result.status == CUDNN_STATUS_SUCCESS && result.determinism == CUDNN_DETERMINISTIC) {
            usable = true;
            size_t bytes = 0;
            succeed(cudnnSetConvolutionMathType(test.convolution, result.mathType));
            succeed(cudnnGetConvolutionBackwardFilterWorkspaceSize(test.handle, test.x_descriptor, test.y_descriptor,
                                                                   test.convolution, test.filter_descriptor,
                                                                   result.algo, &bytes));
            expect(bytes == result.memory, "the workspace size differs from that of the search");
        }
    }
    expect(unsupported && varying && usable, "one of the three kinds of results is missing");
}

TEST(a_search_by_trying_overwrites_the_output_and_keeps_to_the_workspace) {
    ConvolutionCase test({2, 16, 8, 8, 16, 3, 1, 1}, CUDNN_DATA_FLOAT, CUDNN_FMA_MATH);
    test.call_forward(0);
    DeviceArray workspace(CUDNN_DATA_FLOAT, 4);
    cudnnConvolutionFwdAlgoPerf_t results[16];
    int count = 0;
    succeed(cudnnFindConvolutionForwardAlgorithmEx(test.handle, test.x_descriptor, test.x.data(),
                                                   test.filter_descriptor, test.w.data(), test.convolution,
                                                   test.y_descriptor, test.y.data(), 16, &count, results,
                                                   workspace.data(), 16));
    for (int i = 0; i < count; i++) {
        expect(results[i].status != CUDNN_STATUS_SUCCESS || results[i].memory <= 16,
               "a result needs more workspace than was given");
    }
    expect(std::isnan(test.y.values()[0]), "y was left as it was");
}
