package org.swapdistill.emulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/** The tests of a program made of {@code native/emulation/tests}, each in a process of its own. */
final class NativeTests {
    private NativeTests() {
    }

    /** @param fewestFaults how many of the tests must be about planted faults, at least */
    static Stream<DynamicTest> of(String program, int fewestFaults) throws IOException, InterruptedException {
        String path = Path.of(System.getProperty("org.swapdistill.emulation"), program).toString();
        Child list = Child.run(path, "--list");
        assertEquals(0, list.exitCode(), list.output());
        List<String> names = list.output().lines().toList();
        long faults = names.stream().filter(name -> name.startsWith("fault_")).count();
        assertTrue(faults >= fewestFaults, () -> faults + " planted faults; expected at least " + fewestFaults);
        return names.stream().map(name -> DynamicTest.dynamicTest(name, () -> {
            Child result = Child.run(path, name);
            assertEquals(0, result.exitCode(), result.output());
        }));
    }
}
