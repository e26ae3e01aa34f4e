package org.swapdistill.benchmarks.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.swapdistill.benchmarks.cases.Case;
import org.swapdistill.benchmarks.cases.Contender;
import org.swapdistill.benchmarks.cases.Implementation;
import org.swapdistill.benchmarks.cases.UnavailableException;
import org.swapdistill.benchmarks.machine.ProcessMemory;

/**
 * The most memory that a process needs which does nothing but training steps of a ResNet-18: one process for each
 * implementation, form and environment, in which nothing is checked, because the reference needs memory too.
 */
final class PeakMemory {
    /** For the selection on the command line. */
    static final String NAME = "memory";
    private static final int STEPS = 3;

    private PeakMemory() {
    }

    static boolean selected(String selection) {
        return Pattern.compile(selection).matcher(NAME).find();
    }

    /** Adds results of all processes. */
    static void measure(ResultFile all, int threads, String selection, Path directory)
            throws IOException, InterruptedException {
        if (!selected(selection)) {
            return;
        }
        for (Environment environment : Environment.values()) {
            for (Implementation implementation : Plan.memory(threads).implementations()) {
                if (environment != Environment.DEFAULT && implementation == Implementation.NATIVE) {
                    continue;
                }
                Path part = directory.resolve("results-memory.json");
                int form = 0;
                int forms = 1;
                while (form < forms) {
                    ShortForm.start(environment, threads, PeakMemory.class, environment.name(),
                            Integer.toString(threads), implementation.toString(), Integer.toString(form),
                            part.toString());
                    ResultFile content = ResultFile.read(part);
                    all.results().addAll(content.results());
                    all.notMeasured().addAll(content.notMeasured());
                    forms = content.results().isEmpty() ? 0
                            : Integer.parseInt(content.machine().get("forms"));
                    form++;
                }
                Files.deleteIfExists(part);
            }
        }
    }

    /** @param args environment, threads, implementation, index of the form, and the file for the result */
    public static void main(String[] args) throws IOException {
        PlannedCase planned = Plan.memory(Integer.parseInt(args[1]));
        Implementation implementation = Implementation.parse(args[2]);
        ResultFile file = ResultFile.empty();
        try (Case work = planned.maker().get()) {
            List<Contender> forms = work.contenders(implementation);
            Contender form = forms.get(Integer.parseInt(args[3]));
            file.machine().put("forms", Integer.toString(forms.size()));
            for (int step = 0; step < STEPS; step++) {
                form.work().run();
            }
            Map<String, String> params = new LinkedHashMap<>(planned.params());
            params.put("implementation", implementation.toString());
            params.put("form", form.form());
            params.put("environment", Environment.valueOf(args[0]).title());
            ProcessMemory.peakBytes().ifPresentOrElse(bytes -> {
                double mebibytes = bytes / (double) (1 << 20);
                file.results().add(new Result(planned.suite(), work.name(), NAME, params,
                        Metric.of("MiB", mebibytes), Map.of()));
                System.out.printf(Locale.ROOT, "  peak memory of %s, %s, %s: %.0f MiB%n", work.name(), implementation,
                        form.form(), mebibytes);
            }, () -> file.notMeasured().add("peak memory: this system does not tell it"));
        } catch (UnavailableException e) {
            file.notMeasured().add("peak memory: " + e.getMessage());
        }
        file.write(Path.of(args[4]));
    }
}
