/**
 * The CUDA backend: cuDNN and cuBLAS, through the JavaCPP Presets.
 *
 * <p>Activations are NHWC from the images to the logits, weights KRSC. Everything that a step needs is described and
 * placed when a graph is built; a step only queues calls on one stream. Every algorithm is a deterministic one.
 */
package org.swapdistill.backend.cuda;
