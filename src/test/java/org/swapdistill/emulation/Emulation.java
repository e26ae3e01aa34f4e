package org.swapdistill.emulation;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.swapdistill.kernels.bindings.swapdistill;

/** Control of the emulation of CUDA, where it is loaded; natives are in native/emulation/kernel/java_control.cpp. */
public final class Emulation {
    static {
        Loader.load(swapdistill.class);
    }

    private Emulation() {
    }

    /** Whether CUDA is emulated in this process. */
    public static boolean isLoaded() {
        return System.getProperty("org.swapdistill.emulation") != null;
    }

    /** Chooses the order in which blocks and threads of the launches that follow run. */
    public static native void setSchedulingSeed(long seed);

    /** The faults found since the last call; after it, the device works again. */
    public static List<String> takeReports() {
        List<String> reports = new ArrayList<>();
        for (int i = 0; i < reportCount(); i++) {
            reports.add(new BytePointer(at(reportAddress(i))).getString());
        }
        clearReports();
        return reports;
    }

    /** Calls of a function of CUDA, cuDNN or cuBLAS since the process began. */
    public static long calls(String function) {
        try (BytePointer name = new BytePointer(function)) {
            return callCount(name.address());
        }
    }

    /** The n-th call of a function from now, counted from 1, answers the code without doing anything; 0 for none. */
    public static void fail(String function, long n, int code) {
        try (BytePointer name = new BytePointer(function)) {
            failCall(name.address(), n, code);
        }
    }

    /** What the launches of the work do and move; the work must wait for them. */
    public static Traffic count(Runnable work) {
        takeCounters();
        countRequests(true);
        try {
            work.run();
        } finally {
            countRequests(false);
        }
        LongPointer counters = new LongPointer(at(takeCounters()));
        return new Traffic(counters.get(0), counters.get(1), counters.get(2), counters.get(3), counters.get(4),
            counters.get(5), counters.get(6), counters.get(7), counters.get(8), counters.get(9), counters.get(10),
            counters.get(11), counters.get(12));
    }

    /**
     * Sums over launches: sectors of 32 bytes and requests of a warp to global memory, bytes as the threads asked for
     * them, requests to shared memory and the further passes that they need because of conflicts of banks, barriers of
     * blocks, exponentials, logarithms and divisions.
     */
    public record Traffic(long launches, long loadSectors, long storeSectors, long loadRequests, long storeRequests,
                          long bytesLoaded, long bytesStored, long sharedRequests, long bankConflicts, long barriers,
                          long exponentials, long logarithms, long divisions) {
    }

    private static native long callCount(long function);

    private static native void failCall(long function, long n, int code);

    private static native void countRequests(boolean on);

    private static native long takeCounters();

    private static native int reportCount();

    private static native long reportAddress(int index);

    private static native void clearReports();

    private static Pointer at(long place) {
        return new Pointer() {
            Pointer at() {
                this.address = place;
                return this;
            }
        }.at();
    }
}
