package org.swapdistill;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A main class to be run in a JVM of its own, with this one's class path and platform unless something else is said. */
public final class ChildJvm {
    private static final int SECONDS = 180;

    private final Class<?> main;
    private final List<String> options = new ArrayList<>();
    private final Map<String, String> properties = new LinkedHashMap<>();
    private final Map<String, String> environment = new LinkedHashMap<>();
    private String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

    private ChildJvm(Class<?> main) {
        this.main = main;
        for (String name : List.of("org.bytedeco.javacpp.platform.extension", "org.bytedeco.javacpp.cachedir")) {
            if (System.getProperty(name) != null) {
                properties.put(name, System.getProperty(name));
            }
        }
    }

    /** Nothing is started yet. */
    public static ChildJvm of(Class<?> main) {
        return new ChildJvm(main);
    }

    /** The entries of this JVM's class path. */
    public static List<Path> ownClassPath() {
        String text = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<Path> entries = new ArrayList<>();
        for (String entry : text.split(java.io.File.pathSeparator)) {
            entries.add(Path.of(entry));
        }
        return entries;
    }

    /** Replaces the class path. */
    public ChildJvm classPath(List<Path> entries) {
        classPath = String.join(java.io.File.pathSeparator, entries.stream().map(Path::toString).toList());
        return this;
    }

    /** Adds an option of the JVM. */
    public ChildJvm option(String value) {
        options.add(value);
        return this;
    }

    /** Sets a system property. */
    public ChildJvm property(String name, String value) {
        properties.put(name, value);
        return this;
    }

    /** Sets a variable of the environment; null takes it away. */
    public ChildJvm environment(String name, String value) {
        environment.put(name, value);
        return this;
    }

    /** What a process left: its exit status, and what it printed to both streams. */
    public record Outcome(int status, String output) {
    }

    /** Runs it to its end. */
    public Outcome run(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        // Without it later JVMs warn when JavaCPP loads a library.
        command.add("--enable-native-access=ALL-UNNAMED");
        command.addAll(options);
        properties.forEach((name, value) -> command.add("-D" + name + "=" + value));
        command.addAll(List.of("-cp", classPath, main.getName()));
        command.addAll(List.of(arguments));
        Path output = Files.createTempFile("child", ".txt");
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true)
                    .redirectOutput(output.toFile());
            builder.environment().put("OMP_WAIT_POLICY", "passive");
            environment.forEach((name, value) -> {
                if (value == null) {
                    builder.environment().remove(name);
                } else {
                    builder.environment().put(name, value);
                }
            });
            Process process = builder.start();
            boolean ended = process.waitFor(SECONDS, TimeUnit.SECONDS);
            process.destroyForcibly();
            String text = Files.readString(output, StandardCharsets.UTF_8);
            if (!ended) {
                throw new AssertionError("not finished after " + SECONDS + " seconds:\n" + text);
            }
            return new Outcome(process.exitValue(), text);
        } finally {
            Files.delete(output);
        }
    }
}
