package org.swapdistill.kernels.conformance;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.swapdistill.emulation.Emulation;

/**
 * Every kernel on every backend over random shapes, layouts, types, options, offsets and thread counts, against the
 * reference.
 *
 * <p>Properties: {@code swapdistill.replay} = {@code kernel:name=value,...} checks that one case alone;
 * {@code swapdistill.seed} draws other cases; {@code swapdistill.cases} is their number; if not given,
 * 2,000, and 1,250 where CUDA is emulated, which is slower.
 */
@Tag("cuda")
class RandomConformanceTest {
    /** At least so many different cases of each kernel must have run on each backend. */
    private static final int LEAST = Integer.getInteger("swapdistill.cases", Emulation.isLoaded() ? 1250 : 2000);

    private static final long SEED = Long.getLong("swapdistill.seed", 20250514L);
    private static final String REPLAY = System.getProperty("swapdistill.replay");
    private static final Map<String, Integer> CASES = new LinkedHashMap<>();
    private static final List<KernelFuzzer> FUZZERS = List.of(new PatchSwapFuzzer(LEAST),
        new PairAssemblyFuzzer(LEAST), new LossFuzzer(LEAST), new SgdFuzzer(LEAST));

    static Stream<Arguments> kernelsAndBackends() {
        return KernelBackends.all().flatMap(backend -> FUZZERS.stream()
            .filter(fuzzer -> REPLAY == null || REPLAY.startsWith(fuzzer.name() + ":"))
            .map(fuzzer -> Arguments.of(fuzzer.name(), backend.name(), fuzzer, backend)));
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource("kernelsAndBackends")
    void agreesWithTheReference(String kernel, String backendName, KernelFuzzer fuzzer, KernelBackend backend) {
        if (REPLAY != null) {
            fuzzer.check(Configuration.parse(REPLAY.substring(REPLAY.indexOf(':') + 1)), backend);
            return;
        }
        CASES.put(title(fuzzer, backend), fuzzer.run(backend, SEED));
    }

    @AfterAll
    static void enoughCasesRan() {
        if (REPLAY != null) {
            return;
        }
        System.out.println("Random kernel configurations checked: " + CASES + " with seed " + SEED);
        assertTrue(!CASES.isEmpty(), "no backend ran");
        KernelBackends.all().forEach(backend -> FUZZERS.forEach(fuzzer -> {
            int cases = CASES.getOrDefault(title(fuzzer, backend), 0);
            assertTrue(cases >= LEAST, "only " + cases + " cases ran through: " + title(fuzzer, backend));
        }));
    }

    private static String title(KernelFuzzer fuzzer, KernelBackend backend) {
        return fuzzer.name() + " on " + backend.name();
    }
}
