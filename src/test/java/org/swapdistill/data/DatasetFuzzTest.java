package org.swapdistill.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.swapdistill.fuzz.Fuzz;
import org.swapdistill.tensor.Memory;

/** Every format, 10,000 damaged files each: nothing but a {@link DatasetException}, and nothing stays allocated. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DatasetFuzzTest {
    private static final long MOST_HEAP_BYTES = 8 << 20;
    /** A damaged header can claim what a file of its length might hold at the best compression. */
    private static final long MOST_IMAGE_HEAP_BYTES = 64 << 20;

    @TempDir
    Path directory;

    /** Reads a dataset whose files are in memory. */
    private interface Reading {
        void read(Map<String, ByteSource> files) throws IOException;
    }

    @Test
    void idx() throws IOException {
        Samples.writeIdx(directory, false);
        damage(Fuzz.CASES, files -> readIdx(files, ""));
    }

    @Test
    void compressedIdx() throws IOException {
        Samples.writeIdx(directory, true);
        damage(Fuzz.CASES, files -> readIdx(files, ".gz"));
    }

    @Test
    void cifar10() throws IOException {
        Samples.writeCifar10(directory);
        damage(Fuzz.CASES, files -> CifarReader.CIFAR_10.read("fuzz", files::get).close());
    }

    @Test
    void cifar100() throws IOException {
        Samples.writeCifar100(directory);
        damage(Fuzz.CASES, files -> CifarReader.CIFAR_100.read("fuzz", files::get).close());
    }

    /** The files are also read as a user would, but less often, because opening files takes most of the time. */
    @Test
    void directories() throws IOException {
        Samples.writeIdx(directory, true);
        damage(200, files -> {
            for (ByteSource file : files.values()) {
                Files.write(directory.resolve(file.name()), ((MemorySource) file).bytes());
            }
            DataSource.open(directory).close();
        });
    }

    @Test
    void images() throws IOException {
        int[] types = {BufferedImage.TYPE_INT_RGB, BufferedImage.TYPE_BYTE_GRAY, BufferedImage.TYPE_BYTE_INDEXED,
            BufferedImage.TYPE_INT_ARGB, BufferedImage.TYPE_BYTE_BINARY, BufferedImage.TYPE_USHORT_GRAY};
        for (int type : types) {
            Samples.writeGradient(directory.resolve(type + ".png"), 9, 7, type);
        }
        for (int i = 0; i < 6; i++) {
            Samples.writeGradient(directory.resolve(i + ".jpg"), 9 + 4 * i, 7 + i, types[i % 2]);
        }
        List<Path> files = files();
        Fuzz.Outcome outcome = Fuzz.run(Fuzz.CASES, contents(files), DatasetException.class, MOST_IMAGE_HEAP_BYTES,
                (file, bytes) -> {
                    String name = files.get(file).getFileName().toString();
                    boolean repair = name.endsWith(".png") && bytes.length % 4 != 0;
                    ImageFile.read(new MemorySource(name, repair ? withValidChecksums(bytes) : bytes), ImageSize.CIFAR);
                });
        assertTrue(outcome.refused() > Fuzz.CASES / 4 && outcome.accepted() > Fuzz.CASES / 20, outcome.toString());
    }

    private static void readIdx(Map<String, ByteSource> files, String ending) throws IOException {
        List<ByteSource> sources = IdxDirectory.FILES.stream().map(file -> files.get(file + ending)).toList();
        IdxDirectory.read("fuzz", sources, Optional.empty()).close();
    }

    /** Each case reads the files of the directory with one of them damaged. */
    private void damage(int cases, Reading reading) throws IOException {
        List<Path> files = files();
        List<byte[]> contents = contents(files);
        long owned = Memory.ownedBytes();
        Fuzz.Outcome outcome = Fuzz.run(cases, contents, DatasetException.class, MOST_HEAP_BYTES, (file, bytes) -> {
            Map<String, ByteSource> sources = new LinkedHashMap<>();
            for (int i = 0; i < contents.size(); i++) {
                String name = files.get(i).getFileName().toString();
                sources.put(name, new MemorySource(name, i == file ? bytes : contents.get(i)));
            }
            reading.read(sources);
        });
        assertTrue(outcome.refused() > cases / 4 && outcome.accepted() > 0, outcome.toString());
        assertEquals(owned, Memory.ownedBytes());
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.sorted().toList();
        }
    }

    private static List<byte[]> contents(List<Path> files) throws IOException {
        List<byte[]> contents = new ArrayList<>();
        for (Path file : files) {
            contents.add(Files.readAllBytes(file));
        }
        return contents;
    }

    /** Corrects the checksums of a PNG file as far as its chunks make sense, so that damage reaches the decoder. */
    private static byte[] withValidChecksums(byte[] png) {
        ByteBuffer bytes = ByteBuffer.wrap(png);
        long position = 8;
        while (position + 12 <= png.length) {
            int start = (int) position;
            int length = bytes.getInt(start);
            if (length < 0 || position + 12 + length > png.length) {
                break;
            }
            CRC32 checksum = new CRC32();
            checksum.update(png, start + 4, 4 + length);
            bytes.putInt(start + 8 + length, (int) checksum.getValue());
            position += 12 + length;
        }
        return png;
    }
}
