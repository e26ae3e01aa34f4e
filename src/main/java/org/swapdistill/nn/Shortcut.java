package org.swapdistill.nn;

/** The shortcut of a block whose output has another shape than its input (He et al. 2016, section 3.3). */
public enum Shortcut {
    /** Without parameters: every second row and column, and zeros in the additional channels (option A). */
    IDENTITY,
    /** A 1x1 convolution (option B), followed by batch normalization except in wide residual networks. */
    CONVOLUTION
}
