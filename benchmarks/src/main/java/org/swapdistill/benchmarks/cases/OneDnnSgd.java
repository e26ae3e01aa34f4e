package org.swapdistill.benchmarks.cases;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.memory_desc_vector;
import org.bytedeco.dnnl.stream;
import org.bytedeco.dnnl.sum;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.swapdistill.benchmarks.machine.OpenMp;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/** SGD from oneDNN's primitive for weighted sums: one sum for the velocity, one for the value of each parameter. */
final class OneDnnSgd implements AutoCloseable {
    private final List<Pointer> owned = new ArrayList<>();
    private final List<Tensor> values = new ArrayList<>();
    private final List<Tensor> velocities = new ArrayList<>();
    private final List<Tensor> gradients = new ArrayList<>();
    private final List<Step> steps = new ArrayList<>();
    private final engine engine;
    private final stream stream;

    private record Step(sum sum, IntMemoryMap arguments) {
    }

    OneDnnSgd(List<float[]> initialValues, List<float[]> initialGradients, SgdSettings settings, int threads) {
        OpenMp.useThreads(threads);
        try (PointerScope scope = new PointerScope()) {
            engine = own(new engine(org.bytedeco.dnnl.engine.kind.cpu, 0));
            stream = own(new stream(engine));
            for (int i = 0; i < initialValues.size(); i++) {
                int size = initialValues.get(i).length;
                values.add(Tensor.of(initialValues.get(i), size));
                velocities.add(Tensor.allocate(DType.F32, size));
                gradients.add(Tensor.of(initialGradients.get(i), size));
                memory.desc desc = new memory.desc(new long[] {size}, memory.data_type.f32, memory.format_tag.a);
                memory value = memory(desc, values.get(i));
                memory velocity = memory(desc, velocities.get(i));
                memory gradient = memory(desc, gradients.get(i));
                add(desc, new float[] {settings.momentum(), 1, settings.weightDecay()}, velocity, gradient, value);
                add(desc, new float[] {1, -settings.learningRate()}, value, velocity);
            }
        }
    }

    private memory memory(memory.desc desc, Tensor tensor) {
        return own(new memory(desc, engine, tensor.pointer()));
    }

    /** The first summand receives the sum. */
    private void add(memory.desc desc, float[] factors, memory... summands) {
        memory_desc_vector descs = new memory_desc_vector(summands.length);
        IntMemoryMap arguments = own(new IntMemoryMap());
        for (int i = 0; i < summands.length; i++) {
            descs.put(i, desc);
            arguments.put(dnnl.DNNL_ARG_MULTIPLE_SRC + i, summands[i]);
        }
        arguments.put(dnnl.DNNL_ARG_DST, summands[0]);
        steps.add(new Step(own(new sum(new sum.primitive_desc(engine, desc, factors, descs))), arguments));
    }

    private <P extends Pointer> P own(P pointer) {
        pointer.retainReference();
        owned.add(pointer);
        return pointer;
    }

    void step() {
        for (Step step : steps) {
            step.sum.execute(stream, step.arguments);
        }
        stream._wait();
    }

    void reset(List<float[]> initialValues) {
        for (int i = 0; i < values.size(); i++) {
            values.get(i).copyFrom(initialValues.get(i));
            velocities.get(i).zero();
        }
    }

    float[] value(int parameter) {
        return values.get(parameter).toFloats();
    }

    @Override
    public void close() {
        for (int i = owned.size() - 1; i >= 0; i--) {
            owned.get(i).releaseReference();
        }
        for (List<Tensor> tensors : List.of(values, velocities, gradients)) {
            tensors.forEach(Tensor::close);
        }
    }
}
