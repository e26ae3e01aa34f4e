/**
 * Training of one student: configuration, objectives, learning rates, the loop, evaluation and checkpoints. A run is a
 * function of its configuration, images, backend and thread count, to the bit, also when it is interrupted and resumed.
 *
 * <p>Wrong configurations are {@link java.lang.IllegalArgumentException}s that name the value and what was expected;
 * files that cannot be read or written are {@link java.io.IOException}s; training that has diverged is a
 * {@link org.swapdistill.train.NonFiniteException}.
 */
package org.swapdistill.train;
