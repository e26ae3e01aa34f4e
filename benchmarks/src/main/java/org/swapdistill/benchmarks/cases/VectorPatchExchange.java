package org.swapdistill.benchmarks.cases;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorSpecies;

/** With a register of each array. */
final class VectorPatchExchange implements PatchExchange {
    private static final VectorSpecies<Byte> SPECIES = ByteVector.SPECIES_PREFERRED;

    @Override
    public void exchange(byte[] a, byte[] b, int at, int count) {
        int end = at + SPECIES.loopBound(count);
        for (int i = at; i < end; i += SPECIES.length()) {
            ByteVector ofA = ByteVector.fromArray(SPECIES, a, i);
            ByteVector ofB = ByteVector.fromArray(SPECIES, b, i);
            ofB.intoArray(a, i);
            ofA.intoArray(b, i);
        }
        for (int i = end; i < at + count; i++) {
            byte kept = a[i];
            a[i] = b[i];
            b[i] = kept;
        }
    }
}
