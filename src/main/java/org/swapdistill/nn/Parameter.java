package org.swapdistill.nn;

import java.util.Optional;
import org.swapdistill.backend.GraphBuilder;
import org.swapdistill.backend.ParameterStorage;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/**
 * One trainable parameter of a network. Value, gradient and momentum are flat tensors of one length and one order of
 * elements, that of the device, padding included (zeros, which any update that maps zeros to zero keeps). They belong
 * to the network.
 */
public final class Parameter {
    private final ParameterStorage storage;

    Parameter(ParameterStorage storage) {
        this.storage = storage;
    }

    ParameterStorage storage() {
        return storage;
    }

    /** Name as in torchvision, for example {@code layer1.0.conv1.weight}. */
    public String name() {
        return storage.name();
    }

    /** Shape as in torchvision, without padding: [O, I, kernel, kernel], [classes, features] or [C]. */
    public Shape shape() {
        return storage.shape();
    }

    /** The value: F32, flat. */
    public Tensor value() {
        return storage.value();
    }

    /**
     * The gradient of the last {@code backward}: F32, flat.
     *
     * @throws IllegalStateException if the network is for inference
     */
    public Tensor gradient() {
        return storage.gradient();
    }

    /**
     * The optimizer's momentum, zeros at first: F32, flat.
     *
     * @throws IllegalStateException if the network is for inference
     */
    public Tensor momentum() {
        return storage.momentum();
    }

    /**
     * The rounded copy of the value that the network computes with, if it does not compute with the value itself; flat,
     * same order. Whoever changes the value changes it too.
     */
    public Optional<Tensor> lowPrecision() {
        return storage.lowPrecision();
    }

    /** Whether weight decay applies by default: to weights; not to biases, nor to batch normalization. */
    public boolean decays() {
        return storage.kind() == GraphBuilder.ParameterKind.WEIGHT;
    }

    /** The momentum in {@link #shape}, as a new F32 host tensor; the caller closes it. */
    public Tensor exportMomentum() {
        return storage.exportFrom(storage.momentum());
    }

    /**
     * Sets the momentum.
     *
     * @param momentum F32 host tensor of {@link #shape}
     */
    public void importMomentum(Tensor momentum) {
        storage.importTo(storage.momentum(), momentum);
    }

    /** The gradient in {@link #shape}, as a new F32 host tensor; the caller closes it. */
    public Tensor exportGradient() {
        return storage.exportFrom(storage.gradient());
    }

    /** Name and shape. */
    @Override
    public String toString() {
        return name() + " " + shape();
    }
}
