/**
 * The JMH suites and the program of {@code benchmarks.jar}. A {@link org.swapdistill.benchmarks.Suite} does the work
 * of a {@link org.swapdistill.benchmarks.cases.Case} by one implementation; {@link org.swapdistill.benchmarks.Main}
 * runs them, their short form, and comparisons of results.
 */
package org.swapdistill.benchmarks;
