package org.swapdistill.cli;

import org.swapdistill.train.EpochSummary;
import org.swapdistill.train.Evaluation;
import org.swapdistill.train.Trainer;
import org.swapdistill.train.TrainingListener;

import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Optional;

/** Prints one line per epoch and, on a terminal, a progress bar within the epoch. */
final class ProgressReport implements TrainingListener, AutoCloseable {
    private static final long BAR_NANOS = 200_000_000L;
    /** Fits a terminal of 80 columns: a line that wraps could not be drawn over. */
    static final int COLUMNS = 79;

    private final PrintWriter out;
    private final boolean terminal;
    private ProgressBar bar;
    private long shown;
    private long sessionStart;
    private long firstStep;
    private EpochSummary last;

    /** @param terminal whether to draw a progress bar */
    ProgressReport(PrintWriter out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    @Override
    public void started(Trainer trainer) {
        sessionStart = System.nanoTime();
        firstStep = trainer.totalSteps();
    }

    @Override
    public void stepFinished(Trainer trainer) {
        if (!terminal) {
            return;
        }
        long now = System.nanoTime();
        if (bar == null) {
            bar = new ProgressBarBuilder()
                .setTaskName("epoch " + (trainer.epoch() + 1) + "/" + trainer.configuration().epochs())
                .setInitialMax(trainer.stepsPerEpoch())
                .setRenderer((state, width) -> bar(state.getTaskName(), state.getCurrent(), state.getMax(),
                    state.getExtraMessage(), width))
                .setConsumer(new ConsoleProgressBarConsumer(
                    new PrintStream(new FileOutputStream(FileDescriptor.out), true), COLUMNS))
                .build();
            shown = 0;
        }
        if (now - shown < BAR_NANOS && trainer.step() < trainer.stepsPerEpoch()) {
            return;
        }
        shown = now;
        bar.stepTo(trainer.step());
        bar.setExtraMessage(String.format(Locale.ROOT, "  %.0f images/s  loss %.3f  acc %.1f%%  %s left",
            trainer.imagesPerSecond(), trainer.loss(), 100 * trainer.accuracy(), left(trainer, now)));
    }

    /** One line of {@code width} characters; the bar itself takes the room that the figures leave. */
    static String bar(String task, long done, long steps, String figures, int width) {
        String start = task + " [";
        String end = "] " + done + "/" + steps + figures;
        int room = Math.max(3, width - start.length() - end.length());
        int filled = (int) (room * done / Math.max(1, steps));
        String line = start + "=".repeat(filled) + " ".repeat(room - filled) + end;
        return line.substring(0, Math.min(width, line.length()));
    }

    private String left(Trainer trainer, long now) {
        long total = (long) trainer.configuration().epochs() * trainer.stepsPerEpoch();
        long done = trainer.totalSteps() - firstStep;
        double seconds = (now - sessionStart) / 1e9 / done * (total - trainer.totalSteps());
        return duration(seconds);
    }

    static String duration(double seconds) {
        long whole = Math.round(seconds);
        if (whole < 60) {
            return whole + "s";
        }
        if (whole < 3600) {
            return String.format(Locale.ROOT, "%dm%02ds", whole / 60, whole % 60);
        }
        return String.format(Locale.ROOT, "%dh%02dm", whole / 3600, whole / 60 % 60);
    }

    @Override
    public void epochFinished(Trainer trainer, EpochSummary summary) {
        closeBar();
        last = summary;
        StringBuilder line = new StringBuilder();
        line.append(String.format(Locale.ROOT, "epoch %3d/%d  loss %.4f  ce %.4f  kl %.4f  train %5.2f%%",
            summary.epoch() + 1, trainer.configuration().epochs(), summary.loss(), summary.crossEntropy(),
            summary.divergence(), 100 * summary.accuracy()));
        append(line, "validation", summary.validation());
        append(line, "test", summary.test());
        line.append(String.format(Locale.ROOT, "  %.0f images/s  %s", summary.imagesPerSecond(),
            duration(summary.seconds())));
        out.println(line);
    }

    private static void append(StringBuilder line, String name, Optional<Evaluation> evaluation) {
        evaluation.ifPresent(e -> line.append(String.format(Locale.ROOT, "  %s %.2f%% ce %.4f ece %.4f", name,
            100 * e.top1(), e.crossEntropy(), e.calibrationError())));
    }

    @Override
    public void interrupted(Trainer trainer) {
        closeBar();
    }

    /** The last epoch that ended in this session. */
    Optional<EpochSummary> lastEpoch() {
        return Optional.ofNullable(last);
    }

    private void closeBar() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }

    /** Removes the bar, also after a failure. */
    @Override
    public void close() {
        closeBar();
    }
}
