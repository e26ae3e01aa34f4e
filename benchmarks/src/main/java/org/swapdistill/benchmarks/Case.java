package org.swapdistill.benchmarks;

import java.util.List;

/** One piece of work that is done in several ways. Owns the memory that its contenders use. */
interface Case extends AutoCloseable {

    /** For the table: operation and shape. */
    String name();

    /** The ways, this library's first. */
    List<Contender> contenders();

    /** Bytes that have to be read and written at least, or 0 when arithmetic bounds the work. */
    long idealBytes();

    /** Runs every contender and compares its result with the reference.
     *
     * @throws IllegalStateException when a result is wrong; the message names the contender and the deviation
     */
    void verify();

    @Override
    void close();
}
