/**
 * Datasets of 8-bit images in one block of memory, their readers, and the batches that training is fed with.
 *
 * <p>{@link org.swapdistill.data.DataSource} finds and reads a dataset, {@link org.swapdistill.data.PairSampler} draws
 * the same-class pairs of an epoch, and {@link org.swapdistill.data.BatchLoader} assembles batches of them while the
 * previous batch trains. Every random choice is a function of a seed and a position, never of what was drawn before.
 */
package org.swapdistill.data;
