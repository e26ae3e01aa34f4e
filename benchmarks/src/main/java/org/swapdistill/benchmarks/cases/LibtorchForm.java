package org.swapdistill.benchmarks.cases;

/**
 * One way of composing libtorch operations.
 *
 * @param name for tables
 * @param body does the work once
 */
record LibtorchForm(String name, Runnable body) {
}
