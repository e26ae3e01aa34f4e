/**
 * Ownership of native memory, and nothing else: {@link org.swapdistill.tensor.Memory} is a block of bytes on a
 * {@link org.swapdistill.tensor.Device}, {@link org.swapdistill.tensor.Tensor} a typed, shaped, dense window of one.
 *
 * <p>Whoever allocates closes: use try-with-resources. Closing twice is harmless, use after close is an
 * {@link java.lang.IllegalStateException}, and so is closing while a kernel works on the memory. Memory that was
 * forgotten is freed when the garbage collector finds it, and reported as a leak.
 */
package org.swapdistill.tensor;
