package org.swapdistill.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.PairAssembler;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Layout;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Tensor;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LoaderTest {
    private static final long SEED = 11;

    private static PairAssembler.Builder assembler() {
        return PairAssembler.builder().channels(1).sourceSize(2, 2);
    }

    private static PairAssembler augmenting() {
        return assembler().padding(1).randomCrop(true).flipProbability(0.5)
                .patchSwap(PatchSwap.builder().patchSize(1).probability(0.5).build()).build();
    }

    private static BatchLoader loader(Dataset dataset, PairAssembler assembler, int pairs) {
        return new BatchLoader(dataset, new PairSampler(dataset.labels(), dataset.classes(), SEED), assembler,
                Execution.cpu(1), pairs, DType.F32, Layout.NCHW, SEED);
    }

    @Test
    void batchesHoldThePairsOfTheEpoch() {
        try (Dataset dataset = Samples.dataset(6, 5); BatchLoader loader = loader(dataset, assembler().build(), 3)) {
            assertEquals(3, loader.batchesPerEpoch());
            Pairs pairs = new PairSampler(dataset.labels(), 2, SEED).pairs(4);
            loader.start(4, 0);
            for (int step = 0; step < 3; step++) {
                Batch batch = loader.next();
                assertEquals(step, batch.step());
                assertEquals(3, batch.validCount());
                int[] labels = batch.labels().toInts();
                float[] images = batch.images().toFloats();
                assertEquals(6 * 4, images.length);
                for (int i = 0; i < 3; i++) {
                    int a = Math.round(255 * images[4 * i]);
                    int b = Math.round(255 * images[12 + 4 * i]);
                    assertEquals(pairs.anchors()[3 * step + i], a);
                    assertEquals(pairs.partners()[3 * step + i], b);
                    assertEquals(dataset.label(a), labels[i]);
                    assertEquals(dataset.label(b), labels[i]);
                }
            }
            assertNull(loader.next());
            assertNull(loader.next());
        }
    }

    @Test
    void augmentsAsTheAssemblerDoesAtTheSamePosition() {
        PairAssembler assembler = augmenting();
        try (Dataset dataset = Samples.dataset(9, 7); BatchLoader loader = loader(dataset, assembler, 4)) {
            Pairs pairs = new PairSampler(dataset.labels(), 2, SEED).pairs(2);
            loader.start(2, 0);
            for (int step = 0; step < 4; step++) {
                try (Tensor a = Tensor.allocate(DType.F32, 4, 1, 2, 2);
                        Tensor b = Tensor.allocate(DType.F32, 4, 1, 2, 2);
                        Tensor first = Tensor.of(Arrays.copyOfRange(pairs.anchors(), 4 * step, 4 * step + 4), 4);
                        Tensor second = Tensor.of(Arrays.copyOfRange(pairs.partners(), 4 * step, 4 * step + 4), 4)) {
                    assembler.assemble(Execution.cpu(2), new RandomPosition(SEED, 2, step, 0), dataset.images(), first,
                            second, a, b);
                    Batch batch = loader.next();
                    assertArrayEquals(a.toFloats(), batch.images().slice(0, 4).toFloats());
                    assertArrayEquals(b.toFloats(), batch.images().slice(4, 8).toFloats());
                }
            }
        }
    }

    @Test
    void givesTheSameBitsWhateverTheTimingAndTheFirstStep() throws InterruptedException {
        try (Dataset dataset = Samples.dataset(40, 40); BatchLoader quick = loader(dataset, augmenting(), 8);
                BatchLoader slow = loader(dataset, augmenting(), 8);
                BatchLoader late = loader(dataset, augmenting(), 8)) {
            quick.start(1, 0);
            slow.start(1, 0);
            late.start(7, 2);
            late.start(1, 6);
            List<float[]> images = new ArrayList<>();
            for (Batch batch = quick.next(); batch != null; batch = quick.next()) {
                images.add(batch.images().toFloats());
            }
            assertEquals(10, images.size());
            for (int step = 0; step < 10; step++) {
                Thread.sleep(step % 3 * 5);
                assertArrayEquals(images.get(step), slow.next().images().toFloats());
                if (step >= 6) {
                    Batch batch = late.next();
                    assertEquals(step, batch.step());
                    assertArrayEquals(images.get(step), batch.images().toFloats());
                }
            }
            quick.start(2, 0);
            assertFalse(Arrays.equals(images.get(0), quick.next().images().toFloats()));
        }
    }

    @Test
    void aBatchStaysValidUntilTheSecondNextCall() throws InterruptedException {
        try (Dataset dataset = Samples.dataset(60, 60); BatchLoader loader = loader(dataset, augmenting(), 4)) {
            loader.start(0, 0);
            Batch before = null;
            float[] images = null;
            int[] labels = null;
            Set<Batch> buffers = new HashSet<>();
            for (Batch batch = loader.next(); batch != null; batch = loader.next()) {
                Thread.sleep(2);
                if (before != null) {
                    assertArrayEquals(images, before.images().toFloats());
                    assertArrayEquals(labels, before.labels().toInts());
                    assertEquals(batch.step() - 1, before.step());
                }
                before = batch;
                images = batch.images().toFloats();
                labels = batch.labels().toInts();
                buffers.add(batch);
            }
            assertEquals(3, buffers.size());
        }
    }

    @Test
    void surfacesTheFailureOfItsThread() {
        Dataset dataset = Samples.dataset(8, 8);
        try (BatchLoader loader = loader(dataset, assembler().build(), 4)) {
            dataset.close();
            loader.start(0, 1);
            IllegalStateException e = assertThrows(IllegalStateException.class, loader::next);
            assertTrue(e.getMessage().startsWith("step 1 could not be assembled: "), e.getMessage());
            assertNotNull(e.getCause());
            assertThrows(IllegalStateException.class, loader::next);
        }
    }

    @Test
    void failsAtTheStepThatFailsAndNotBefore() {
        Prefetcher<int[]> prefetcher = new Prefetcher<>("test", List.of(new int[1], new int[1], new int[1]),
                (buffer, step) -> buffer[0] = 6 / (8 - step));
        try (prefetcher) {
            prefetcher.start(5, 10);
            assertEquals(2, prefetcher.next()[0]);
            assertEquals(3, prefetcher.next()[0]);
            assertEquals(6, prefetcher.next()[0]);
            IllegalStateException e = assertThrows(IllegalStateException.class, prefetcher::next);
            assertEquals("step 8 could not be assembled: / by zero", e.getMessage());
            assertSame(ArithmeticException.class, e.getCause().getClass());
            prefetcher.start(2, 3);
            assertEquals(1, prefetcher.next()[0]);
            assertNull(prefetcher.next());
        }
    }

    @Test
    void closesInTheMiddleAndFreesEverything() {
        long owned = Memory.ownedBytes();
        for (int round = 0; round < 50; round++) {
            try (Dataset dataset = Samples.dataset(50, 50)) {
                BatchLoader loader = loader(dataset, augmenting(), 2);
                if (round > 0) {
                    loader.start(round, 0);
                }
                for (int i = 0; i < round % 5; i++) {
                    if (round > 0) {
                        loader.next();
                    }
                }
                loader.close();
                loader.close();
                assertThrows(IllegalStateException.class, loader::next);
                assertThrows(IllegalStateException.class, () -> loader.start(0, 0));
            }
        }
        assertEquals(owned, Memory.ownedBytes());
        assertTrue(Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().equals("swapdistill-batches")));
    }

    @Test
    void closingWakesAThreadThatWaits() throws InterruptedException {
        Object gate = new Object();
        Prefetcher<Object> prefetcher = new Prefetcher<>("test", List.of(1, 2, 3), (buffer, step) -> {
            synchronized (gate) {
                buffer.hashCode();
            }
        });
        List<RuntimeException> failures = new ArrayList<>();
        Thread waiting = new Thread(() -> {
            try {
                prefetcher.next();
            } catch (RuntimeException e) {
                failures.add(e);
            }
        });
        Thread closing = new Thread(prefetcher::close);
        synchronized (gate) {
            prefetcher.start(0, 3);
            waiting.start();
            while (waiting.getState() != Thread.State.WAITING) {
                Thread.sleep(1);
            }
            closing.start();
            waiting.join();
        }
        closing.join();
        assertEquals(1, failures.size());
        assertEquals("loader is closed", failures.get(0).getMessage());
    }

    @Test
    void evaluatesEveryImageOnceInOrder() {
        for (int size : new int[] {1, 3, 4, 8, 9}) {
            try (Dataset dataset = Samples.dataset(size); EvaluationLoader loader = new EvaluationLoader(dataset,
                    new float[] {0.5f}, new float[] {0.25f}, Execution.cpu(1), 4, DType.F32, Layout.NHWC)) {
                assertEquals((size + 3) / 4, loader.batches());
                int image = 0;
                for (Batch batch = loader.next(); batch != null; batch = loader.next()) {
                    float[] images = batch.images().toFloats();
                    assertEquals(16, images.length);
                    assertEquals(Math.min(4, size - image), batch.validCount());
                    for (int i = 0; i < 4; i++) {
                        int shown = Math.min(image + i, size - 1);
                        assertEquals((shown / 255f - 0.5f) / 0.25f, images[4 * i], 1e-6f);
                        assertEquals(dataset.label(shown), batch.labels().toInts()[i]);
                    }
                    image += batch.validCount();
                }
                assertEquals(size, image);
            }
        }
    }

    @Test
    void namesEveryWrongArgument() {
        long owned = Memory.ownedBytes();
        try (Dataset dataset = Samples.dataset(4, 4); Dataset other = Samples.dataset(3, 3);
                BatchLoader loader = loader(dataset, assembler().build(), 3)) {
            PairSampler sampler = new PairSampler(dataset.labels(), 2, 0);
            PairAssembler assembler = assembler().build();
            Execution cpu = Execution.cpu();
            assertMessage("pairsPerBatch is 0; expected 1 to 8", () -> loader(dataset, assembler, 0));
            assertMessage("pairsPerBatch is 9; expected 1 to 8", () -> loader(dataset, assembler, 9));
            assertMessage("sampler has 8 images; expected 6", () -> new BatchLoader(other, sampler, assembler, cpu, 2,
                    DType.F32, Layout.NCHW, 0));
            assertMessage("assembler makes F32 NCHW; expected BF16 NCHW", () -> new BatchLoader(dataset, sampler,
                    assembler, cpu, 2, DType.BF16, Layout.NCHW, 0));
            assertMessage("expected one on the CPU", () -> new BatchLoader(dataset, sampler, assembler,
                    Execution.cuda((Pointer) null), 2, DType.F32, Layout.NCHW, 0));
            assertMessage("firstStep is 3; expected 0 to 2", () -> loader.start(0, 3));
            assertMessage("firstStep is -1; expected 0 to 2", () -> loader.start(0, -1));
            assertMessage("epoch is -1; expected at least 0", () -> loader.start(-1, 0));
            assertMessage("imagesPerBatch is 0; expected at least 1", () -> new EvaluationLoader(dataset, new float[1],
                    new float[] {1}, cpu, 0, DType.F32, Layout.NCHW));
            IllegalStateException e = assertThrows(IllegalStateException.class, loader::next);
            assertEquals("start has not been called; expected it before next", e.getMessage());
            loader.start(0, 2);
            assertNull(loader.next());
        }
        assertEquals(owned, Memory.ownedBytes());
    }

    private static void assertMessage(String message, Runnable action) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, action::run);
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }
}
