package org.swapdistill.emulation;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
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
            reports.add(new Text(reportAddress(i)).getString());
        }
        clearReports();
        return reports;
    }

    private static native int reportCount();

    private static native long reportAddress(int index);

    private static native void clearReports();

    /** A string of the emulation. */
    private static final class Text extends BytePointer {
        Text(long address) {
            super(new Pointer() {
                Pointer at(long place) {
                    this.address = place;
                    return this;
                }
            }.at(address));
        }
    }
}
