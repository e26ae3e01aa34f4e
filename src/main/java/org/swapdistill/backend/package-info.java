/**
 * What a network asks of a computing device: operations of fixed shape, recorded once and run many times.
 *
 * <p>{@link org.swapdistill.backend.GraphBuilder} records, {@link org.swapdistill.backend.Graph} runs; a
 * {@link org.swapdistill.backend.Backend} makes builders. Everything that a step needs is created when the graph is
 * built, and lies in one block of memory planned by {@link org.swapdistill.backend.MemoryPlan}.
 */
package org.swapdistill.backend;
