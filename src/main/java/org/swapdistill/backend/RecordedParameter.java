package org.swapdistill.backend;

import java.util.Objects;
import java.util.Optional;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/** What the parameters of all backends have in common; how the elements are laid out, a backend adds. */
public abstract class RecordedParameter implements ParameterStorage {
    private final String name;
    private final Shape shape;
    private final GraphBuilder.ParameterKind kind;
    private final RecordedGraph<?, ?> graph;
    private Tensor value;
    private Tensor gradient;
    private Tensor momentum;
    private Tensor lowPrecision;

    /** A parameter without memory, which {@link #setTensors} gives it. */
    protected RecordedParameter(String name, Shape shape, GraphBuilder.ParameterKind kind,
            RecordedGraph<?, ?> graph) {
        this.name = name;
        this.shape = shape;
        this.kind = kind;
        this.graph = graph;
    }

    /**
     * Sets the tensors, all flat and of one element count; they belong to the graph.
     *
     * @param newGradient null if the graph does not train
     * @param newMomentum null if the graph does not train
     * @param newLowPrecision null where the device computes with the value itself
     */
    protected final void setTensors(Tensor newValue, Tensor newGradient, Tensor newMomentum, Tensor newLowPrecision) {
        value = newValue;
        gradient = newGradient;
        momentum = newMomentum;
        lowPrecision = newLowPrecision;
    }

    /**
     * Copies one of the tensors into the plain layout.
     *
     * @param plain host tensor, F32, of {@link #shape}
     */
    protected abstract void copyToPlain(Tensor flat, Tensor plain);

    /**
     * Copies plain values into one of the tensors, rounded to its type, and zeros into its padding; into the copy of
     * low precision only when the value has them already.
     *
     * @param plain host tensor, F32, of {@link #shape}
     */
    protected abstract void copyFromPlain(Tensor plain, Tensor flat);

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final Shape shape() {
        return shape;
    }

    @Override
    public final GraphBuilder.ParameterKind kind() {
        return kind;
    }

    @Override
    public final Tensor value() {
        graph.requireOpen();
        return value;
    }

    @Override
    public final Tensor gradient() {
        graph.requireTraining("gradient");
        return gradient;
    }

    @Override
    public final Tensor momentum() {
        graph.requireTraining("momentum");
        return momentum;
    }

    @Override
    public final Optional<Tensor> lowPrecision() {
        graph.requireOpen();
        return Optional.ofNullable(lowPrecision);
    }

    @Override
    public final Tensor exportFrom(Tensor flat) {
        requireOwn(flat);
        Tensor plain = Tensor.allocate(DType.F32, shape);
        try {
            graph.run(() -> copyToPlain(flat, plain));
            return plain;
        } catch (RuntimeException e) {
            plain.close();
            throw e;
        }
    }

    @Override
    public final void importTo(Tensor flat, Tensor plain) {
        requireOwn(flat);
        Objects.requireNonNull(plain, "plain is null");
        if (plain.dtype() != DType.F32 || !plain.shape().equals(shape) || !plain.device().isCpu()) {
            throw new IllegalArgumentException(
                    "plain of " + name + " is " + plain + "; expected " + DType.F32 + " " + shape + " on cpu");
        }
        graph.run(() -> {
            copyFromPlain(plain, flat);
            if (flat == value && lowPrecision != null) {
                copyFromPlain(plain, lowPrecision);
            }
        });
    }

    private void requireOwn(Tensor flat) {
        graph.requireOpen();
        Objects.requireNonNull(flat, "flat is null");
        if (flat != value && flat != gradient && flat != momentum) {
            throw new IllegalArgumentException(
                    "flat of " + name + " is " + flat + "; expected the parameter's value, gradient or momentum");
        }
    }

    @Override
    public final String toString() {
        return name + " " + shape;
    }
}
