package org.swapdistill.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/** Operations that several threads use at once. */
class SharedOperationsTest {
    private static final int THREADS = 16;
    /** Calls of each thread. */
    private static final int CALLS = 60;
    private static final int ROUNDS = 2000;

    /** A second native struct would replace the first one, which could then be freed while a call reads it. */
    private static void makeOneStruct(Supplier<Supplier<Object>> operations) throws Exception {
        KernelLibrary.require();
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            CyclicBarrier start = new CyclicBarrier(2);
            for (int round = 0; round < ROUNDS; round++) {
                Supplier<Object> operation = operations.get();
                Future<Object> first = threads.submit(() -> struct(start, operation));
                Future<Object> second = threads.submit(() -> struct(start, operation));
                assertSame(first.get(), second.get());
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static Object struct(CyclicBarrier start, Supplier<Object> operation) throws Exception {
        start.await();
        return operation.get();
    }

    @Test
    void anExecutionHasOneStruct() throws Exception {
        makeOneStruct(() -> Execution.cpu(1)::struct);
    }

    @Test
    void aPatchSwapHasOneStruct() throws Exception {
        makeOneStruct(() -> PatchSwap.builder().build()::struct);
    }

    @Test
    void aPairAssemblerHasOneStruct() throws Exception {
        makeOneStruct(() -> PairAssembler.builder().channels(1).sourceSize(1, 1).build()::struct);
    }

    /** A call on data of its own, whose random shape and content the seed says; returns all that it has written. */
    private interface Call {
        byte[] run(Random random);
    }

    /** Every thread makes the same calls as one thread alone, in an order of its own, and must get the same bits. */
    private static void useAtOnce(Call call) throws Exception {
        byte[][] expected = new byte[CALLS][];
        for (int seed = 0; seed < CALLS; seed++) {
            expected[seed] = call.run(new Random(seed));
        }
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            CyclicBarrier start = new CyclicBarrier(THREADS);
            List<Future<?>> results = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                int first = thread * 7;
                results.add(threads.submit(() -> {
                    start.await();
                    for (int i = 0; i < CALLS; i++) {
                        int seed = (first + i) % CALLS;
                        assertArrayEquals(expected[seed], call.run(new Random(seed)), "call " + seed);
                    }
                    return null;
                }));
            }
            for (Future<?> result : results) {
                result.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static Tensor randomBytes(Random random, long... shape) {
        Tensor tensor = Tensor.allocate(DType.U8, shape);
        byte[] bytes = new byte[(int) tensor.elements()];
        random.nextBytes(bytes);
        tensor.copyFrom(bytes);
        return tensor;
    }

    private static Tensor randomFloats(Random random, long... shape) {
        Tensor tensor = Tensor.allocate(DType.F32, shape);
        float[] values = new float[(int) tensor.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        tensor.copyFrom(values);
        return tensor;
    }

    private static Tensor randomInts(Random random, int bound, int count) {
        return Tensor.of(random.ints(count, 0, bound).toArray(), count);
    }

    private static byte[] bytes(Tensor... tensors) {
        int length = 0;
        for (Tensor tensor : tensors) {
            length += (int) tensor.bytes();
        }
        byte[] result = new byte[length];
        int at = 0;
        for (Tensor tensor : tensors) {
            byte[] each = tensor.toBytes();
            System.arraycopy(each, 0, result, at, each.length);
            at += each.length;
        }
        return result;
    }

    private static RandomPosition randomPosition(Random random) {
        return new RandomPosition(random.nextLong(), random.nextInt(100), random.nextInt(100), random.nextInt(100));
    }

    @Test
    void sixteenThreadsUseOnePatchSwap() throws Exception {
        PatchSwap swap = PatchSwap.builder().patchSize(3).probability(0.7).build();
        useAtOnce(random -> {
            int pairs = 1 + random.nextInt(9);
            int height = 1 + random.nextInt(30);
            int width = 1 + random.nextInt(30);
            RandomPosition at = randomPosition(random);
            try (Tensor a = randomBytes(random, pairs, 3, height, width);
                    Tensor b = randomBytes(random, pairs, 3, height, width);
                    Tensor positions = Tensor.allocate(DType.U8, pairs, swap.gridRows(height), swap.gridColumns(width))) {
                swap.apply(Execution.cpu(), at, a, b);
                swap.drawPositions(Execution.cpu(), at, positions, height, width);
                swap.applyPositions(Execution.cpu(), positions, a.slice(0, pairs), b);
                swap.apply(Execution.cpu(), randomPosition(random), DType.U8, pairs, 3, height, width, a.pointer(),
                        b.pointer());
                return bytes(a, b, positions);
            }
        });
    }

    @Test
    void sixteenThreadsUseOnePairAssembler() throws Exception {
        PairAssembler assembler = PairAssembler.builder().channels(3).sourceSize(9, 8).padding(2).randomCrop(true)
                .flipProbability(0.5).mean(0.4f, 0.5f, 0.6f).deviation(0.2f).outputType(DType.BF16)
                .patchSwap(PatchSwap.builder().patchSize(4).build()).build();
        useAtOnce(random -> {
            int count = 1 + random.nextInt(20);
            int pairs = 1 + random.nextInt(20);
            try (Tensor images = randomBytes(random, count, 3, 9, 8); Tensor indexA = randomInts(random, count, pairs);
                    Tensor indexB = randomInts(random, count, pairs);
                    Tensor a = Tensor.allocate(DType.BF16, assembler.outputShape(pairs));
                    Tensor b = Tensor.allocate(DType.BF16, assembler.outputShape(pairs));
                    Tensor position = Tensor.of(randomPosition(random).toInts(), RandomPosition.INTS);
                    Tensor c = Tensor.allocate(DType.BF16, assembler.outputShape(pairs));
                    Tensor d = Tensor.allocate(DType.BF16, assembler.outputShape(pairs))) {
                assembler.assemble(Execution.cpu(), randomPosition(random), images, indexA, indexB, a, b);
                assembler.assemble(Execution.cpu(), position, images, indexB, indexA, c, d);
                return bytes(a, b, c, d);
            }
        });
    }

    @Test
    void sixteenThreadsUseOneDistillationLoss() throws Exception {
        DistillationLoss loss = DistillationLoss.builder().temperature(3).labelSmoothing(0.1f).build();
        useAtOnce(random -> {
            int rows = 1 + random.nextInt(40);
            int classes = 2 + random.nextInt(300);
            try (Tensor a = randomFloats(random, rows, classes); Tensor b = randomFloats(random, rows, classes);
                    Tensor labels = randomInts(random, classes, rows); Tensor value = Tensor.allocate(DType.F32, 1);
                    Tensor divergence = Tensor.allocate(DType.F32, 2, rows);
                    Tensor workspace = Tensor.allocate(DType.U8,
                            Math.max(1, loss.workspaceBytes(Execution.cpu(), rows, classes, 1)))) {
                loss.apply(Execution.cpu(), new DistillationLoss.Arrays().logits(a).target(b).labels(labels).loss(value)
                        .rowDivergence(divergence).gradientsInPlace().workspace(workspace));
                return bytes(a, b, value, divergence);
            }
        });
    }

    @Test
    void sixteenThreadsUseOneSgdUpdate() throws Exception {
        SgdUpdate update = SgdUpdate.builder().momentum(0.9f).nesterov(true).build();
        useAtOnce(random -> {
            int first = 1 + random.nextInt(3000);
            int second = 1 + random.nextInt(100);
            try (Tensor v = randomFloats(random, first); Tensor g = randomFloats(random, first);
                    Tensor m = randomFloats(random, first); Tensor w = randomFloats(random, second);
                    Tensor h = randomFloats(random, second); Tensor n = randomFloats(random, second);
                    Tensor low = Tensor.allocate(DType.BF16, second)) {
                var parameters = SgdUpdate.Parameters.builder().add(v, g, m, null, 1e-4f).add(w, h, n, low, 0).build();
                for (int step = 0; step < 3; step++) {
                    update.apply(Execution.cpu(), random.nextFloat(), 1 + random.nextFloat(), parameters);
                }
                return bytes(v, m, w, n, low);
            }
        });
    }
}
