package org.swapdistill.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.swapdistill.backend.Download;
import org.swapdistill.backend.Upload;
import org.swapdistill.kernels.SgdUpdate;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Device;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/** Memory, streams and copies of the CUDA backend, and what it says when something is not there. */
@Tag("cuda")
class CudaTransferTest {
    @Test
    void uploadsAndDownloadsKeepTheirOrder() {
        try (CudaBackend backend = CudaDevice.backend(CudaOptions.of(DType.F32));
                Upload upload = backend.newUpload(DType.F32, Shape.of(2));
                Tensor value = backend.allocate(DType.F32, Shape.of(2));
                Download download = backend.newDownload(value)) {
            SgdUpdate update = SgdUpdate.builder().momentum(0).build();
            SgdUpdate.Parameters parameters = SgdUpdate.Parameters.builder()
                    .add(value, upload.device(), null, null, 0).build();
            for (int step = 1; step <= 7; step++) {
                upload.host().copyFrom(new float[] {step, -step});
                upload.send();
                update.apply(backend.execution(), 1, 1, parameters);
                download.send();
                if (step > 1) {
                    requireSum(download.receive().get(0), step - 1);
                }
            }
            requireSum(download.receive().get(0), 7);
            assertThrows(IllegalStateException.class, download::receive);
            download.send();
            download.send();
            assertThrows(IllegalStateException.class, download::send);
        }
    }

    private static void requireSum(Tensor received, int steps) {
        float sum = steps * (steps + 1) / 2f;
        assertArrayEquals(new float[] {-sum, sum}, received.toFloats());
    }

    @Test
    void newMemoryIsZeroAndCounted() {
        try (CudaBackend backend = CudaDevice.backend(CudaOptions.of(DType.F32))) {
            long before = backend.memoryHighWater();
            try (Tensor tensor = backend.allocate(DType.F32, Shape.of(1000));
                    Tensor host = Tensor.allocate(DType.F32, 1000)) {
                assertEquals(Device.cuda(0), tensor.device());
                host.copyFrom(new float[1000]);
                backend.read(tensor, host);
                assertArrayEquals(new float[1000], host.toFloats());
                assertEquals(before + 4000, backend.memoryHighWater());
                assertThrows(IllegalStateException.class, backend::close);
                assertThrows(IllegalArgumentException.class, () -> backend.read(host, host));
                assertThrows(IllegalArgumentException.class, () -> backend.write(tensor, tensor));
            }
            assertEquals(before + 4000, backend.memoryHighWater());
        }
    }

    @Test
    void runsOnTheCallersStream() {
        try (CudaBackend own = CudaDevice.backend(CudaOptions.of(DType.F32))) {
            CUstream_st stream = new CUstream_st();
            assertEquals(0, cudart.cudaStreamCreateWithFlags(stream, cudart.cudaStreamNonBlocking));
            for (CUstream_st each : new CUstream_st[] {stream, new CUstream_st()}) {
                try (CudaBackend backend = CudaBackend.create(CudaOptions.of(DType.F32).withStream(each));
                        Tensor tensor = backend.allocate(DType.F32, Shape.of(3));
                        Tensor host = Tensor.of(new float[] {1, 2, 3}, 3);
                        Tensor back = Tensor.allocate(DType.F32, 3)) {
                    assertEquals(each, backend.stream());
                    backend.write(host, tensor);
                    backend.read(tensor, back);
                    assertArrayEquals(new float[] {1, 2, 3}, back.toFloats());
                }
            }
            assertEquals(0, cudart.cudaStreamDestroy(stream), "the caller's stream is left to the caller");
        }
    }

    @Test
    void aDeviceThatIsNotThereIsAnErrorThatListsThoseThatAre() {
        CudaDevice.backend(CudaOptions.of(DType.F32)).close();
        String message = assertThrows(IllegalArgumentException.class,
                () -> CudaBackend.create(CudaOptions.of(DType.F32).withDevice(99))).getMessage();
        assertTrue(message.startsWith("device is cuda:99; expected one of this machine's: cuda:0 "), message);
    }

    @Test
    void moreMemoryThanThereIsIsRefusedWithBothNumbers() {
        try (CudaBackend backend = CudaDevice.backend(CudaOptions.of(DType.F32))) {
            long bytes = 1L << 44;
            String message = assertThrows(OutOfDeviceMemoryException.class,
                    () -> backend.allocate(DType.U8, Shape.of(bytes))).getMessage();
            assertTrue(message.contains("cuda:0 is out of memory: " + bytes + " bytes were asked for"), message);
            assertTrue(message.matches(".*[0-9]+ of [0-9]+ are free.*"), message);
            backend.allocate(DType.U8, Shape.of(16)).close();
        }
    }

    @Test
    void optionsAreChecked() {
        assertThrows(IllegalArgumentException.class, () -> CudaOptions.of(DType.U8));
        assertThrows(IllegalArgumentException.class, () -> CudaOptions.of(DType.F32).withDevice(-1));
        assertThrows(IllegalArgumentException.class, () -> CudaOptions.of(DType.F32).withWorkspaceLimit(-1));
        assertThrows(NullPointerException.class, () -> CudaOptions.of(null));
    }
}
