package org.swapdistill.benchmarks;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * Measures cases in this process and writes the samples. {@link PeerComparison} starts it, because the environment
 * variables that tune the allocator must be there before the process is.
 */
final class Measurement {

    private Measurement() {
    }

    /**
     * @param args threads, seconds per case, the file for the samples, then the names of the cases
     */
    public static void main(String[] args) throws IOException {
        int threads = Integer.parseInt(args[0]);
        Duration budget = Duration.ofMillis(Math.round(Double.parseDouble(args[1]) * 1e3));
        Libtorch.useThreads(threads);
        Map<String, IntFunction<Case>> all = Cases.all();
        try (CopyBandwidth copy = new CopyBandwidth(threads);
                BufferedWriter writer = Files.newBufferedWriter(Path.of(args[2]))) {
            for (String name : List.of(args).subList(3, args.length)) {
                try (Case measured = all.get(name).apply(threads)) {
                    measured.verify();
                    for (Samples samples : measure(measured, copy, budget)) {
                        writer.write(samples.toLine());
                        writer.newLine();
                        System.out.printf("  %s, %s: %s ms%n", samples.caseName(), samples.contender(),
                                samples.milliseconds());
                    }
                    writer.flush();
                }
                System.gc(); // libtorch's tensors of the case go before the next one allocates
            }
        }
    }

    private static List<Samples> measure(Case measured, CopyBandwidth copy, Duration budget) {
        List<Contender> contenders = new ArrayList<>(measured.contenders());
        if (measured.idealBytes() > 0) {
            contenders.addAll(copy.contenders());
        }
        double[][] seconds = InterleavedTimer.sample(contenders.stream().map(Contender::work).toList(), budget);
        List<Samples> all = new ArrayList<>();
        for (int i = 0; i < contenders.size(); i++) {
            Contender contender = contenders.get(i);
            long bytes = switch (contender.kind()) {
                case COPY, WIDENING -> CopyBandwidth.bytesMoved(contender.kind());
                default -> measured.idealBytes();
            };
            all.add(new Samples(measured.name(), contender.kind(), contender.name(), bytes, seconds[i]));
        }
        return all;
    }
}
