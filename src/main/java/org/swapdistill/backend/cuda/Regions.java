package org.swapdistill.backend.cuda;

import java.util.List;
import org.swapdistill.tensor.DType;

/**
 * The memory of a graph's parameters. Values, gradients and momenta have one arrangement: first the weights that have a
 * copy in a smaller type, then all others; the copies, and the gradients in that type, are arranged as the first part.
 */
final class Regions implements AutoCloseable {
    final Region values = new Region(DType.F32);
    final Region gradients = new Region(DType.F32);
    final Region momenta = new Region(DType.F32);
    final Region lowPrecision;
    final Region lowPrecisionGradients;
    /** Statistics of the batch normalizations. */
    final Region statistics = new Region(DType.F32);
    private final boolean training;

    Regions(DType computeType, boolean training) {
        lowPrecision = new Region(computeType);
        lowPrecisionGradients = new Region(computeType);
        this.training = training;
    }

    /** Divides and allocates all regions but the statistics. */
    void allocate(List<CudaParameter> parameters, DeviceMemory pool) {
        for (CudaParameter parameter : parameters) {
            if (parameter.hasLowPrecision()) {
                parameter.setOffset(values.reserve(parameter.elements()));
            }
        }
        lowPrecision.reserve(values.elements());
        lowPrecisionGradients.reserve(training ? values.elements() : 0);
        for (CudaParameter parameter : parameters) {
            if (!parameter.hasLowPrecision()) {
                parameter.setOffset(values.reserve(parameter.elements()));
            }
        }
        gradients.reserve(training ? values.elements() : 0);
        momenta.reserve(training ? values.elements() : 0);
        for (Region region : all()) {
            region.allocate(pool);
        }
    }

    private List<Region> all() {
        return List.of(values, gradients, momenta, lowPrecision, lowPrecisionGradients, statistics);
    }

    @Override
    public void close() {
        Closing.closeAll(all());
    }
}
