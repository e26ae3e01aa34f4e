package org.swapdistill.benchmarks.cases;

/** By a table of all 256 values of each channel. */
final class TableNormalization implements Normalization {
    private static final int VALUES = 256;

    private final float[][] table;

    TableNormalization(float[] scale, float[] shift) {
        table = new float[scale.length][VALUES];
        for (int c = 0; c < scale.length; c++) {
            for (int value = 0; value < VALUES; value++) {
                table[c][value] = Math.fma((float) value, scale[c], shift[c]);
            }
        }
    }

    @Override
    public void apply(int channel, byte[] source, int at, int step, float[] output, int outputAt, int outputStep,
                      int count) {
        float[] values = table[channel];
        for (int i = 0; i < count; i++) {
            output[outputAt + i * outputStep] = values[source[at + i * step] & 0xFF];
        }
    }
}
