package org.swapdistill.benchmarks.cases;

/** A loop that the JVM's compiler turns into vector instructions. */
final class JavaSgdArithmetic implements SgdArithmetic {
    @Override
    public void update(float[] value, float[] gradient, float[] velocity, int from, int to, SgdSettings settings) {
        float momentum = settings.momentum();
        float weightDecay = settings.weightDecay();
        float learningRate = settings.learningRate();
        for (int i = from; i < to; i++) {
            float v = momentum * velocity[i] + (gradient[i] + weightDecay * value[i]);
            velocity[i] = v;
            value[i] -= learningRate * v;
        }
    }
}
