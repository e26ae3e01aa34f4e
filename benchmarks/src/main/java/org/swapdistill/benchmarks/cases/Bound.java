package org.swapdistill.benchmarks.cases;

/**
 * What bounds a piece of work at best.
 *
 * @param kind of which machine limit
 * @param amount bytes that have to be read and written at least, or additions and multiplications; 0 if nothing bounds
 *     it that is worth stating
 */
public record Bound(Kind kind, double amount) {

    /** Which limit of the machine. */
    public enum Kind {
        /** Bytes per second of a copy. */
        MEMORY,
        /** Additions and multiplications per second of an f32 matrix product. */
        ARITHMETIC,
        /** The same of a bf16 matrix product. */
        ARITHMETIC_BF16,
        /** None. */
        NOTHING
    }

    /** Work that moves memory. */
    public static Bound bytes(double bytes) {
        return new Bound(Kind.MEMORY, bytes);
    }

    /** Work that has no bound worth stating. */
    public static Bound nothing() {
        return new Bound(Kind.NOTHING, 0);
    }
}
