package org.swapdistill.backend.cuda;

/** The three computations of a convolution. */
enum ConvolutionKind {
    FORWARD("forward"), TO_DATA("backward to the input"), TO_WEIGHTS("backward to the weights");

    private final String words;

    ConvolutionKind(String words) {
        this.words = words;
    }

    @Override
    public String toString() {
        return words;
    }
}
