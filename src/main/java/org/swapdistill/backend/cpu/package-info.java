/**
 * The CPU backend: oneDNN, through the JavaCPP Presets.
 *
 * <p>Activations stay in the channel-blocked layout of the processor's vector width from the first convolution to the
 * logits; weights are kept in the layout that the forward convolution asks for. All primitives, their argument maps and
 * memory objects are created when the graph is built.
 */
package org.swapdistill.backend.cpu;
