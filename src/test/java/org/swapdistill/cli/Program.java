package org.swapdistill.cli;

import java.io.PrintWriter;
import java.io.StringWriter;

/** One run of the program within the test's JVM. */
record Program(int exitCode, String out, String err) {
    static Program run(Object... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] words = new String[arguments.length];
        for (int i = 0; i < words.length; i++) {
            words[i] = arguments[i].toString();
        }
        int code = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), words);
        return new Program(code, out.toString(), err.toString());
    }
}
