package org.swapdistill.benchmarks.cases;

/** By way of a third array, with the copies that the JVM has for arrays. */
final class JavaPatchExchange implements PatchExchange {
    private byte[] kept = new byte[0];

    @Override
    public void exchange(byte[] a, byte[] b, int at, int count) {
        if (kept.length < count) {
            kept = new byte[count];
        }
        System.arraycopy(a, at, kept, 0, count);
        System.arraycopy(b, at, a, at, count);
        System.arraycopy(kept, 0, b, at, count);
    }
}
