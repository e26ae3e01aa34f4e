package org.swapdistill.benchmarks.cases;

/** Exchanges bytes of two arrays; one object for each thread. */
interface PatchExchange {
    /** Exchanges {@code a[at .. at + count)} and {@code b[at .. at + count)}. */
    void exchange(byte[] a, byte[] b, int at, int count);
}
