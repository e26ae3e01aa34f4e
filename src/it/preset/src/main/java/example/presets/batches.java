package example.presets;

import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.swapdistill.kernels.presets.swapdistill;

/** Configuration of a library that includes swapdistill.h and links to libswapdistill. */
@Properties(
        inherit = swapdistill.class,
        value = @Platform(include = "batches.h", link = "batches"),
        target = "example",
        global = "example.global.batches")
public class batches {
}
