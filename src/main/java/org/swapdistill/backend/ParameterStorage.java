package org.swapdistill.backend;

import java.util.Optional;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/**
 * One parameter of a graph as the backend stores it: value, gradient and momentum are flat, of one element count and
 * one element order, which is the backend's; elements beyond the parameter's own are padding, zero in all three, and
 * stay so under any update that maps zeros to zero. So an optimizer works on them element by element. The tensors
 * belong to the graph.
 */
public interface ParameterStorage {
    /** Name as in torchvision, for example {@code layer1.0.conv1.weight}. */
    String name();

    /** Shape as in torchvision, without padding. */
    Shape shape();

    /** What the parameter is to its operation. */
    GraphBuilder.ParameterKind kind();

    /** The value in full precision: F32, flat. */
    Tensor value();

    /**
     * The gradient of the last {@code backward}: F32, flat.
     *
     * @throws IllegalStateException if the graph does not train
     */
    Tensor gradient();

    /**
     * The optimizer's momentum, zero at first: F32, flat.
     *
     * @throws IllegalStateException if the graph does not train
     */
    Tensor momentum();

    /** The copy of the value that the device computes with, where that is not the value itself; flat, same order. */
    Optional<Tensor> lowPrecision();

    /**
     * Copies one of this parameter's tensors into the parameter's plain layout.
     *
     * @param flat {@link #value}, {@link #gradient} or {@link #momentum}
     * @return a new host tensor of {@link #shape}, F32; the caller closes it
     */
    Tensor exportFrom(Tensor flat);

    /**
     * Copies plain values into one of this parameter's tensors, and zeros into its padding; refreshes
     * {@link #lowPrecision} too if {@code flat} is {@link #value}.
     *
     * @param plain host tensor, F32, of {@link #shape}
     * @param flat {@link #value}, {@link #gradient} or {@link #momentum}
     */
    void importTo(Tensor flat, Tensor plain);
}
