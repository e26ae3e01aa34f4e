package org.swapdistill.packaging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.swapdistill.ChildJvm;
import org.swapdistill.kernels.KernelLibrary;

/** The library as C and C++ programs get it: installed by CMake, found by find_package, checked by the loader. */
class CmakePackageTest {
    private static final Path BUILD = Path.of(System.getProperty("org.swapdistill.native"));
    private static final Path SOURCES = Path.of("native");

    @TempDir
    static Path directory;
    private static Path prefix;
    private static Path examples;

    /** What a command wrote to both streams, and how it ended. */
    private record Outcome(int status, String output) {
        Outcome requireSuccess() {
            assertEquals(0, status, output);
            return this;
        }

        /** CMake breaks lines between words. */
        String words() {
            return output.replaceAll("\\s+", " ");
        }
    }

    @BeforeAll
    static void installAndBuildTheExamples() throws IOException, InterruptedException {
        Path first = directory.resolve("first");
        run("cmake", "--install", BUILD.toString(), "--prefix", first.toString()).requireSuccess();
        // What is installed may be moved.
        prefix = Files.move(first, directory.resolve("installed"));
        examples = directory.resolve("examples");
        String strict = " -Wall -Wextra -Wpedantic -Werror";
        run("cmake", "-S", SOURCES.resolve("examples").toString(), "-B", examples.toString(),
            "-DCMAKE_PREFIX_PATH=" + prefix, "-DCMAKE_C_FLAGS=-std=c99" + strict, "-DCMAKE_CXX_FLAGS=" + strict)
            .requireSuccess();
        run("cmake", "--build", examples.toString()).requireSuccess();
    }

    @Test
    void programsInCAndCppFindTheInstalledLibraryAndRun() throws IOException, InterruptedException {
        String swapped = run(examples.resolve("patch_swap").toString()).requireSuccess().output();
        assertEquals("first image\n B B a a a a\n B B a a a a\n a a a a B B\n a a a a B B\n"
            + "second image\n a a B B B B\n a a B B B B\n B B B B a a\n B B B B a a\n", swapped);
        String loss = run(examples.resolve("distillation_loss").toString()).requireSuccess().output();
        assertEquals(lossOfTheExample(), Double.parseDouble(loss.lines().findFirst().orElseThrow().substring(5)), 1e-5);
    }

    /** Cross-entropy of both, and T^2 times the sum of both divergences, halved; mean of the rows. */
    private static double lossOfTheExample() {
        double[][] a = {{2, 0, -1}, {0, 1, 3}};
        double[][] b = {{1, 1, -2}, {-1, 0, 2}};
        int[] labels = {0, 2};
        double sum = 0;
        for (int row = 0; row < 2; row++) {
            double[] softA = softmax(a[row], 4);
            double[] softB = softmax(b[row], 4);
            double divergence = 0;
            for (int k = 0; k < 3; k++) {
                divergence += (softA[k] - softB[k]) * Math.log(softA[k] / softB[k]);
            }
            sum += 0.5 * (-Math.log(softmax(a[row], 1)[labels[row]]) - Math.log(softmax(b[row], 1)[labels[row]])
                + 16 * divergence);
        }
        return sum / 2;
    }

    private static double[] softmax(double[] logits, double temperature) {
        double[] powers = Arrays.stream(logits).map(z -> Math.exp(z / temperature)).toArray();
        double sum = Arrays.stream(powers).sum();
        return Arrays.stream(powers).map(power -> power / sum).toArray();
    }

    @Test
    void theComponentCudaIsThereWithItsKernelsAlone() throws IOException, InterruptedException {
        boolean built = Files.readString(BUILD.resolve("CMakeCache.txt")).contains("SWAPDISTILL_CUDA:BOOL=ON");
        Outcome outcome = configure("cuda", "find_package(SwapDistill REQUIRED COMPONENTS cuda)\n"
            + "get_target_property(x SwapDistill::cuda TYPE)\n");
        if (built) {
            outcome.requireSuccess();
        } else {
            assertNotEquals(0, outcome.status());
            assertTrue(outcome.words().contains("this installation was built without the CUDA "
                + "kernels; build it with -DSWAPDISTILL_CUDA=ON"), outcome.output());
        }
    }

    @Test
    void anotherComponentIsRefusedByName() throws IOException, InterruptedException {
        Outcome outcome = configure("component", "find_package(SwapDistill REQUIRED COMPONENTS cpu gpu)\n");
        assertNotEquals(0, outcome.status());
        assertTrue(outcome.words().contains("there is no component gpu; expected cpu or cuda"), outcome.output());
        configure("optional", "find_package(SwapDistill REQUIRED COMPONENTS cpu OPTIONAL_COMPONENTS gpu)\n")
            .requireSuccess();
    }

    @Test
    void anotherMinorVersionIsNotFound() throws IOException, InterruptedException {
        Outcome outcome = configure("version", "find_package(SwapDistill 0.2 REQUIRED)\n");
        assertNotEquals(0, outcome.status());
        assertTrue(outcome.output().contains("version: 0.1.0"), outcome.output());
    }

    /** A library of another version beside a program ends the program before its first call. */
    @Test
    void theLoaderRefusesALibraryOfAnotherVersion() throws IOException, InterruptedException {
        Path other = libraryOf("SWAPDISTILL_0.2", 0x000200);
        Outcome outcome = run("env", "LD_LIBRARY_PATH=" + other, examples.resolve("patch_swap").toString());
        assertNotEquals(0, outcome.status());
        assertTrue(outcome.output().contains("version `SWAPDISTILL_0.1' not found"), outcome.output());
    }

    /** Where no loader compares, the program and the Java classes do. */
    @Test
    void programsRefuseALibraryOfAnotherVersion() throws IOException, InterruptedException {
        Path other = libraryOf("SWAPDISTILL_0.1", 0x000207);
        Outcome outcome = run("env", "LD_LIBRARY_PATH=" + other, examples.resolve("patch_swap").toString());
        assertEquals("the library of SwapDistill is version 0x000207; expected 0.1\n", outcome.output());
        assertEquals(1, outcome.status());
        ChildJvm.Outcome java = ChildJvm.of(Reason.class).property("org.bytedeco.javacpp.pathsFirst", "true")
            .property("java.library.path", other.toString())
            .property("org.bytedeco.javacpp.cachedir", directory.resolve("cache").toString()).run();
        assertEquals("native library is version 0.2.7; expected 0.1: put the jar of the same version as these classes on the "
            + "class path\n", java.output());
    }

    /** Prints why the library cannot be used. */
    private static final class Reason {
        public static void main(String[] arguments) {
            System.out.println(KernelLibrary.unavailableReason().orElse("nothing is wrong"));
        }
    }

    /** A directory with a library that has the exported functions under another version, and nothing in them. */
    private static Path libraryOf(String symbols, int version) throws IOException, InterruptedException {
        Path other = Files.createDirectory(directory.resolve("other-" + version));
        Files.writeString(other.resolve("other.map"), symbols + " { global: sd_*; local: *; };\n");
        StringBuilder source = new StringBuilder();
        headerFunctions().forEach(name -> source.append("int ").append(name).append("(void) { return ")
            .append(name.equals("sd_version") ? version : 0).append("; }\n"));
        Files.writeString(other.resolve("other.c"), source);
        String compiler = Pattern.compile("CMAKE_C_COMPILER:FILEPATH=(.*)")
            .matcher(Files.readString(examples.resolve("CMakeCache.txt"))).results().findFirst().orElseThrow().group(1);
        run(compiler, "-shared", "-fPIC", "-o", other.resolve("libswapdistill.so").toString(),
            other.resolve("other.c").toString(), "-Wl,-soname,libswapdistill.so",
            "-Wl,--version-script=" + other.resolve("other.map")).requireSuccess();
        return other;
    }

    /** The C ABI is what the header declares and native/swapdistill.map lists, neither more nor less. */
    @Test
    void exportsWhatTheHeaderDeclares() throws IOException, InterruptedException {
        Set<String> listed = names("^ +(sd_\\w+);", Files.readString(SOURCES.resolve("swapdistill.map")));
        assertEquals(headerFunctions(), listed);
        String symbols = run("nm", "-D", "--defined-only", BUILD.resolve("libswapdistill.so").toString())
            .requireSuccess().output();
        assertEquals(listed, names("^\\w+ T (\\w+)@@SWAPDISTILL_0\\.1$", symbols), symbols);
        assertEquals(Set.of("SWAPDISTILL_0.1"), names("^\\w+ A (\\S+?)(?:@.*)?$", symbols), symbols);
        assertEquals(listed.size() + 1, symbols.lines().count(), symbols);
    }

    private static Set<String> headerFunctions() throws IOException {
        return names("^SD_API [^(]*?(sd_\\w+)\\(",
            Files.readString(SOURCES.resolve("include/swapdistill/swapdistill.h")));
    }

    private static Set<String> names(String pattern, String text) {
        return new TreeSet<>(Pattern.compile(pattern, Pattern.MULTILINE).matcher(text).results()
            .map((MatchResult match) -> match.group(1)).toList());
    }

    /** Configures a project with these commands. */
    private static Outcome configure(String name, String commands) throws IOException, InterruptedException {
        Path project = Files.createDirectory(directory.resolve(name));
        Files.writeString(project.resolve("CMakeLists.txt"), "cmake_minimum_required(VERSION 3.18)\nproject(x LANGUAGES C)\n"
            + commands);
        return run("cmake", "-S", project.toString(), "-B", project.resolve("build").toString(),
            "-DCMAKE_PREFIX_PATH=" + prefix);
    }

    private static Outcome run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(List.of(command)).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), output);
    }
}
