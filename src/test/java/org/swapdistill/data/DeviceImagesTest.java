package org.swapdistill.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.swapdistill.backend.HostCopies;
import org.swapdistill.backend.cuda.CudaBackend;
import org.swapdistill.backend.cuda.CudaDevice;
import org.swapdistill.backend.cuda.CudaOptions;
import org.swapdistill.kernels.PairAssembler;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/** Batches of images that lie on the device, and of images that are uploaded for each batch: the same bits. */
@Tag("cuda")
class DeviceImagesTest {
    private static final int IMAGES = 22;
    private static final int CLASSES = 3;
    private static final int CHANNELS = 3;
    private static final int HEIGHT = 9;
    private static final int WIDTH = 8;
    private static final int PAIRS = 5;
    private static final float[] HALF = {0.5f};

    private static Dataset dataset() {
        Tensor images = Tensor.allocate(DType.U8, IMAGES, CHANNELS, HEIGHT, WIDTH);
        byte[] pixels = new byte[(int) images.elements()];
        new Random(3).nextBytes(pixels);
        images.copyFrom(pixels);
        int[] labels = new int[IMAGES];
        for (int i = 0; i < IMAGES; i++) {
            labels[i] = i % CLASSES;
        }
        return Dataset.of(images, labels, List.of("a", "b", "c"));
    }

    private static List<float[]> pairs(CudaBackend backend, DeviceImages images, int epochs) {
        PairAssembler assembler = PairAssembler.builder().channels(CHANNELS).sourceSize(HEIGHT, WIDTH).padding(1)
                .randomCrop(true).flipProbability(0.5).mean(HALF).deviation(HALF).outputType(backend.computeType())
                .outputLayout(backend.inputLayout())
                .patchSwap(PatchSwap.builder().patchSize(4).layout(backend.inputLayout()).build()).build();
        List<float[]> all = new ArrayList<>();
        try (DevicePairLoader loader = new DevicePairLoader(images,
                new PairSampler(images.dataset().labels(), CLASSES, 1), assembler, backend, backend.execution(), PAIRS,
                1)) {
            for (int epoch = 0; epoch < epochs; epoch++) {
                loader.start(epoch, 0);
                for (Batch batch = loader.next(); batch != null; batch = loader.next()) {
                    loader.assemble();
                    all.add(HostCopies.floats(backend, batch.images()));
                }
            }
        }
        return all;
    }

    private static List<float[]> singles(CudaBackend backend, DeviceImages images) {
        List<float[]> all = new ArrayList<>();
        try (DeviceEvaluationLoader loader = new DeviceEvaluationLoader(CHANNELS, HEIGHT, WIDTH, HALF, HALF, backend,
                backend.execution(), PAIRS); ImageBatches batches = loader.pass(images)) {
            for (Batch batch = batches.next(); batch != null; batch = batches.next()) {
                all.add(HostCopies.floats(backend, batch.images()));
            }
        }
        return all;
    }

    private static void assertSame(List<float[]> expected, List<float[]> actual, int count) {
        assertEquals(count, expected.size());
        assertEquals(count, actual.size());
        for (int i = 0; i < count; i++) {
            assertArrayEquals(expected.get(i), actual.get(i), "batch " + i);
        }
    }

    @Test
    void uploadedImagesMakeTheSameBatchesAsResidentOnes() {
        try (Dataset dataset = dataset(); CudaBackend backend = CudaDevice.backend(CudaOptions.of(DType.F32));
                DeviceImages resident = new ResidentImages(dataset, backend);
                DeviceImages uploaded = new UploadedImages(dataset, backend, 2 * PAIRS)) {
            assertEquals(IMAGES, resident.images().shape().size(0));
            assertEquals(2 * PAIRS, uploaded.images().shape().size(0));
            assertSame(pairs(backend, resident, 2), pairs(backend, uploaded, 2), 2 * (IMAGES / PAIRS));
            assertSame(singles(backend, resident), singles(backend, uploaded), (IMAGES + PAIRS - 1) / PAIRS);
        }
    }

    @Test
    void imagesThatFitLieOnTheDevice() {
        try (Dataset dataset = dataset(); CudaBackend backend = CudaDevice.backend(CudaOptions.of(DType.F32))) {
            long free = backend.freeMemory();
            try (DeviceImages images = DeviceImages.of(dataset, backend, 2 * PAIRS)) {
                assertTrue(images.resident());
                assertTrue(backend.freeMemory() <= free);
            }
            assertThrows(IllegalArgumentException.class, () -> DeviceImages.of(dataset, backend, 0));
            try (DeviceImages few = new UploadedImages(dataset, backend, 2 * PAIRS - 1)) {
                assertEquals("the batch has 10 images; expected at most 9",
                        assertThrows(IllegalArgumentException.class, () -> pairs(backend, few, 1)).getMessage());
            }
        }
    }
}
