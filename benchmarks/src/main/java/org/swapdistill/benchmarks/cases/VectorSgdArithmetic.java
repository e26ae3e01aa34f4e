package org.swapdistill.benchmarks.cases;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** In registers. */
final class VectorSgdArithmetic implements SgdArithmetic {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

    private final JavaSgdArithmetic rest = new JavaSgdArithmetic();

    @Override
    public void update(float[] value, float[] gradient, float[] velocity, int from, int to, SgdSettings settings) {
        FloatVector momentum = FloatVector.broadcast(SPECIES, settings.momentum());
        FloatVector weightDecay = FloatVector.broadcast(SPECIES, settings.weightDecay());
        FloatVector learningRate = FloatVector.broadcast(SPECIES, -settings.learningRate());
        int end = from + SPECIES.loopBound(to - from);
        for (int i = from; i < end; i += SPECIES.length()) {
            FloatVector old = FloatVector.fromArray(SPECIES, value, i);
            FloatVector v = FloatVector.fromArray(SPECIES, velocity, i).fma(momentum,
                    old.fma(weightDecay, FloatVector.fromArray(SPECIES, gradient, i)));
            v.intoArray(velocity, i);
            v.fma(learningRate, old).intoArray(value, i);
        }
        rest.update(value, gradient, velocity, end, to, settings);
    }
}
