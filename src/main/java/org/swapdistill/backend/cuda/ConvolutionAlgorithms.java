package org.swapdistill.backend.cuda;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.cuda.cudnn.cudnnConvolutionBwdDataAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionBwdFilterAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionFwdAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionStruct;
import org.bytedeco.cuda.cudnn.cudnnFilterStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Memory;

/**
 * The algorithms of a backend's convolutions, found once for each shape: the first of cuDNN's list, by its heuristics
 * or by timing, that is deterministic, computes as the options allow and keeps within the workspace limit. Not thread
 * safe.
 */
final class ConvolutionAlgorithms {
    private final CudaBackend backend;
    private final Map<Key, ConvolutionAlgorithm> found = new HashMap<>();

    private record Key(ConvolutionKind kind, ConvolutionShape shape) {
    }

    /** One entry of cuDNN's list. */
    private record Candidate(int number, int status, long bytes, int determinism, int mathType) {
    }

    ConvolutionAlgorithms(CudaBackend backend) {
        this.backend = backend;
    }

    /** The math type that the options ask for. */
    static int mathType(CudaOptions options) {
        if (options.computeType() != DType.F32) {
            return cudnn.CUDNN_TENSOR_OP_MATH;
        }
        return options.tensorFloat32() ? cudnn.CUDNN_DEFAULT_MATH : cudnn.CUDNN_FMA_MATH;
    }

    /**
     * The algorithm for a convolution.
     *
     * @throws CudaException if there is none
     */
    ConvolutionAlgorithm find(ConvolutionKind kind, ConvolutionShape shape) {
        Key key = new Key(kind, shape);
        ConvolutionAlgorithm known = found.get(key);
        if (known == null) {
            known = choose(kind, shape);
            found.put(key, known);
        }
        return known;
    }

    private ConvolutionAlgorithm choose(ConvolutionKind kind, ConvolutionShape shape) {
        CudaOptions options = backend.options();
        int wanted = mathType(options);
        try (Descriptors descriptors = new Descriptors()) {
            Problem problem = new Problem(kind, shape, options, descriptors);
            for (Candidate candidate : options.autotune() ? problem.timed() : problem.listed()) {
                boolean usable = candidate.status == cudnn.CUDNN_STATUS_SUCCESS
                        && candidate.determinism == cudnn.CUDNN_DETERMINISTIC
                        && candidate.bytes <= options.workspaceLimit()
                        && candidate.mathType != cudnn.CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION;
                if (!usable) {
                    continue;
                }
                int mathType = wanted == cudnn.CUDNN_FMA_MATH ? wanted : candidate.mathType;
                long bytes = problem.workspaceBytes(candidate.number, mathType);
                if (bytes >= 0 && bytes <= options.workspaceLimit()) {
                    return new ConvolutionAlgorithm(candidate.number, mathType, bytes);
                }
            }
        }
        throw new CudaException("cuDNN has no deterministic algorithm for the convolution " + kind + " of " + shape
                + " in " + options.computeType() + " within a workspace of " + options.workspaceLimit()
                + " bytes; a larger workspaceLimit may help");
    }

    /** One convolution in cuDNN's words. */
    private final class Problem {
        private final ConvolutionKind kind;
        private final ConvolutionShape shape;
        private final DType type;
        private final cudnnTensorStruct x;
        private final cudnnTensorStruct y;
        private final cudnnFilterStruct w;
        private final cudnnConvolutionStruct convolution;

        Problem(ConvolutionKind kind, ConvolutionShape shape, CudaOptions options, Descriptors descriptors) {
            this.kind = kind;
            this.shape = shape;
            type = options.computeType();
            x = descriptors.nhwc(type, shape.batchSize(), shape.channels(), shape.height(), shape.width());
            y = descriptors.nhwc(type, shape.batchSize(), shape.outputs(), shape.window().outputSize(shape.height()),
                    shape.window().outputSize(shape.width()));
            w = descriptors.filter(type, shape.outputs(), shape.channels(), shape.window().kernel());
            convolution = descriptors.convolution(shape.window(), mathType(options));
        }

        /** By cuDNN's heuristics, expected fastest first. */
        List<Candidate> listed() {
            int[] most = new int[1];
            int[] count = new int[1];
            switch (kind) {
                case FORWARD:
                    Status.cudnn(cudnn.cudnnGetConvolutionForwardAlgorithmMaxCount(backend.dnn(), most),
                            "cudnnGetConvolutionForwardAlgorithmMaxCount");
                    try (var results = new cudnnConvolutionFwdAlgoPerf_t(most[0])) {
                        Status.cudnn(cudnn.cudnnGetConvolutionForwardAlgorithm_v7(backend.dnn(), x, w, convolution, y,
                                most[0], count, results), "cudnnGetConvolutionForwardAlgorithm_v7");
                        return candidates(results, count[0]);
                    }
                case TO_DATA:
                    Status.cudnn(cudnn.cudnnGetConvolutionBackwardDataAlgorithmMaxCount(backend.dnn(), most),
                            "cudnnGetConvolutionBackwardDataAlgorithmMaxCount");
                    try (var results = new cudnnConvolutionBwdDataAlgoPerf_t(most[0])) {
                        Status.cudnn(cudnn.cudnnGetConvolutionBackwardDataAlgorithm_v7(backend.dnn(), w, y,
                                convolution, x, most[0], count, results),
                                "cudnnGetConvolutionBackwardDataAlgorithm_v7");
                        return candidates(results, count[0]);
                    }
                default:
                    Status.cudnn(cudnn.cudnnGetConvolutionBackwardFilterAlgorithmMaxCount(backend.dnn(), most),
                            "cudnnGetConvolutionBackwardFilterAlgorithmMaxCount");
                    try (var results = new cudnnConvolutionBwdFilterAlgoPerf_t(most[0])) {
                        Status.cudnn(cudnn.cudnnGetConvolutionBackwardFilterAlgorithm_v7(backend.dnn(), x, y,
                                convolution, w, most[0], count, results),
                                "cudnnGetConvolutionBackwardFilterAlgorithm_v7");
                        return candidates(results, count[0]);
                    }
            }
        }

        /** Timed on the device, fastest first. */
        List<Candidate> timed() {
            int most = 16;
            int[] count = new int[1];
            int bytes = type.bytes();
            long limit = backend.options().workspaceLimit();
            DeviceMemory pool = backend.memory();
            try (Memory xs = pool.allocate(shape.inputElements() * bytes);
                    Memory ws = pool.allocate(shape.weightElements() * bytes);
                    Memory ys = pool.allocate(shape.outputElements() * bytes);
                    Memory space = pool.allocate(limit)) {
                Pointer px = new DevicePointer(xs.address());
                Pointer pw = new DevicePointer(ws.address());
                Pointer py = new DevicePointer(ys.address());
                Pointer workspace = new DevicePointer(space.address());
                switch (kind) {
                    case FORWARD:
                        try (var results = new cudnnConvolutionFwdAlgoPerf_t(most)) {
                            Status.cudnn(cudnn.cudnnFindConvolutionForwardAlgorithmEx(backend.dnn(), x, px, w, pw,
                                    convolution, y, py, most, count, results, workspace, limit),
                                    "cudnnFindConvolutionForwardAlgorithmEx");
                            return candidates(results, count[0]);
                        }
                    case TO_DATA:
                        try (var results = new cudnnConvolutionBwdDataAlgoPerf_t(most)) {
                            Status.cudnn(cudnn.cudnnFindConvolutionBackwardDataAlgorithmEx(backend.dnn(), w, pw, y, py,
                                    convolution, x, px, most, count, results, workspace, limit),
                                    "cudnnFindConvolutionBackwardDataAlgorithmEx");
                            return candidates(results, count[0]);
                        }
                    default:
                        try (var results = new cudnnConvolutionBwdFilterAlgoPerf_t(most)) {
                            Status.cudnn(cudnn.cudnnFindConvolutionBackwardFilterAlgorithmEx(backend.dnn(), x, px, y,
                                    py, convolution, w, pw, most, count, results, workspace, limit),
                                    "cudnnFindConvolutionBackwardFilterAlgorithmEx");
                            return candidates(results, count[0]);
                        }
                }
            }
        }

        /** What cuDNN asks for; negative if it does not support the combination. */
        long workspaceBytes(int algorithm, int mathType) {
            Status.cudnn(cudnn.cudnnSetConvolutionMathType(convolution, mathType), "cudnnSetConvolutionMathType");
            try (SizeTPointer size = new SizeTPointer(1)) {
                int status;
                switch (kind) {
                    case FORWARD:
                        status = cudnn.cudnnGetConvolutionForwardWorkspaceSize(backend.dnn(), x, w, convolution, y,
                                algorithm, size);
                        break;
                    case TO_DATA:
                        status = cudnn.cudnnGetConvolutionBackwardDataWorkspaceSize(backend.dnn(), w, y, convolution,
                                x, algorithm, size);
                        break;
                    default:
                        status = cudnn.cudnnGetConvolutionBackwardFilterWorkspaceSize(backend.dnn(), x, y,
                                convolution, w, algorithm, size);
                }
                return status == cudnn.CUDNN_STATUS_SUCCESS ? size.get() : -1;
            }
        }
    }

    private static List<Candidate> candidates(cudnnConvolutionFwdAlgoPerf_t results, int count) {
        List<Candidate> list = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            results.position(i);
            list.add(new Candidate(results.algo(), results.status(), results.memory(), results.determinism(),
                    results.mathType()));
        }
        results.position(0);
        return list;
    }

    private static List<Candidate> candidates(cudnnConvolutionBwdDataAlgoPerf_t results, int count) {
        List<Candidate> list = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            results.position(i);
            list.add(new Candidate(results.algo(), results.status(), results.memory(), results.determinism(),
                    results.mathType()));
        }
        results.position(0);
        return list;
    }

    private static List<Candidate> candidates(cudnnConvolutionBwdFilterAlgoPerf_t results, int count) {
        List<Candidate> list = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            results.position(i);
            list.add(new Candidate(results.algo(), results.status(), results.memory(), results.determinism(),
                    results.mathType()));
        }
        results.position(0);
        return list;
    }
}
