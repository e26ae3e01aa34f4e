package org.swapdistill.backend;

/** What the activations of all backends have in common; how value and gradient are stored, a backend adds. */
public abstract class RecordedActivation implements Activation {
    private final MapSize size;
    private final boolean differentiable;
    private int consumers;

    /**
     * An activation that no operation reads yet.
     *
     * @param differentiable whether {@code backward} has to compute its gradient: not for the images
     */
    protected RecordedActivation(MapSize size, boolean differentiable) {
        this.size = size;
        this.differentiable = differentiable;
    }

    /** Size of the maps of one image. */
    public final MapSize size() {
        return size;
    }

    @Override
    public final int channels() {
        return size.channels();
    }

    @Override
    public final int height() {
        return size.height();
    }

    @Override
    public final int width() {
        return size.width();
    }

    /** Whether {@code backward} has to compute its gradient: not for the images. */
    public final boolean differentiable() {
        return differentiable;
    }

    /** Number of operations that read it. */
    public final int consumers() {
        return consumers;
    }

    final void addConsumer() {
        consumers++;
    }
}
