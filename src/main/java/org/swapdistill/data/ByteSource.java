package org.swapdistill.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Named bytes that can be read more than once: a file, or a resource of the jar. */
interface ByteSource {
    /** What messages call it. */
    String name();

    /** The bytes as they are stored. */
    InputStream openStored() throws IOException;

    /** The number of bytes as they are stored, where that is known without reading them. */
    OptionalLong storedLength() throws IOException;

    /** Whether the bytes are stored compressed with gzip, which the ending {@code .gz} of the name says. */
    default boolean isCompressed() {
        return name().endsWith(".gz");
    }

    /** The bytes, decompressed where they are stored compressed. */
    default InputStream open() throws IOException {
        InputStream stored = openStored();
        return isCompressed() ? new GzipStream(name(), stored) : stored;
    }

    /** A regular file. */
    static ByteSource file(Path path) {
        return new ByteSource() {
            @Override
            public String name() {
                return path.toString();
            }

            @Override
            public InputStream openStored() throws IOException {
                requireReadableFile(path);
                try {
                    return Files.newInputStream(path);
                } catch (AccessDeniedException e) {
                    throw new DatasetException(path + ": cannot be read: permission denied", e);
                } catch (IOException e) {
                    throw new DatasetException(path + ": cannot be read: " + e, e);
                }
            }

            @Override
            public OptionalLong storedLength() throws IOException {
                requireReadableFile(path);
                return OptionalLong.of(Files.size(path));
            }
        };
    }

    /** A resource beside {@code anchor}. */
    static ByteSource resource(Class<?> anchor, String resource) {
        return new ByteSource() {
            @Override
            public String name() {
                return resource;
            }

            @Override
            public InputStream openStored() throws IOException {
                InputStream stream = anchor.getResourceAsStream(resource);
                if (stream == null) {
                    throw new DatasetException(resource + ": is not on the class path beside " + anchor.getName());
                }
                return stream;
            }

            @Override
            public OptionalLong storedLength() {
                return OptionalLong.empty();
            }
        };
    }

    private static void requireReadableFile(Path path) throws DatasetException {
        if (!Files.exists(path)) {
            throw new DatasetException(path + ": does not exist; expected a file");
        }
        if (!Files.isRegularFile(path)) {
            throw new DatasetException(path + ": is a directory or a special file; expected a regular file");
        }
        if (!Files.isReadable(path)) {
            throw new DatasetException(path + ": cannot be read: permission denied");
        }
    }
}
