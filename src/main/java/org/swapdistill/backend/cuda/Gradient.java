package org.swapdistill.backend.cuda;

/** The gradient of one or, after an addition, several activations; may be overwritten when only one still needs it. */
final class Gradient {
    private final Buffer buffer;
    private int readers;

    Gradient(Buffer buffer) {
        this.buffer = buffer;
    }

    Buffer buffer() {
        return buffer;
    }

    /** One more activation has this gradient. */
    void addReader() {
        readers++;
    }

    /** An activation no longer needs it. */
    void removeReader() {
        readers--;
    }

    /** Whether the activation that asks is the only one that still needs it. */
    boolean exclusive() {
        return readers == 1;
    }
}
