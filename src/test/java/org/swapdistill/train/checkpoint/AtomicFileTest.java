package org.swapdistill.train.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.swapdistill.tensor.Tensor;

class AtomicFileTest {
    @TempDir
    Path directory;

    private Path file;

    @BeforeEach
    void writeOldFile() throws IOException {
        file = directory.resolve("file");
        Files.writeString(file, "old");
    }

    @Test
    void replacesAndCreates() throws IOException {
        AtomicFile.writeString(file, "new ä");
        assertEquals("new ä", Files.readString(file));
        AtomicFile.writeString(directory.resolve("other"), "");
        assertEquals(List.of("file", "other"), names());
    }

    @Test
    void keepsTheOldFileWhenTheContentFails() throws IOException {
        IOException failure = new IOException("No space left on device");
        CheckpointException e = assertThrows(CheckpointException.class, () -> AtomicFile.write(file, channel -> {
            AtomicFile.writeFully(channel, ByteBuffer.wrap(new byte[100_000]));
            throw failure;
        }));
        assertSame(failure, e.getCause());
        assertTrue(e.getMessage().startsWith(file + ": cannot be written: "), e.getMessage());
        assertOldFileAlone();
    }

    @Test
    void keepsTheOldFileOnAFullDisk() throws IOException {
        Path full = Path.of("/dev/full");
        Assumptions.assumeTrue(Files.exists(full), "this system has no /dev/full");
        CheckpointException e = assertThrows(CheckpointException.class, () -> AtomicFile.write(file, channel -> {
            AtomicFile.writeFully(channel, ByteBuffer.wrap(new byte[10]));
            try (FileChannel device = FileChannel.open(full, StandardOpenOption.WRITE)) {
                AtomicFile.writeFully(device, ByteBuffer.wrap(new byte[10]));
            }
        }));
        assertTrue(e.getMessage().contains("No space left"), e.getMessage());
        assertOldFileAlone();
    }

    @Test
    void keepsTheOldFileWhenTheContentThrowsAnythingElse() throws IOException {
        assertThrows(IllegalStateException.class, () -> AtomicFile.write(file, channel -> {
            AtomicFile.writeFully(channel, ByteBuffer.wrap(new byte[10]));
            throw new IllegalStateException("stop");
        }));
        assertOldFileAlone();
    }

    @Test
    void keepsTheOldCheckpointWhenATensorFails() throws IOException {
        Tensor closed = Tensor.of(new float[4], 4);
        closed.close();
        try (Tensor open = Tensor.of(new long[4], 4)) {
            assertThrows(IllegalStateException.class,
                    () -> SafetensorsFile.write(file, Map.of("open", open, "closed", closed), Map.of()));
        }
        assertOldFileAlone();
    }

    @Test
    void refusesADirectoryAndAMissingDirectory() throws IOException {
        Path folder = Files.createDirectory(directory.resolve("folder"));
        CheckpointException e = assertThrows(CheckpointException.class, () -> AtomicFile.writeString(folder, "x"));
        assertTrue(e.getMessage().contains("is a directory"), e.getMessage());
        e = assertThrows(CheckpointException.class,
                () -> AtomicFile.writeString(directory.resolve("none").resolve("x"), "x"));
        assertTrue(e.getMessage().contains("none is not a directory"), e.getMessage());
        e = assertThrows(CheckpointException.class, () -> AtomicFile.writeString(file.resolve("x"), "x"));
        assertTrue(e.getMessage().contains("file is not a directory"), e.getMessage());
    }

    private void assertOldFileAlone() throws IOException {
        assertEquals("old", Files.readString(file));
        assertEquals(List.of("file"), names());
    }

    private List<String> names() throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        }
    }
}
