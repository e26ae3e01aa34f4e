/**
 * The short form of all suites, and what becomes of results: a JSON file in the format of JMH's, a Markdown page,
 * charts, and the comparison of two files.
 */
package org.swapdistill.benchmarks.report;
