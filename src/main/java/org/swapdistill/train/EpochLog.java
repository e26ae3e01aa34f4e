package org.swapdistill.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Writes one CSV line per epoch. Figures of sets that were not evaluated are left empty. When a run is resumed, lines
 * of epochs that are trained again are dropped.
 */
public final class EpochLog implements TrainingListener {
    /** The columns; {@code epoch} counts from 1, {@code step} over the whole run. */
    public static final String HEADER = "epoch,step,learning_rate,train_loss,train_ce,train_kl,train_accuracy,"
        + "train_clean_top1,validation_top1,validation_top5,validation_ce,validation_ece,"
        + "test_top1,test_top5,test_ce,test_ece,images_per_second,seconds";

    private final Path file;

    /** Appends to the file, which is created with a header when it is not there; nothing is written yet. */
    public EpochLog(Path file) {
        this.file = file;
    }

    @Override
    public void started(Trainer trainer) throws IOException {
        List<String> lines = new ArrayList<>();
        lines.add(HEADER);
        if (trainer.epoch() > 0 && Files.exists(file)) {
            List<String> earlier = Files.readAllLines(file);
            if (earlier.isEmpty() || !earlier.get(0).equals(HEADER)) {
                throw new IOException(file + " is not a log of epochs of this version; move it away to continue");
            }
            for (String line : earlier.subList(1, earlier.size())) {
                String epoch = line.substring(0, Math.max(0, line.indexOf(',')));
                if (epoch.matches("\\d{1,9}") && Integer.parseInt(epoch) <= trainer.epoch()) {
                    lines.add(line);
                }
            }
        }
        Files.write(file, lines);
    }

    @Override
    public void epochFinished(Trainer trainer, EpochSummary summary) throws IOException {
        String line = String.format(Locale.ROOT, "%d,%d,%.6g,%.6f,%.6f,%.6f,%.6f,%s,%s,%s,%.1f,%.2f%n",
            summary.epoch() + 1, summary.step(), summary.learningRate(), summary.loss(), summary.crossEntropy(),
            summary.divergence(), summary.accuracy(), top1(summary.trainingSet()), figures(summary.validation()),
            figures(summary.test()), summary.imagesPerSecond(), summary.seconds());
        Files.writeString(file, line, StandardOpenOption.APPEND);
    }

    private static String top1(Optional<Evaluation> evaluation) {
        return evaluation.map(e -> String.format(Locale.ROOT, "%.6f", e.top1())).orElse("");
    }

    private static String figures(Optional<Evaluation> evaluation) {
        return evaluation.map(e -> String.format(Locale.ROOT, "%.6f,%.6f,%.6f,%.6f", e.top1(), e.top5(),
            e.crossEntropy(), e.calibrationError())).orElse(",,,");
    }
}
