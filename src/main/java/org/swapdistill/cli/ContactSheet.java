package org.swapdistill.cli;

import org.swapdistill.train.SwapPreview;
import org.swapdistill.train.SwapPreview.Stage;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.Map;
import java.util.TreeMap;

/** Draws a {@link SwapPreview}: one pair a row, images a and b of one stage after the other. */
final class ContactSheet {
    /** Stages with their headings, in their order. */
    static final Map<Stage, String> SWAP = new TreeMap<>(Map.of(Stage.FLIP, "before", Stage.SWAP, "after"));
    static final Map<Stage, String> ASSEMBLY = new TreeMap<>(Map.of(Stage.SOURCE, "data set", Stage.CROP,
        "border and crop", Stage.FLIP, "flip", Stage.SWAP, "patch swap"));

    private static final int MARGIN = 12;
    private static final int GAP = 6;
    private static final int HEADER = 22;
    private static final Color BORDER = new Color(120, 120, 120);
    private static final Color FROM_B = new Color(255, 140, 0);
    private static final Color FROM_A = new Color(0, 150, 255);

    private ContactSheet() {
    }

    /**
     * @param stages what to draw, with headings
     * @param scale screen pixels per image pixel, at least 1
     */
    static BufferedImage draw(SwapPreview preview, Map<Stage, String> stages, int scale) {
        int width = preview.width() * scale;
        int height = preview.height() * scale;
        int stageWidth = 2 * width + GAP;
        BufferedImage sheet = new BufferedImage(stages.size() * (stageWidth + 2 * MARGIN),
            HEADER + preview.pairs() * (height + GAP) + MARGIN, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = sheet.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
        graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
        int left = MARGIN;
        for (Map.Entry<Stage, String> entry : stages.entrySet()) {
            Stage stage = entry.getKey();
            graphics.setColor(Color.BLACK);
            graphics.drawString(entry.getValue(), left, HEADER - 7);
            for (int pair = 0; pair < preview.pairs(); pair++) {
                int top = HEADER + pair * (height + GAP);
                for (boolean second : new boolean[] {false, true}) {
                    int x = second ? left + width + GAP : left;
                    graphics.drawImage(image(preview, pair, second, stage), x, top, width, height, null);
                    if (stage.compareTo(Stage.FLIP) >= 0) {
                        drawPatches(graphics, preview, pair, x, top, scale,
                            stage == Stage.SWAP ? second ? FROM_A : FROM_B : null);
                    }
                }
            }
            left += stageWidth + 2 * MARGIN;
        }
        graphics.dispose();
        return sheet;
    }

    private static BufferedImage image(SwapPreview preview, int pair, boolean second, Stage stage) {
        BufferedImage image = new BufferedImage(preview.width(), preview.height(), BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < preview.height(); y++) {
            for (int x = 0; x < preview.width(); x++) {
                image.setRGB(x, y, preview.rgb(pair, second, stage, y, x));
            }
        }
        return image;
    }

    private static void drawPatches(Graphics2D graphics, SwapPreview preview, int pair, int left, int top, int scale,
            Color outline) {
        int side = preview.patchSize() * scale;
        int width = preview.width() * scale;
        int height = preview.height() * scale;
        graphics.setColor(BORDER);
        for (int x = side; x < width; x += side) {
            graphics.drawLine(left + x, top, left + x, top + height - 1);
        }
        for (int y = side; y < height; y += side) {
            graphics.drawLine(left, top + y, left + width - 1, top + y);
        }
        if (outline == null) {
            return;
        }
        graphics.setColor(outline);
        for (int row = 0; row < preview.gridRows(); row++) {
            for (int column = 0; column < preview.gridColumns(); column++) {
                if (preview.exchanged(pair, row, column)) {
                    int x = column * side;
                    int y = row * side;
                    int w = Math.min(side, width - x);
                    int h = Math.min(side, height - y);
                    graphics.drawRect(left + x + 1, top + y + 1, w - 3, h - 3);
                    graphics.drawRect(left + x + 2, top + y + 2, w - 5, h - 5);
                }
            }
        }
    }
}
