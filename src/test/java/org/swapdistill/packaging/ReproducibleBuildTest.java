package org.swapdistill.packaging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
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

    /** Whatever the builder's umask and time zone: jars of the same files are the same. */
    @Test
    void jarsHaveTheSameModesAndTimes() throws Exception {
        Path first = jar("first.jar", 0100770, 9);
        Path second = jar("second.jar", 0100600, 23);
        assertNotEquals(-1, Files.mismatch(first, second));
        run("src/build/SameJars.java", "2026-01-02T03:04:06Z", first.toString(), second.toString());
        assertEquals(-1, Files.mismatch(first, second));
        try (FileSystem jar = FileSystems.newFileSystem(first, Map.of("enablePosixFileAttributes", true))) {
            Path file = jar.getPath("/META-INF/file");
            assertEquals("rw-r--r--", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
            assertEquals(LocalDateTime.of(2026, 1, 2, 3, 4, 6).atZone(ZoneId.systemDefault()).toInstant(),
                    Files.getLastModifiedTime(file).toInstant());
            assertEquals("text", Files.readString(file));
        }
    }

    /** Of a directory and a file, whose mode is written where a jar's directory has it. */
    private Path jar(String name, int mode, int hour) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (String entry : List.of("META-INF/", "META-INF/file")) {
                ZipEntry zipEntry = new ZipEntry(entry);
                zipEntry.setTimeLocal(LocalDateTime.of(2026, 1, 1, hour, 0));
                zip.putNextEntry(zipEntry);
                zip.write((entry.endsWith("/") ? "" : "text").getBytes(StandardCharsets.UTF_8));
            }
        }
        byte[] bytes = out.toByteArray();
        int entry = new String(bytes, StandardCharsets.ISO_8859_1).lastIndexOf("PK\1\2");
        bytes[entry + 5] = 3; // the system that the mode is of: Unix
        bytes[entry + 40] = (byte) mode;
        bytes[entry + 41] = (byte) (mode >> 8);
        return Files.write(directory.resolve(name), bytes);
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
