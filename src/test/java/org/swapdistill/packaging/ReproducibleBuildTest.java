package org.swapdistill.packaging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes into the jars depends on neither the place nor the time of the build. */
class ReproducibleBuildTest {
    /** Where CMake has built the library; called like the variant. */
    private static final Path NATIVE = Path.of(System.getProperty("org.swapdistill.native"));
    private static final String VARIANT = NATIVE.getFileName().toString();
    private static final String BINDINGS = "org/swapdistill/kernels/bindings";
    private static final Path LIBRARIES = Path.of("target/classes", BINDINGS, VARIANT);

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"libswapdistill.so", "libjniswapdistill.so"})
    void librariesDoNotNameTheDirectoryOfTheBuild(String library) throws IOException {
        String bytes = Files.readString(LIBRARIES.resolve(library), StandardCharsets.ISO_8859_1);
        assertFalse(bytes.contains(Path.of("").toAbsolutePath().toString()));
        // nvcc names kernels in one after the directory; see native/cuda/launch.h.
        assertFalse(bytes.contains("_GLOBAL__N__"), "an anonymous namespace");
    }

    /** JavaCPP's generator in a JVM with something else in its memory, and what pom.xml sorts its result with. */
    @ParameterizedTest
    @ValueSource(ints = {0, 60_000})
    void theSourcesOfTheJniLibraryAreTheSameAgain(int lengthOfClassPath) throws Exception {
        String more = File.pathSeparator + "x".repeat(lengthOfClassPath);
        run("-cp", System.getProperty("java.class.path") + more, "org.bytedeco.javacpp.tools.Builder", "-nocompile",
                "-nodelete", "-classpath", "target/classes", "-d", directory.toString(),
                "-Dplatform.extension=" + (VARIANT.endsWith("-gpu") ? "-gpu" : ""),
                "org.swapdistill.kernels.bindings.*");
        run("src/build/SortJniFunctions.java", directory.resolve("jniswapdistill.cpp").toString());
        Path sources = Path.of("target/generated-sources/jni", VARIANT);
        for (String file : List.of("jnijavacpp.cpp", "jniswapdistill.cpp")) {
            assertEquals(Files.readString(sources.resolve(file)), Files.readString(directory.resolve(file)));
        }
    }

    private void run(String... arguments) throws Exception {
        Path log = directory.resolve("log");
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        assertEquals(0, process.waitFor(), () -> read(log));
    }

    private static String read(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
