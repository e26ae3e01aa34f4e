package org.swapdistill.kernels.reference;

import java.util.Arrays;

/** Patch positions and the exchange of patches. */
public final class PatchSwapReference {
    private PatchSwapReference() {
    }

    /** Positions of a batch, {@code [pairs, gridRows, gridColumns]}, 1 = exchanged. */
    public static byte[] positions(SwapRule rule, RandomPlace place, int pairs, int height, int width) {
        int count = rule.gridRows(height) * rule.gridColumns(width);
        byte[] positions = new byte[Math.multiplyExact(pairs, count)];
        for (int pair = 0; pair < pairs; pair++) {
            if (!Philox.happens(Philox.word(place, pair, Philox.PURPOSE_SWAP, 0), rule.probability())) {
                continue;
            }
            long[] wordThenIndex = new long[count];
            for (int j = 0; j < count; j++) {
                long word = Philox.word(place, pair, Philox.PURPOSE_POSITIONS, j);
                if (!rule.fixedCount() && Philox.happens(word, rule.positionProbability())) {
                    positions[pair * count + j] = 1;
                }
                // The sign bit is flipped so that signed order is the order of the unsigned words.
                wordThenIndex[j] = (word << 32 | j) ^ Long.MIN_VALUE;
            }
            if (rule.fixedCount()) {
                Arrays.sort(wordThenIndex);
                for (int chosen = 0; chosen < rule.positionCount(); chosen++) {
                    positions[pair * count + (int) wordThenIndex[chosen]] = 1;
                }
            }
        }
        return positions;
    }

    /**
     * Exchanges the patches at the positions that are not zero.
     *
     * @param elementBytes size of one element of {@code a} and {@code b}
     * @param channelsLast {@code [pairs, H, W, C]}, otherwise {@code [pairs, C, H, W]}
     */
    public static void swap(byte[] a, byte[] b, int elementBytes, boolean channelsLast, int pairs, int channels,
                            int height, int width, int patchSize, byte[] positions) {
        int gridRows = (height + patchSize - 1) / patchSize;
        int gridColumns = (width + patchSize - 1) / patchSize;
        for (int pair = 0; pair < pairs; pair++) {
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    int position = (pair * gridRows + y / patchSize) * gridColumns + x / patchSize;
                    if (positions[position] == 0) {
                        continue;
                    }
                    for (int channel = 0; channel < channels; channel++) {
                        int element = channelsLast
                            ? ((pair * height + y) * width + x) * channels + channel
                            : ((pair * channels + channel) * height + y) * width + x;
                        for (int i = element * elementBytes; i < (element + 1) * elementBytes; i++) {
                            byte kept = a[i];
                            a[i] = b[i];
                            b[i] = kept;
                        }
                    }
                }
            }
        }
    }
}
