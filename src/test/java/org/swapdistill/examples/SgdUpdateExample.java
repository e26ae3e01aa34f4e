package org.swapdistill.examples;

import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.SgdUpdate;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/** The code of docs/operations/sgd-update.md. */
final class SgdUpdateExample {
    private SgdUpdateExample() {
    }

    /** A layer's weights decay, its biases do not. */
    static final class Optimizer implements AutoCloseable {
        private final SgdUpdate update = SgdUpdate.builder().momentum(0.9f).nesterov(true).build();
        private final Tensor weightVelocity;
        private final Tensor biasVelocity;
        private final SgdUpdate.Parameters parameters;

        Optimizer(Tensor weight, Tensor weightGradient, Tensor bias, Tensor biasGradient) {
            weightVelocity = Tensor.allocate(DType.F32, weight.shape());
            biasVelocity = Tensor.allocate(DType.F32, bias.shape());
            parameters = SgdUpdate.Parameters.builder()
                .add(weight, weightGradient, weightVelocity, null, 5e-4f)
                .add(bias, biasGradient, biasVelocity, null, 0)
                .build();
        }

        /** Updates all parameters with what lies in their gradients. */
        void step(float learningRate) {
            update.apply(Execution.cpu(), learningRate, 1, parameters);
        }

        @Override
        public void close() {
            weightVelocity.close();
            biasVelocity.close();
        }
    }
}
