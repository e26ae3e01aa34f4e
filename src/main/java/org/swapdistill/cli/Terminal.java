package org.swapdistill.cli;

import java.io.Console;

/** Whether a person watches the output. */
final class Terminal {
    private Terminal() {
    }

    /** Since Java 22 {@link System#console()} is there for redirected output too, and {@code isTerminal} tells. */
    static boolean isPresent() {
        Console console = System.console();
        if (console == null) {
            return false;
        }
        try {
            return (Boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException e) {
            return true;
        }
    }
}
