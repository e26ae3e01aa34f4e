package org.swapdistill.kernels.conformance;

import java.util.List;
import java.util.Random;
import org.swapdistill.emulation.Emulation;

/** Random cases of one kernel. Cases whose numbers contradict one another are read as the nearest that makes sense. */
abstract class KernelFuzzer {
    private static final int SHRINKING_STEPS = 500;

    private final String name;
    private final int cases;

    KernelFuzzer(String name, int cases) {
        this.name = name;
        this.cases = cases;
    }

    /** How many cases a run takes. */
    int cases() {
        return cases;
    }

    String name() {
        return name;
    }

    abstract Configuration draw(Random random);

    /** Throws when the backend's result is not the reference's. */
    abstract void check(Configuration configuration, KernelBackend backend);

    /** The simplest value of a number. */
    abstract int simplest(String number);

    /** Cases too large to be drawn often: kernels take other ways when results outgrow the cache. */
    abstract List<String> largeCases();

    /** Checks all cases on one backend and returns their number; a failing one is reported as small as can be. */
    int run(KernelBackend backend, long seed) {
        for (int i = 0; i < cases; i++) {
            checkOrReport(draw(new Random(seed + 0x9E3779B97F4A7C15L * i)), backend);
        }
        /* They are large for the cache of the CPU, which the emulation does not have. */
        List<String> large = Emulation.isLoaded() ? List.of() : largeCases();
        for (String one : large) {
            checkOrReport(Configuration.parse(one), backend);
        }
        return large.size() + cases;
    }

    private void checkOrReport(Configuration configuration, KernelBackend backend) {
        Throwable failure = failure(configuration, backend);
        if (failure != null) {
            throw report(configuration, backend, failure);
        }
    }

    private AssertionError report(Configuration configuration, KernelBackend backend, Throwable failure) {
        Configuration smallest = configuration;
        Throwable reason = failure;
        int left = SHRINKING_STEPS;
        boolean shrunk = true;
        while (shrunk) {
            shrunk = false;
            for (String number : smallest.names()) {
                int value = smallest.get(number);
                int simplest = simplest(number);
                for (int candidate : new int[] {simplest, simplest + (value - simplest) / 2,
                    value - Integer.signum(value - simplest)}) {
                    if (candidate == smallest.get(number) || left-- <= 0) {
                        continue;
                    }
                    Configuration simpler = smallest.with(number, candidate);
                    Throwable now = failure(simpler, backend);
                    if (now != null) {
                        smallest = simpler;
                        reason = now;
                        shrunk = true;
                        break;
                    }
                }
            }
        }
        return new AssertionError(name + " on " + backend.name() + ": " + reason.getMessage() + "\nreplay with -Dtest="
            + RandomConformanceTest.class.getSimpleName() + " '-Dswapdistill.replay=" + name + ":" + smallest
            + "'\nfound as " + configuration, reason);
    }

    private Throwable failure(Configuration configuration, KernelBackend backend) {
        try {
            check(configuration, backend);
            return null;
        } catch (AssertionError | RuntimeException failure) {
            return failure;
        }
    }

    /** One of the arguments. */
    static int any(Random random, int... choices) {
        return choices[random.nextInt(choices.length)];
    }

    /** Between the bounds, small numbers more often. */
    static int size(Random random, int least, int most) {
        double exponent = random.nextDouble() * Math.log((double) most / least + 1e-9);
        return Math.min(most, Math.max(least, (int) Math.round(least * Math.exp(exponent))));
    }
}
