package org.swapdistill.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.swapdistill.kernels.DistillationLoss.Divergence;
import org.swapdistill.kernels.SgdUpdate;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The charts of docs/operations: their values against the formulas in double precision, and the files. */
class OperationChartsTest {
    private static final Path COMMITTED = Path.of("docs", "images");

    @Test
    void lossesAndGradientsAreThoseOfTheFormulas() {
        for (Divergence divergence : Divergence.values()) {
            for (int temperature : new int[] {1, 2, 16}) {
                LossCurves curves = LossCurves.of(divergence, temperature, true);
                LossCurves plain = LossCurves.of(divergence, temperature, false);
                for (int i = 0; i < curves.logit().length; i++) {
                    double x = curves.logit()[i];
                    double step = 1e-4;
                    double scale = temperature * temperature;
                    double expected = scale * divergence(divergence, x / temperature, temperature);
                    double slope = scale * (divergence(divergence, (x + step) / temperature, temperature)
                        - divergence(divergence, (x - step) / temperature, temperature)) / (2 * step);
                    String at = divergence + ", T = " + temperature + ", x = " + x;
                    assertEquals(expected, curves.loss()[i], 1e-5 * scale, at);
                    assertEquals(expected / scale, plain.loss()[i], 1e-5, at);
                    assertEquals(slope, curves.gradient()[i], 1e-4, at);
                }
            }
        }
    }

    /** D of the softened target and of a student whose softened logit of class 0 is given. */
    private static double divergence(Divergence divergence, double softenedLogit, int temperature) {
        double[] t = distribution((double) LossCurves.TARGET_LOGIT / temperature);
        double[] s = distribution(softenedLogit);
        double[] m = {(t[0] + s[0]) / 2, (t[1] + s[1]) / 2};
        switch (divergence) {
            case FORWARD_KL:
                return kl(t, s);
            case REVERSE_KL:
                return kl(s, t);
            default:
                return kl(t, m) / 2 + kl(s, m) / 2;
        }
    }

    /** Probability of class 0, and of each of the others. */
    private static double[] distribution(double logit) {
        double sum = Math.exp(logit) + LossCurves.CLASSES - 1;
        return new double[] {Math.exp(logit) / sum, 1 / sum};
    }

    private static double kl(double[] p, double[] q) {
        return p[0] * Math.log(p[0] / q[0]) + (LossCurves.CLASSES - 1) * p[1] * Math.log(p[1] / q[1]);
    }

    @Test
    void trajectoriesAreThoseOfTheFormulas() {
        for (double momentum : new double[] {0, 0.8}) {
            for (boolean nesterov : momentum == 0 ? new boolean[] {false} : new boolean[] {false, true}) {
                SgdTrajectory trajectory = SgdTrajectory.of(
                    SgdUpdate.builder().momentum((float) momentum).nesterov(nesterov).build());
                double[] point = {-10, 1};
                double[] velocity = new double[2];
                for (int step = 0; step <= SgdTrajectory.STEPS; step++) {
                    String at = "momentum " + momentum + ", nesterov " + nesterov + ", step " + step;
                    assertEquals(point[0], trajectory.x()[step], 1e-4, at);
                    assertEquals(point[1], trajectory.y()[step], 1e-4, at);
                    double[] gradient = {point[0], SgdTrajectory.CURVATURE * point[1]};
                    for (int i = 0; i < 2; i++) {
                        velocity[i] = momentum * velocity[i] + gradient[i];
                        point[i] -= SgdTrajectory.LEARNING_RATE
                            * (nesterov ? gradient[i] + momentum * velocity[i] : velocity[i]);
                    }
                }
            }
        }
    }

    /** Fonts differ from machine to machine, and with them where exactly a curve lies. */
    @Test
    void chartsOfTheDocumentationShowTheseCurves(@TempDir Path directory) throws IOException {
        OperationCharts.write(directory);
        int[] curves = {5, 3, 3};
        String[] names = {"distillation-temperature.png", "distillation-divergence.png", "sgd-update.png"};
        for (int chart = 0; chart < names.length; chart++) {
            BufferedImage drawn = ImageIO.read(directory.resolve(names[chart]).toFile());
            BufferedImage committed = ImageIO.read(COMMITTED.resolve(names[chart]).toFile());
            assertEquals(drawn.getWidth(), committed.getWidth(), names[chart]);
            assertEquals(drawn.getHeight(), committed.getHeight(), names[chart]);
            assertTrue(Files.size(COMMITTED.resolve(names[chart])) < 100_000, names[chart]);
            for (int curve = 0; curve < curves[chart]; curve++) {
                int color = OperationCharts.COLORS[curve].getRGB();
                int pixels = pixels(drawn, color);
                assertTrue(pixels > 300, names[chart] + ", curve " + curve + ": " + pixels + " pixels");
                assertEquals(pixels, pixels(committed, color), 0.25 * pixels, names[chart] + ", curve " + curve);
            }
        }
    }

    private static int pixels(BufferedImage image, int color) {
        int count = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                count += image.getRGB(x, y) == color ? 1 : 0;
            }
        }
        return count;
    }
}
