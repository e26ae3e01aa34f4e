package org.swapdistill.nn.reference;

/** A parameter in torchvision's layout with its gradient. */
public final class Vector {
    /** The values. */
    public final double[] values;
    /** The gradient of the loss. */
    public final double[] gradient;

    Vector(int length) {
        values = new double[length];
        gradient = new double[length];
    }
}
