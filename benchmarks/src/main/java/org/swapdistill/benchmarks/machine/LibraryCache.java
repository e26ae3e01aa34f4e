package org.swapdistill.benchmarks.machine;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import org.bytedeco.javacpp.Loader;
import org.swapdistill.kernels.KernelLibrary;

/**
 * The copies of this library's native code that JavaCPP keeps. It takes them for up to date if size and time are those
 * in the jar; but the time of a reproducible jar never changes, and the size of a library seldom does, so that after a
 * change of the kernels the old ones would be measured.
 */
public final class LibraryCache {

    private LibraryCache() {
    }

    /** Deletes the copies that differ from the jar; to be called before the library is loaded. */
    public static void refresh() {
        try {
            Path jar = Path.of(KernelLibrary.class.getProtectionDomain().getCodeSource().getLocation().toURI());
            if (!Files.isRegularFile(jar)) {
                return; // classes in a directory, whose libraries are not copied
            }
            File copies = new File(Loader.getCacheDir(), jar.getFileName().toString());
            try (JarFile content = new JarFile(jar.toFile())) {
                for (JarEntry entry : (Iterable<JarEntry>) content.stream()::iterator) {
                    Path copy = copies.toPath().resolve(entry.getName());
                    if (entry.getName().contains(".so") && Files.exists(copy) && checksum(copy) != entry.getCrc()) {
                        Files.delete(copy);
                    }
                }
            }
        } catch (IOException | URISyntaxException e) {
            throw new IllegalStateException("the copies of the native library cannot be compared: " + e.getMessage(),
                    e);
        }
    }

    private static long checksum(Path file) throws IOException {
        CRC32 sum = new CRC32();
        try (InputStream input = new CheckedInputStream(Files.newInputStream(file), sum)) {
            input.transferTo(OutputStream.nullOutputStream());
        }
        return sum.getValue();
    }
}
