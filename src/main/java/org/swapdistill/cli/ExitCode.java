package org.swapdistill.cli;

/** What the program's exit code says. */
final class ExitCode {
    /** Done. */
    static final int SUCCESS = 0;
    /** Failed while running: data, checkpoint, disk, divergence. */
    static final int FAILURE = 1;
    /** The command line is wrong. */
    static final int USAGE = 2;
    /** Stopped by Ctrl-C after writing a checkpoint; what the JVM exits with after SIGINT. */
    static final int INTERRUPTED = 130;


    private ExitCode() {
    }
}
