package org.swapdistill.backend.cuda;

import org.bytedeco.cuda.global.cudnn;
import org.swapdistill.tensor.DType;

/** Element types in cuDNN's words. */
final class Types {
    private Types() {
    }

    static int of(DType dtype) {
        switch (dtype) {
            case F32:
                return cudnn.CUDNN_DATA_FLOAT;
            case F16:
                return cudnn.CUDNN_DATA_HALF;
            case BF16:
                return cudnn.CUDNN_DATA_BFLOAT16;
            default:
                throw new IllegalArgumentException("dtype is " + dtype + "; expected F32, F16 or BF16");
        }
    }
}
