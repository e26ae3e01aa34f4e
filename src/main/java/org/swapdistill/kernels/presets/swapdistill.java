package org.swapdistill.kernels.presets;

import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;

/**
 * JavaCPP configuration of the native library's C ABI; the classes of {@code org.swapdistill.kernels.bindings} are
 * generated from it and from the header. Other presets can inherit it: the header is a resource beside the native
 * libraries.
 *
 * <p>The library exists in two variants: the plain one, and one with CUDA kernels under the platform extension
 * {@code -gpu}. As usual with JavaCPP, the {@code -gpu} variant is preferred where both are on the class path.
 */
@NoException(true)
@Properties(
        value = {
            @Platform(
                    include = "swapdistill/swapdistill.h",
                    link = "swapdistill",
                    preload = "gomp@.1",
                    resource = "include"),
            @Platform(
                    value = "linux-x86_64",
                    includeresource = "/org/swapdistill/kernels/bindings/linux-x86_64/include/",
                    linkresource = "/org/swapdistill/kernels/bindings/linux-x86_64/"),
            @Platform(
                    value = "linux-arm64",
                    includeresource = "/org/swapdistill/kernels/bindings/linux-arm64/include/",
                    linkresource = "/org/swapdistill/kernels/bindings/linux-arm64/"),
            @Platform(
                    value = "macosx-arm64",
                    includeresource = "/org/swapdistill/kernels/bindings/macosx-arm64/include/",
                    linkresource = "/org/swapdistill/kernels/bindings/macosx-arm64/"),
            @Platform(
                    value = "windows-x86_64",
                    includeresource = "/org/swapdistill/kernels/bindings/windows-x86_64/include/",
                    linkresource = "/org/swapdistill/kernels/bindings/windows-x86_64/"),
            @Platform(extension = "-gpu")
        },
        target = "org.swapdistill.kernels.bindings",
        global = "org.swapdistill.kernels.bindings.swapdistill")
public class swapdistill implements InfoMapper {
    @Override
    public void map(InfoMap infoMap) {
        infoMap.put(new Info("SD_API").cppTypes().annotations())
                // Brace initialisers have no Java form; sizeof() of the generated classes serves instead.
                .put(new Info("SD_EXECUTION_INIT", "SD_PATCH_SWAP_OPTIONS_INIT", "SD_DISTILLATION_LOSS_OPTIONS_INIT",
                        "SD_SGD_OPTIONS_INIT").skip())
                // A stream of any CUDA binding, for instance org.bytedeco.cuda.cudart.CUstream_st.
                .put(new Info("CUstream_st").cast().pointerTypes("Pointer"));
    }
}
