package org.swapdistill.nn;

/** What stands before the first stage of a network. */
public enum Stem {
    /** A 3x3 convolution of stride 1: for small images. */
    CIFAR,
    /** A 7x7 convolution and a 3x3 max pooling, both of stride 2: for images of about 224x224. */
    IMAGENET
}
