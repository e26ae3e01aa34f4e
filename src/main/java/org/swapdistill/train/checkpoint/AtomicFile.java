package org.swapdistill.train.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Replaces a file as a whole or not at all: the new content is written to a temporary file in the same directory,
 * synced to the disk and renamed over the old file, and the directory is synced. When anything fails the temporary
 * file is deleted and the old file stays as it was.
 */
public final class AtomicFile {
    private AtomicFile() {
    }

    /** Writes the content of a file. */
    public interface Content {
        /** Writes everything to {@code channel}, which the caller closes. */
        void writeTo(WritableByteChannel channel) throws IOException;
    }

    /**
     * Replaces or creates {@code file}.
     *
     * @throws CheckpointException if the directory does not exist, {@code file} is a directory or a device, or
     *         the content cannot be written; whatever {@code content} throws is its cause
     */
    public static void write(Path file, Content content) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        if (directory == null || Files.exists(file) && !Files.isRegularFile(file)) {
            throw new CheckpointException(file + ": is a directory or a special file; expected the name of a file to"
                    + " write");
        }
        if (!Files.isDirectory(directory)) {
            throw new CheckpointException(file + ": cannot be written: " + directory + " is not a directory");
        }
        Path temporary = directory.resolve("." + file.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE,
                    StandardOpenOption.CREATE_NEW)) {
                content.writeTo(channel);
                channel.force(true);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                channel.force(true);
            }
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be written: " + e, e);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /** Replaces or creates a text file, in UTF-8. */
    public static void writeString(Path file, String text) throws IOException {
        write(file, channel -> writeFully(channel, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))));
    }

    /** Writes all remaining bytes of a buffer, however many calls the channel takes. */
    public static void writeFully(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
