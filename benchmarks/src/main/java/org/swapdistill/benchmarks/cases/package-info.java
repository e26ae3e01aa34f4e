/**
 * The work that is measured, and everybody who does it. A {@link org.swapdistill.benchmarks.cases.Case} is one piece of
 * work; a {@link org.swapdistill.benchmarks.cases.Contender} is one way of doing it, of one
 * {@link org.swapdistill.benchmarks.cases.Implementation}. Every contender compares its result with the reference
 * before it is timed.
 */
package org.swapdistill.benchmarks.cases;
