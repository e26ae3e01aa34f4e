/**
 * Measurements of this library against libtorch (JavaCPP PyTorch) and the machine's copy bandwidth.
 *
 * <p>{@link org.swapdistill.benchmarks.PeerComparison} is the program. A {@link org.swapdistill.benchmarks.Case} is one
 * piece of work with several {@link org.swapdistill.benchmarks.Contender}s; every contender's result is compared with a
 * plain reference in double precision before anything is timed.
 */
package org.swapdistill.benchmarks;
