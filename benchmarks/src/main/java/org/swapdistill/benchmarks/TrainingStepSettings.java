package org.swapdistill.benchmarks;

/** Of SGD: the weight decay applies to convolutions and the last layer's weights. */
record TrainingStepSettings(double learningRate, double momentum, double weightDecay) {
}
