package org.swapdistill.benchmarks.cases;

/** Of SGD; in a network the weight decay applies to convolutions and the last layer's weights. */
record SgdSettings(float learningRate, float momentum, float weightDecay) {
}
