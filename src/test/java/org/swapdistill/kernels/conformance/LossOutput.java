package org.swapdistill.kernels.conformance;

/** The outputs of the distillation loss. */
enum LossOutput { LOSS, LOGITS_GRADIENT, TARGET_GRADIENT, CROSS_ENTROPY, DIVERGENCE, LOG_SUM_EXP, HIT }
