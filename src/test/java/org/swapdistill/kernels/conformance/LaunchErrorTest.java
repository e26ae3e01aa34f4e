package org.swapdistill.kernels.conformance;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.swapdistill.emulation.Emulation;
import org.swapdistill.kernels.bindings.sd_execution;
import org.swapdistill.kernels.bindings.sd_sgd_options;
import org.swapdistill.kernels.bindings.sd_sgd_parameter;
import org.swapdistill.kernels.bindings.swapdistill;
import org.swapdistill.kernels.reference.SgdReference;

/** What a call answers when the CUDA runtime refuses its launch. */
@Tag("emulation")
class LaunchErrorTest {
    @ParameterizedTest
    @CsvSource({
        "98,  2, cudaErrorInvalidDeviceFunction",
        "209, 2, cudaErrorNoKernelImageForDevice",
        "701, 3, cudaErrorLaunchOutOfResources",
    })
    void isUnavailableWhereThereIsNoCode(int error, int status, String name) {
        KernelBackend backend = new CudaKernels();
        try (CallBuffers buffers = new CallBuffers(backend); sd_execution execution = backend.execution(0);
             sd_sgd_options options = NativeOptions.sgd(new SgdReference.Options(0.1f, 0, false, 1, 0));
             sd_sgd_parameter parameter = new sd_sgd_parameter()) {
            Pointer.memset(parameter, 0, Pointer.sizeof(sd_sgd_parameter.class));
            parameter.count(6).value(new FloatPointer(buffers.inOut("value", new byte[24], 0).pointer()))
                .gradient(buffers.input("gradient", new byte[24], 0).pointer());
            Emulation.fail("cudaLaunchKernel", 1, error);
            NativeCall.refused(status, swapdistill.sd_sgd_update(execution, options, 1, parameter,
                Pointer.sizeof(sd_sgd_parameter.class)), "sgd_update", name);
            buffers.verifyUntouched();
        }
    }
}
