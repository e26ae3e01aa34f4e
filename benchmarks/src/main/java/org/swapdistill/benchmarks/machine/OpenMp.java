package org.swapdistill.benchmarks.machine;

/** Threads of the OpenMP runtimes in this process, which oneDNN and libtorch compute with. */
public final class OpenMp {

    private OpenMp() {
    }

    /**
     * Sets the number of threads for parallel regions that the calling thread starts from now on, in every runtime
     * that is loaded.
     *
     * @param threads at least 1
     */
    public static void useThreads(int threads) {
        NativeFunctions.use_openmp_threads(threads);
    }
}
