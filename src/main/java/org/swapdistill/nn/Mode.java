package org.swapdistill.nn;

/** What a network is made for. */
public enum Mode {
    /** Forward with the batch's statistics, and backward. */
    TRAINING,
    /** Forward with the running statistics; less memory. */
    INFERENCE
}
