package org.swapdistill.backend.cpu;

import static org.junit.jupiter.api.Assumptions.abort;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.swapdistill.backend.OperationCases;
import org.swapdistill.tensor.DType;

/** Every operation, forward and backward, against the reference. */
class CpuGraphTest {
    @TestFactory
    List<DynamicTest> agreesWithReference() {
        List<DynamicTest> tests = new ArrayList<>();
        for (DType type : new DType[] {DType.F32, DType.BF16}) {
            for (boolean training : new boolean[] {true, false}) {
                for (OperationCases.Case each : OperationCases.all()) {
                    tests.add(DynamicTest.dynamicTest(type + (training ? " training " : " inference ") + each.name(),
                            () -> compare(each, type, training)));
                }
            }
        }
        return tests;
    }

    private static void compare(OperationCases.Case each, DType type, boolean training) {
        try (CpuBackend backend = CpuBackend.create(type)) {
            each.compare(backend, training);
        } catch (UnsupportedOperationException e) {
            abort(e.getMessage());
        }
    }
}
