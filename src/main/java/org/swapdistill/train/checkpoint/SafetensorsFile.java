package org.swapdistill.train.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/**
 * Reads and writes the safetensors format (github.com/huggingface/safetensors): the length of the header as a
 * little-endian 64-bit integer, a JSON header with type, shape and position of every tensor and a map of strings, then
 * the elements, little-endian, without gaps.
 *
 * <p>Types F32, F16, BF16, U8, I32 and I64. Files from anywhere are safe to read: the header is bounded by
 * {@link #MOST_HEADER_BYTES}, and every size is checked against the length of the file before memory is allocated.
 */
public final class SafetensorsFile {
    /** The longest header that is read or written. */
    public static final int MOST_HEADER_BYTES = 16 << 20;

    private static final int LENGTH_BYTES = 8;
    private static final long WINDOW_BYTES = 1 << 26;

    private SafetensorsFile() {
    }

    /**
     * What a file holds.
     *
     * @param tensors by name, in the order of the header; on the host; freed by {@link #close}
     * @param metadata strings by name
     */
    public record Contents(Map<String, Tensor> tensors, Map<String, String> metadata) implements AutoCloseable {
        /** Makes both maps unmodifiable. */
        public Contents {
            tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
            metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
        }

        /** Frees the tensors. */
        @Override
        public void close() {
            tensors.values().forEach(Tensor::close);
        }
    }

    /**
     * Reads a whole file.
     *
     * @return what the caller closes
     * @throws CheckpointException if the file is missing, cannot be read, is cut off or is not a safetensors file
     */
    public static Contents read(Path file) throws IOException {
        try (FileChannel channel = open(file)) {
            return read(file, channel);
        }
    }

    /** Reads from a channel; {@code file} is what messages call it. */
    static Contents read(Path file, SeekableByteChannel channel) throws IOException {
        SafetensorsHeader header = readHeader(file, channel);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        try {
            long start = channel.position();
            for (Map.Entry<String, SafetensorsHeader.Entry> entry : header.entries.entrySet()) {
                Tensor tensor = allocate(file, entry.getKey(), entry.getValue());
                tensors.put(entry.getKey(), tensor);
                readElements(file, channel, start + entry.getValue().begin(), tensor);
            }
            return new Contents(tensors, header.metadata);
        } catch (IOException | RuntimeException | Error e) {
            tensors.values().forEach(Tensor::close);
            throw e;
        }
    }

    /**
     * Reads only the metadata of a file; the header is checked as {@link #read} does.
     *
     * @throws CheckpointException as {@link #read}
     */
    public static Map<String, String> readMetadata(Path file) throws IOException {
        try (FileChannel channel = open(file)) {
            return Collections.unmodifiableMap(readHeader(file, channel).metadata);
        }
    }

    /**
     * Replaces or creates a file by {@link AtomicFile}. Elements stand in the order of the map, wider types first so
     * that all are aligned. The same tensors and metadata in the same order give the same bytes.
     *
     * @param tensors by name, on the host; names must not be {@code __metadata__}
     * @param metadata strings by name
     * @throws CheckpointException if the file cannot be written; an old file stays as it was
     */
    public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) throws IOException {
        SafetensorsHeader header = new SafetensorsHeader();
        List<Tensor> order = layOut(tensors, header);
        header.metadata.putAll(metadata);
        byte[] bytes = header.toBytes();
        if (bytes.length > MOST_HEADER_BYTES) {
            throw new CheckpointException(file + ": the header would have " + bytes.length + " bytes; expected at most "
                    + MOST_HEADER_BYTES);
        }
        AtomicFile.write(file, channel -> {
            ByteBuffer length = ByteBuffer.allocate(LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            AtomicFile.writeFully(channel, length.putLong(bytes.length).flip());
            AtomicFile.writeFully(channel, ByteBuffer.wrap(bytes));
            for (Tensor tensor : order) {
                writeElements(channel, tensor);
            }
        });
    }

    private static FileChannel open(Path file) throws CheckpointException {
        if (!Files.exists(file)) {
            throw new CheckpointException(file + ": does not exist; expected a safetensors file");
        }
        if (!Files.isRegularFile(file)) {
            throw new CheckpointException(file + ": is a directory or a special file; expected a safetensors file");
        }
        try {
            return FileChannel.open(file, StandardOpenOption.READ);
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read: " + e, e);
        }
    }

    private static SafetensorsHeader readHeader(Path file, SeekableByteChannel channel) throws IOException {
        requireLittleEndian();
        long size = channel.size();
        if (size < LENGTH_BYTES) {
            throw new CheckpointException(file + ": has " + size + " bytes; expected a safetensors file, which begins"
                    + " with the length of its header in " + LENGTH_BYTES + " bytes");
        }
        ByteBuffer buffer = ByteBuffer.allocate(LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        readFully(file, channel, buffer, 0);
        long length = buffer.getLong(0);
        if (length < 2 || length > MOST_HEADER_BYTES) {
            throw new CheckpointException(file + ": the header length is " + Long.toUnsignedString(length)
                    + "; expected 2 to " + MOST_HEADER_BYTES + " in a safetensors file");
        }
        if (length > size - LENGTH_BYTES) {
            throw new CheckpointException(file + ": has " + size + " bytes; expected a header of " + length
                    + " (the file is cut off)");
        }
        byte[] bytes = new byte[(int) length];
        readFully(file, channel, ByteBuffer.wrap(bytes), LENGTH_BYTES);
        channel.position(LENGTH_BYTES + length);
        return SafetensorsHeader.parse(file.toString(), bytes, size - LENGTH_BYTES - length);
    }

    private static Tensor allocate(Path file, String name, SafetensorsHeader.Entry entry) throws CheckpointException {
        try {
            return Tensor.allocate(entry.dtype(), entry.shape());
        } catch (OutOfMemoryError e) {
            throw new CheckpointException(file + ": there is not enough memory for tensor '" + name + "' of "
                    + (entry.end() - entry.begin()) + " bytes", e);
        }
    }

    private static void readElements(Path file, SeekableByteChannel channel, long offset, Tensor tensor)
            throws IOException {
        for (long start = 0; start < tensor.bytes(); start += WINDOW_BYTES) {
            readFully(file, channel, window(tensor, start), offset + start);
        }
    }

    private static void writeElements(WritableByteChannel channel, Tensor tensor) throws IOException {
        for (long start = 0; start < tensor.bytes(); start += WINDOW_BYTES) {
            AtomicFile.writeFully(channel, window(tensor, start));
        }
    }

    /** The bytes of a tensor from {@code start} on, as far as a window goes. */
    private static ByteBuffer window(Tensor tensor, long start) {
        long length = Math.min(WINDOW_BYTES, tensor.bytes() - start);
        return Tensor.view(tensor.memory(), tensor.byteOffset() + start, DType.U8, Shape.of(length)).asByteBuffer();
    }

    private static void readFully(Path file, SeekableByteChannel channel, ByteBuffer target, long offset)
            throws IOException {
        while (target.hasRemaining()) {
            int count;
            try {
                count = channel.position(offset).read(target);
            } catch (IOException e) {
                throw new CheckpointException(file + ": byte " + offset + ": cannot be read: " + e, e);
            }
            if (count < 0) {
                throw new CheckpointException(file + ": ends at byte " + offset + "; expected "
                        + target.remaining() + " bytes more");
            }
            offset += count;
        }
    }

    /** Fills a header and returns the tensors in the order of their elements in the file. */
    private static List<Tensor> layOut(Map<String, Tensor> tensors, SafetensorsHeader header) {
        requireLittleEndian();
        List<Map.Entry<String, Tensor>> sorted = new ArrayList<>(tensors.entrySet());
        sorted.sort(Comparator.comparingInt(entry -> -entry.getValue().dtype().bytes()));
        List<Tensor> order = new ArrayList<>();
        long offset = 0;
        for (Map.Entry<String, Tensor> entry : sorted) {
            Tensor tensor = entry.getValue();
            if (entry.getKey().equals(SafetensorsHeader.METADATA)) {
                throw new IllegalArgumentException("tensors has the name " + SafetensorsHeader.METADATA
                        + ", which the format reserves; expected any other name");
            }
            if (!tensor.device().isCpu()) {
                throw new IllegalArgumentException("tensor '" + entry.getKey() + "' is on " + tensor.device()
                        + "; expected on cpu");
            }
            long end = Math.addExact(offset, tensor.bytes());
            header.entries.put(entry.getKey(),
                    new SafetensorsHeader.Entry(tensor.dtype(), tensor.shape(), offset, end));
            order.add(tensor);
            offset = end;
        }
        return order;
    }

    private static void requireLittleEndian() {
        if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
            throw new IllegalStateException("this machine is big-endian; expected a little-endian one for safetensors");
        }
    }
}
