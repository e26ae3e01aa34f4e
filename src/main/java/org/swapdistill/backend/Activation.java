package org.swapdistill.backend;

/**
 * One intermediate result of a graph under construction: a batch of feature maps, whose size is that of the graph. How
 * and where it is stored is the backend's business. Belongs to the builder that returned it.
 */
public interface Activation {
    /** Number of channels (features). */
    int channels();

    /** Rows of a feature map. */
    int height();

    /** Columns of a feature map. */
    int width();
}
