package org.swapdistill.benchmarks.report;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.swapdistill.benchmarks.cases.Bound;
import org.swapdistill.benchmarks.cases.Case;
import org.swapdistill.benchmarks.cases.Contender;
import org.swapdistill.benchmarks.cases.Implementation;
import org.swapdistill.benchmarks.cases.Stopwatch;
import org.swapdistill.benchmarks.cases.UnavailableException;
import org.swapdistill.benchmarks.machine.OpenMp;

/**
 * Measures groups of the plan in this process and writes the results. {@link ShortForm} starts it, because the
 * environment variables that tune the allocator must be there before the process is.
 */
final class Measurement {
    private static final int ALLOCATION_CALLS = 10_000;
    /** Those whose ratio is what the short form is for. */
    private static final Set<Implementation> ESSENTIAL = EnumSet.of(Implementation.NATIVE, Implementation.LIBTORCH,
            Implementation.CUDA, Implementation.LIBTORCH_CUDA);

    private final Environment environment;
    private final double seconds;
    private final ResultFile file = ResultFile.empty();

    private Measurement(Environment environment, double seconds) {
        this.environment = environment;
        this.seconds = seconds;
    }

    /**
     * @param args environment, threads, seconds per case, seconds until no further group is begun, a regular expression
     *     for the names of groups, and the file for the results
     */
    public static void main(String[] args) throws IOException {
        long begin = System.nanoTime();
        Environment environment = Environment.valueOf(args[0]);
        int threads = Integer.parseInt(args[1]);
        double deadline = Double.parseDouble(args[3]);
        Pattern selection = Pattern.compile(args[4]);
        Path output = Path.of(args[5]);
        Measurement measurement = new Measurement(environment, Double.parseDouble(args[2]));
        for (Implementation implementation : Implementation.values()) {
            implementation.reason().ifPresent(reason ->
                    measurement.notMeasured(implementation + " is not available: " + reason));
        }
        for (Plan.Group group : Plan.groups(environment, threads)) {
            if (!selection.matcher(group.name()).find()) {
                continue;
            }
            double elapsed = (System.nanoTime() - begin) * 1e-9;
            if (elapsed > deadline) {
                measurement.notMeasured(group.name() + ": the time of the short form was used up");
                continue;
            }
            System.out.printf("[%4.0f s] %s, %s%n", elapsed, environment.title(), group.name());
            measurement.measure(group);
            measurement.file.write(output);
            System.gc(); // libtorch's tensors of the group go before the next one allocates
        }
        measurement.file.write(output);
    }

    private void notMeasured(String line) {
        System.out.println("  not measured: " + line);
        file.notMeasured().add(line);
    }

    /** A contender of one of the group's cases. */
    private record Entry(PlannedCase planned, Case work, Contender contender) {
    }

    private void measure(Plan.Group group) throws IOException {
        List<Case> cases = new ArrayList<>();
        try {
            List<Entry> entries = new ArrayList<>();
            for (PlannedCase planned : group.cases()) {
                Case work = planned.maker().get();
                cases.add(work);
                for (Implementation implementation : Implementation.values()) {
                    if (!planned.implementations().contains(implementation)) {
                        leftOut(group, work, implementation);
                    } else if (implementation.reason().isEmpty()) {
                        entries.addAll(checked(planned, work, implementation));
                    }
                }
                work.forgetReference();
            }
            if (!entries.isEmpty()) {
                time(group, entries);
            }
        } finally {
            cases.forEach(Case::close);
        }
    }

    /** What the plan leaves out of the table of ratios; the suites have it. */
    private void leftOut(Plan.Group group, Case work, Implementation implementation) {
        if (group.purpose() == Plan.Purpose.PEERS && environment == Environment.DEFAULT) {
            notMeasured(work.name() + ": the short form has no time for " + implementation);
        }
    }

    private List<Entry> checked(PlannedCase planned, Case work, Implementation implementation) {
        try {
            List<Entry> entries = new ArrayList<>();
            for (Contender contender : work.contenders(implementation)) {
                contender.check().run();
                entries.add(new Entry(planned, work, contender));
            }
            return entries;
        } catch (UnavailableException e) {
            notMeasured(work.name() + ": " + e.getMessage());
            return List.of();
        }
    }

    private void time(Plan.Group group, List<Entry> entries) {
        boolean mixedThreads = group.cases().stream().mapToInt(PlannedCase::threads).distinct().count() > 1;
        List<InterleavedTimer.Work> works = new ArrayList<>();
        for (Entry entry : entries) {
            Implementation who = entry.contender.implementation();
            String rivals = entry.contender.comparable() ? entry.planned.params() + who.toString() : null;
            boolean essential = ESSENTIAL.contains(who) && entry.contender.comparable();
            works.add(new InterleavedTimer.Work(rivals,
                    mixedThreads ? () -> OpenMp.useThreads(entry.planned.threads()) : () -> { },
                    entry.contender.work(), entry.contender.stopwatch(), essential));
        }
        Bound.Kind kind = entries.get(0).work.bound().kind();
        int threads = group.cases().get(0).threads();
        try (Limits limits = new Limits(mixedThreads ? Bound.Kind.NOTHING : kind, threads)) {
            limits.ways().forEach(way -> works.add(
                    new InterleavedTimer.Work(null, () -> { }, way.pass(), Stopwatch.HOST, true)));
            List<InterleavedTimer.Samples> samples = InterleavedTimer.sample(works, seconds * group.cases().size());
            Map<String, Metric> limit = limits.best(samples.subList(entries.size(), samples.size()));
            for (int i = 0; i < entries.size(); i++) {
                add(group, entries.get(i), samples.get(i), limit);
            }
        }
    }

    private void add(Plan.Group group, Entry entry, InterleavedTimer.Samples samples, Map<String, Metric> limits) {
        Map<String, String> params = new LinkedHashMap<>(entry.planned.params());
        Contender contender = entry.contender;
        params.put("implementation", contender.implementation().toString());
        params.put("form", contender.form());
        params.put("environment", environment.title());
        if (!contender.comparable()) {
            params.put("comparable", "false");
        }
        double[] microseconds = samples.seconds().clone();
        for (int i = 0; i < microseconds.length; i++) {
            microseconds[i] *= 1e6;
        }
        Metric time = new Metric("us/op", microseconds, samples.rounds());
        Map<String, Metric> secondary = new LinkedHashMap<>();
        Bound bound = entry.work.bound();
        if (bound.kind() != Bound.Kind.NOTHING) {
            boolean memory = bound.kind() == Bound.Kind.MEMORY;
            String unit = memory ? "GB/s" : "GFLOP/s";
            double[] rates = new double[microseconds.length];
            for (int i = 0; i < rates.length; i++) {
                rates[i] = bound.amount() / samples.seconds()[i] * 1e-9;
            }
            Metric rate = new Metric(unit, rates, samples.rounds());
            secondary.put(memory ? "idealBytes" : "arithmetic", rate);
            if (!contender.implementation().onGpu()) {
                limits.forEach((name, limit) -> {
                    secondary.put(name, limit);
                    secondary.put(name + "Share", rate.percentOf(limit));
                });
            }
        }
        if (entry.planned.suite().startsWith("CallOverhead")) {
            secondary.put("garbage", Metric.of("B/op", garbage(contender.work())));
        }
        file.results().add(new Result(entry.planned.suite(), entry.work.name(),
                group.purpose().name().toLowerCase(Locale.ROOT), params, time, secondary));
        System.out.printf("  %s, %s, %s: %s us%n", entry.work.name(), contender.implementation(), contender.form(),
                time.statistics());
    }

    /** Bytes of the Java heap that a call allocates on the calling thread. */
    private static double garbage(Runnable work) {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
        for (int call = 0; call < ALLOCATION_CALLS; call++) {
            work.run();
        }
        long after = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
        return Math.floor((after - before) / (double) ALLOCATION_CALLS);
    }
}
