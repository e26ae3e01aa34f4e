package org.swapdistill.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.swapdistill.backend.cuda.CudaDevices;
import org.swapdistill.kernels.KernelLibrary;

/** The library really says what docs/troubleshooting.md quotes. {@link TroubleshootingOnEmulationTest} has the rest. */
class TroubleshootingTest {
    private static final Path CLASSES = Path.of("target/classes").toAbsolutePath();

    /** Runs what follows, and succeeds if that fails with the status 1. */
    private static final List<String> ENDING_WITH_1 = List.of("sh", "-c", "\"$@\"; test $? = 1", "sh");

    @TempDir
    Path directory;

    @Test
    void everyMessageOfThePageIsProvoked() throws IOException {
        assertEquals(new TreeSet<>(Set.of("no-native-library", "no-javacpp-library", "no-pointer", "no-binding",
                "no-binding-again", "no-cache", "no-exec", "old-glibc", "other-version", "no-threads", "no-onednn",
                "no-onednn-command", "no-bf16", "no-instruction-set", "unknown-instruction-set", "no-cuda-kernels",
                "old-driver", "no-gpu", "old-gpu", "no-code", "no-cuda-libraries")),
                Messages.quoted().keySet());
    }

    @Test
    void withoutTheNativeJar() throws Exception {
        copyClasses(directory, false);
        Messages.assertQuoted("no-native-library", fail("kernels", List.of(), Map.of(), directory, javacpp()));
        Messages.assertQuoted("no-binding", fail("bindings", List.of(), Map.of(), directory, javacpp()));
        Messages.assertQuoted("no-binding-again", fail("bindings again", List.of(), Map.of(), directory, javacpp()));
    }

    @ParameterizedTest
    @CsvSource({"tensor, no-javacpp-library", "buffer, no-javacpp-library", "pointer, no-pointer"})
    void withoutTheNativeJarOfJavacpp(String what, String message) throws Exception {
        copyClasses(directory, false);
        Messages.assertQuoted(message, fail(what, List.of(), Map.of(), directory,
                javacpp().replaceAll("[^" + File.pathSeparator + "]*javacpp-[^" + File.pathSeparator + "]*-linux-[^"
                        + File.pathSeparator + "]*", "")));
    }

    @Test
    void withoutAPlaceToUnpack() throws Exception {
        assumeTrue(Files.isDirectory(Path.of("/proc/self")), "needs a directory in which nothing can be made");
        Path jar = directory.resolve("swapdistill.jar");
        pack(jar);
        String nowhere = "/proc/nothing";
        List<String> options = List.of("-Dorg.bytedeco.javacpp.cachedir=" + nowhere, "-Duser.home=" + nowhere,
                "-Djava.io.tmpdir=" + nowhere);
        Messages.assertQuoted("no-cache", fail("kernels", options, Map.of(), jar, javacpp()));
        Messages.assertQuoted("no-cache", fail("tensor", options, Map.of(), jar, javacpp()));
    }

    @Test
    void withACacheInWhichNothingMayBeExecuted() throws Exception {
        Path jar = directory.resolve("swapdistill.jar");
        pack(jar);
        Path cache = Files.createDirectory(directory.resolve("noexec"));
        List<String> mounted = List.of("unshare", "--map-root-user", "--mount", "sh", "-c",
                "mount -t tmpfs -o noexec tmpfs \"$0\" && exec \"$@\"", cache.toString());
        assumeTrue(mayMount(mounted), "needs permission to mount a file system in a mount namespace");
        Messages.assertQuoted("no-exec", failUnder(mounted, "kernels",
                List.of("-Dorg.bytedeco.javacpp.cachedir=" + cache), Map.of(), jar, javacpp()));
    }

    private static boolean mayMount(List<String> mounted) throws InterruptedException {
        List<String> command = new ArrayList<>(mounted);
        command.add("true");
        try {
            return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    /** A library that asks for a glibc newer than there will ever be. */
    @Test
    void withAnOldGlibc() throws Exception {
        copyClasses(directory, true);
        List<Path> libraries;
        try (Stream<Path> files = Files.walk(directory)) {
            libraries = files.filter(file -> file.endsWith("libjniswapdistill.so")).toList();
        }
        for (Path library : libraries) {
            String bytes = Files.readString(library, StandardCharsets.ISO_8859_1);
            Files.writeString(library, bytes.replaceAll("GLIBC_2\\.[0-9]{2}\0", "GLIBC_2.99\0"),
                    StandardCharsets.ISO_8859_1);
        }
        Messages.assertQuoted("old-glibc", fail("kernels", List.of(), Map.of(), directory, javacpp()));
    }

    @Test
    void withAnotherVersionOfTheNativeJar() throws Exception {
        copyClasses(directory, true);
        Path other = directory.resolve("other.so");
        compile(List.of("-shared", "-fPIC", "-o", other.toString()),
                "extern \"C\" unsigned sd_version() { return 0x6300; }");
        Messages.assertQuoted("other-version",
                fail("kernels", List.of(), Map.of("LD_PRELOAD", other.toString()), directory, javacpp()));
    }

    @Test
    void withoutThreads() throws Exception {
        // A stack larger than the address space.
        Map<String, String> environment = Map.of("OMP_STACKSIZE", "200000G");
        Messages.assertQuoted("no-threads", failUnder(ENDING_WITH_1, "threads", List.of(), environment, CLASSES, javacpp()));
    }

    @Test
    void withoutOneDnn() throws Exception {
        copyClasses(directory, true);
        Messages.assertQuoted("no-onednn", fail("training", List.of(), Map.of(), directory, javacpp()));
        String others = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.contains("dnnl")).collect(Collectors.joining(File.pathSeparator));
        Messages.assertQuoted("no-onednn-command",
                failUnder(ENDING_WITH_1, "command", List.of(), Map.of(), CLASSES, others));
    }

    @Test
    void withoutBf16Arithmetic() throws Exception {
        Messages.assertQuoted("no-bf16", fail("training", List.of(), Map.of("ONEDNN_MAX_CPU_ISA", "AVX2"), CLASSES,
                System.getProperty("java.class.path")));
    }

    @Test
    void withoutAnInstructionSet() throws Exception {
        Map<String, String> environment = Map.of("SWAPDISTILL_MAX_INSTRUCTION_SET", "AVX2");
        Messages.assertQuoted("no-instruction-set", fail("avx512", List.of(), environment, CLASSES, javacpp()));
        environment = Map.of("SWAPDISTILL_MAX_INSTRUCTION_SET", "SSE4");
        Messages.assertQuoted("unknown-instruction-set", fail("avx512", List.of(), environment, CLASSES, javacpp()));
    }

    private void compile(List<String> options, String source) throws IOException, InterruptedException {
        Path file = directory.resolve("source.cpp");
        Files.writeString(file, source);
        List<String> command = new ArrayList<>(List.of("c++"));
        command.addAll(options);
        command.add(file.toString());
        run(command, Map.of());
    }

    @Test
    void withoutCudaKernels() throws IOException {
        String reason = KernelLibrary.cudaUnavailableReason().orElse("");
        assumeFalse(System.getProperty("org.swapdistill.native").endsWith("-gpu"), "this library has CUDA kernels");
        Messages.assertQuoted("no-cuda-kernels", reason);
    }

    @Test
    void withoutTheLibrariesOfCuda() throws IOException {
        String reason = CudaDevices.unavailableReason().orElse("");
        assumeTrue(reason.contains("cannot be loaded"), "CUDA and cuDNN are installed here");
        Messages.assertQuoted("no-cuda-libraries", reason);
    }

    /** Runs {@link Failing} with these on the class path, and this test's classes; gives what it prints. */
    private String fail(String what, List<String> options, Map<String, String> environment, Object... classPath)
            throws IOException, InterruptedException {
        return failUnder(List.of(), what, options, environment, classPath);
    }

    /** The same, started by a program that is given the command behind its own arguments. */
    private String failUnder(List<String> starter, String what, List<String> options, Map<String, String> environment,
            Object... classPath) throws IOException, InterruptedException {
        Path own = directory.resolve("tests/org/swapdistill/docs");
        Files.createDirectories(own);
        Files.copy(Path.of("target/test-classes/org/swapdistill/docs/Failing.class"), own.resolve("Failing.class"),
                StandardCopyOption.REPLACE_EXISTING);
        List<String> command = new ArrayList<>(starter);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of("-cp", directory.resolve("tests") + File.pathSeparator
                + Arrays.stream(classPath).map(Object::toString).collect(Collectors.joining(File.pathSeparator)),
                Failing.class.getName(), what));
        return run(command, environment);
    }

    private static String run(List<String> command, Map<String, String> environment)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        return output;
    }

    /** JavaCPP's own jars of the class path. */
    private static String javacpp() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> entry.contains("javacpp-")).collect(Collectors.joining(File.pathSeparator));
    }

    private static List<Path> classes(boolean libraries) throws IOException {
        try (Stream<Path> files = Files.walk(CLASSES.resolve("org/swapdistill"))) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> file.toString().endsWith(".class") || libraries && file.toString().contains(".so"))
                    .toList();
        }
    }

    private static void copyClasses(Path target, boolean libraries) throws IOException {
        for (Path file : classes(libraries)) {
            Path copy = target.resolve(CLASSES.relativize(file));
            Files.createDirectories(copy.getParent());
            Files.copy(file, copy);
        }
    }

    private static void pack(Path jar) throws IOException {
        try (OutputStream file = Files.newOutputStream(jar); JarOutputStream entries = new JarOutputStream(file)) {
            for (Path each : classes(true)) {
                entries.putNextEntry(new JarEntry(CLASSES.relativize(each).toString()));
                Files.copy(each, entries);
                entries.closeEntry();
            }
        }
    }
}
