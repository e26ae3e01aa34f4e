package example;

import example.global.batches;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.swapdistill.kernels.bindings.sd_patch_swap_options;
import org.swapdistill.kernels.bindings.sd_random_position;
import org.swapdistill.kernels.bindings.swapdistill;

/** Calls the library, with structures of the library that it is built on. */
public class Main {
    public static void main(String[] arguments) {
        System.out.println("loaded " + Loader.load(batches.class));
        int image = 3 * 8 * 8;
        try (PointerScope scope = new PointerScope()) {
            FloatPointer batch = new FloatPointer(2 * image);
            for (int i = 0; i < 2 * image; i++) {
                batch.put(i, i < image ? 1 : 0);
            }
            sd_patch_swap_options options = new sd_patch_swap_options();
            options.struct_size(options.sizeof());
            options.patch_size(4);
            options.probability(1);
            options.position_rule(swapdistill.SD_POSITIONS_FIXED_COUNT);
            options.position_count(3);
            sd_random_position at = new sd_random_position();
            int status = batches.swap_halves(options, at, batch, 1, 3, 8, 8);
            if (status != swapdistill.SD_SUCCESS) {
                throw new IllegalStateException(swapdistill.sd_last_error().getString());
            }
            int moved = 0;
            for (int i = 0; i < image; i++) {
                moved += batch.get(image + i) == 1 ? 1 : 0;
                if (batch.get(i) + batch.get(image + i) != 1) {
                    throw new IllegalStateException("value " + i + " is lost");
                }
            }
            if (moved != 3 * 3 * 4 * 4) {
                throw new IllegalStateException(moved + " values moved; expected those of 3 patches");
            }
            System.out.println(moved + " values moved");
        }
    }
}
