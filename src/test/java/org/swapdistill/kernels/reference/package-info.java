/**
 * The kernels once more, in plain Java and double precision, written from the formulas of the C header alone.
 * The conformance tests compare every backend with it.
 *
 * <p>Values of {@code f16} and {@code bf16} arrays are converted exactly before they come here. Where the tests need
 * a yardstick for rounding errors, a class named {@code Naive...} computes the same in {@code float} the way a
 * textbook would: a kernel may be a small factor worse than that, plus a few units in the last place.
 */
package org.swapdistill.kernels.reference;
