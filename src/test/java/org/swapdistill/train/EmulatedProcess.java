package org.swapdistill.train;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import org.bytedeco.javacpp.Loader;

/**
 * What a process on the emulation of CUDA left, which is told by its environment how to behave.
 *
 * @param exit its exit status
 * @param text all that it printed
 */
record EmulatedProcess(int exit, String text) {
    /** Runs a main class on this process's class path; fails if it does not end, or leaves something behind. */
    static EmulatedProcess run(Class<?> main, Map<String, String> environment, Path output, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Dorg.bytedeco.javacpp.platform.extension="
                + System.getProperty("org.bytedeco.javacpp.platform.extension", ""),
            /* JavaCPP links what it loads into its cache; the one that real CUDA uses must not get the emulation. */
            "-Dorg.bytedeco.javacpp.cachedir=" + Loader.getCacheDir(),
            "-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            main.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        Process process = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
        boolean ended = process.waitFor(2, TimeUnit.MINUTES);
        process.destroyForcibly();
        String text = Files.readString(output, StandardCharsets.UTF_8);
        assertTrue(ended, text);
        assertFalse(text.contains("leak: "), text);
        return new EmulatedProcess(process.exitValue(), text);
    }
}
