package org.swapdistill.kernels.reference;

/** Gather, pad, crop, flip and normalise, one image after the other. */
public final class PairAssemblyReference {
    /**
     * How a batch is made from a data set of u8 images.
     *
     * @param mean      one per channel
     * @param deviation one per channel
     */
    public record Recipe(boolean sourceChannelsLast, int images, int channels, int sourceHeight, int sourceWidth,
                         int padding, int outputHeight, int outputWidth, boolean randomCrop, double flipProbability,
                         float[] mean, float[] deviation, boolean outputChannelsLast) {
        public int outputElements() {
            return channels * outputHeight * outputWidth;
        }
    }

    /** Where the crop of one image begins in the padded image, and whether it is mirrored. */
    public record View(int top, int left, boolean mirrored) {
    }

    private PairAssemblyReference() {
    }

    /** The view that member 0 (image a) or 1 (image b) of a pair draws. */
    public static View view(Recipe recipe, RandomPlace place, int pair, int member) {
        int vertical = recipe.sourceHeight() + 2 * recipe.padding() - recipe.outputHeight();
        int horizontal = recipe.sourceWidth() + 2 * recipe.padding() - recipe.outputWidth();
        int top = vertical / 2;
        int left = horizontal / 2;
        if (recipe.randomCrop()) {
            top = (int) Philox.below(Philox.word(place, pair, Philox.PURPOSE_CROP, 2 * member), vertical + 1);
            left = (int) Philox.below(Philox.word(place, pair, Philox.PURPOSE_CROP, 2 * member + 1), horizontal + 1);
        }
        long flipWord = Philox.word(place, pair, Philox.PURPOSE_FLIP, member);
        return new View(top, left, Philox.happens(flipWord, recipe.flipProbability()));
    }

    /** One member of every pair, before any swap: {@code [pairs, C, H, W]} or {@code [pairs, H, W, C]}. */
    public static float[] assemble(Recipe recipe, RandomPlace place, byte[] images, int[] index, int member) {
        float[] output = new float[index.length * recipe.outputElements()];
        for (int pair = 0; pair < index.length; pair++) {
            View view = view(recipe, place, pair, member);
            for (int channel = 0; channel < recipe.channels(); channel++) {
                float scale = (float) (1.0 / (255.0 * recipe.deviation()[channel]));
                float shift = (float) (-(double) recipe.mean()[channel] / recipe.deviation()[channel]);
                for (int y = 0; y < recipe.outputHeight(); y++) {
                    for (int x = 0; x < recipe.outputWidth(); x++) {
                        int column = view.mirrored() ? recipe.outputWidth() - 1 - x : x;
                        int value = pixel(recipe, images, index[pair], channel, view.top() + y, view.left() + column);
                        output[outputIndex(recipe, pair, channel, y, x)] = Math.fma((float) value, scale, shift);
                    }
                }
            }
        }
        return output;
    }

    private static int pixel(Recipe recipe, byte[] images, int image, int channel, int paddedY, int paddedX) {
        int y = paddedY - recipe.padding();
        int x = paddedX - recipe.padding();
        int height = recipe.sourceHeight();
        int width = recipe.sourceWidth();
        if (y < 0 || y >= height || x < 0 || x >= width) {
            return 0;
        }
        int index = recipe.sourceChannelsLast()
            ? ((image * height + y) * width + x) * recipe.channels() + channel
            : ((image * recipe.channels() + channel) * height + y) * width + x;
        return images[index] & 0xFF;
    }

    private static int outputIndex(Recipe recipe, int pair, int channel, int y, int x) {
        int height = recipe.outputHeight();
        int width = recipe.outputWidth();
        return recipe.outputChannelsLast()
            ? ((pair * height + y) * width + x) * recipe.channels() + channel
            : ((pair * recipe.channels() + channel) * height + y) * width + x;
    }
}
