package org.swapdistill.tensor;

/** The order of a batch of images in memory, last letter fastest: N images, C channels, H rows, W columns. */
public enum Layout {
    /** One plane per channel. */
    NCHW,
    /** The channels of a pixel side by side ("channels last"). */
    NHWC
}
