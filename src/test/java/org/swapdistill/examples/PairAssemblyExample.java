package org.swapdistill.examples;

import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.PairAssembler;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.tensor.Tensor;

/** The code of docs/operations/pair-assembly.md. */
final class PairAssemblyExample {
    private PairAssemblyExample() {
    }

    /**
     * @param images u8 data set [M, 3, 32, 32]
     * @param anchors number of an image of the data set for each pair, i32 [N]
     * @param partners number of another image of its class, i32 [N]
     * @return images a, then images b; the caller closes them
     */
    static Tensor[] trainingPairs(RandomPosition at, Tensor images, Tensor anchors, Tensor partners) {
        PairAssembler assembler = PairAssembler.builder()
            .channels(3)
            .sourceSize(32, 32)
            .padding(4)
            .randomCrop(true)
            .flipProbability(0.5)
            .mean(0.4914f, 0.4822f, 0.4465f)
            .deviation(0.247f, 0.2435f, 0.2616f)
            .patchSwap(PatchSwap.builder().patchSize(8).build())
            .build();
        Tensor a = Tensor.allocate(assembler.outputType(), assembler.outputShape(anchors.elements()));
        Tensor b = Tensor.allocate(assembler.outputType(), assembler.outputShape(anchors.elements()));
        assembler.assemble(Execution.cpu(), at, images, anchors, partners, a, b);
        return new Tensor[] {a, b};
    }
}
