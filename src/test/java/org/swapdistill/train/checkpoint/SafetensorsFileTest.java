package org.swapdistill.train.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.swapdistill.fuzz.Fuzz;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

class SafetensorsFileTest {
    private static final String ONE = "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}";

    @TempDir
    Path directory;

    @Test
    void readsWhatItWrote() throws IOException {
        Path file = directory.resolve("all.safetensors");
        Map<String, Tensor> tensors = sample();
        Map<String, String> metadata = Map.of("epoch", "3", "name", "Größe \"x\"\n");
        SafetensorsFile.write(file, tensors, metadata);
        try (SafetensorsFile.Contents contents = SafetensorsFile.read(file)) {
            assertEquals(metadata, contents.metadata());
            assertEquals(tensors.keySet(), contents.tensors().keySet());
            tensors.forEach((name, tensor) -> {
                Tensor read = contents.tensors().get(name);
                assertEquals(tensor.dtype(), read.dtype(), name);
                assertEquals(tensor.shape(), read.shape(), name);
                assertArrayEquals(tensor.toBytes(), read.toBytes(), name);
            });
        }
        assertEquals(metadata, SafetensorsFile.readMetadata(file));
        tensors.values().forEach(Tensor::close);
    }

    @Test
    void laysOutTheBytesAsTheFormatDemands() throws IOException {
        Path file = directory.resolve("layout.safetensors");
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        try (Tensor bytes = Tensor.of(new byte[] {1, 2, 3}, 3);
                Tensor floats = Tensor.of(new float[] {1f, -2f}, 2, 1)) {
            tensors.put("b", bytes);
            tensors.put("f", floats);
            SafetensorsFile.write(file, tensors, Map.of("k", "v"));
        }
        ByteBuffer written = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int length = (int) written.getLong();
        assertEquals(0, length % 8);
        String header = new String(written.array(), 8, length, StandardCharsets.UTF_8);
        assertEquals("{\"__metadata__\":{\"k\":\"v\"},"
                + "\"f\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
                + "\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[8,11]}}", header.stripTrailing());
        written.position(8 + length);
        assertEquals(1f, written.getFloat());
        assertEquals(-2f, written.getFloat());
        assertEquals(3, written.remaining());
        assertEquals(1, written.get());
    }

    @Test
    void writesTheSameBytesAgain() throws IOException {
        Map<String, Tensor> tensors = sample();
        SafetensorsFile.write(directory.resolve("1"), tensors, Map.of("a", "b"));
        SafetensorsFile.write(directory.resolve("2"), tensors, Map.of("a", "b"));
        assertArrayEquals(Files.readAllBytes(directory.resolve("1")), Files.readAllBytes(directory.resolve("2")));
        tensors.values().forEach(Tensor::close);
    }

    @Test
    void readsAFileWithoutTensors() throws IOException {
        try (SafetensorsFile.Contents contents = SafetensorsFile.read(file("{}", 0))) {
            assertTrue(contents.tensors().isEmpty());
            assertTrue(contents.metadata().isEmpty());
        }
    }

    @Test
    void refusesEveryTruncation() throws IOException {
        Path file = directory.resolve("whole");
        Map<String, Tensor> tensors = sample();
        SafetensorsFile.write(file, tensors, Map.of("a", "b"));
        tensors.values().forEach(Tensor::close);
        byte[] whole = Files.readAllBytes(file);
        Path cut = directory.resolve("cut");
        for (int length = 0; length < whole.length; length += length < 16 || length > whole.length - 16 ? 1 : 9) {
            Files.write(cut, Arrays.copyOf(whole, length));
            CheckpointException e = assertThrows(CheckpointException.class, () -> SafetensorsFile.read(cut));
            assertTrue(e.getMessage().startsWith(cut + ": "), e.getMessage());
        }
        Files.write(cut, Arrays.copyOf(whole, whole.length + 1));
        refused(cut, "bytes of tensors; expected");
    }

    record Mistake(String header, int dataBytes, String message) {
    }

    static List<Mistake> mistakes() {
        return List.of(
                new Mistake("[]", 0, "does not begin with '{'"),
                new Mistake(" {}", 0, "does not begin with '{'"),
                new Mistake("{", 0, "header"),
                new Mistake("{}x", 0, "header is not valid"),
                new Mistake("{}{}", 0, "goes on after its closing brace"),
                new Mistake("{\"a\":1}", 0, "tensor 'a' is an integer at character 5; expected an object"),
                new Mistake("{\"a\":{}}", 0, "tensor 'a': lacks dtype"),
                new Mistake(ONE.replace("\"U8\"", "8"), 2, "dtype is an integer"),
                new Mistake(ONE.replace("U8", "F64"), 2, "dtype is 'F64'; expected one of [F32,"),
                new Mistake(ONE.replace("[2]", "2"), 2, "shape is an integer at character 27; expected an array"),
                new Mistake(ONE.replace("[2]", "[-2]"), 2, "shape: has -2; expected at least 0"),
                new Mistake(ONE.replace("[2]", "[2.0]"), 2, "shape is value_number_float"),
                new Mistake(ONE.replace("[2]", "[99999999999999999999]"), 2, "header is not valid"),
                new Mistake(ONE.replace("[2]", "[4294967296,4294967296]"), 2, "expected fewer than 2^63 elements"),
                new Mistake(ONE.replace("U8", "I64").replace("[2]", "[2305843009213693952]"), 2,
                        "data_offsets is [0, 2]"),
                new Mistake(ONE.replace("[2]", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2]"), 2, "more than 16 numbers"),
                new Mistake(ONE.replace("[0,2]", "[0]"), 2, "lacks two data_offsets"),
                new Mistake(ONE.replace("[0,2]", "[0,2,3]"), 2, "data_offsets: has more than 2 numbers"),
                new Mistake(ONE.replace("[0,2]", "[2,0]"), 2, "data_offsets is [2, 0]; expected 2 elements of 1 bytes"),
                new Mistake(ONE.replace("[0,2]", "[0,3]"), 3, "data_offsets is [0, 3]; expected 2 elements"),
                new Mistake(ONE.replace("[0,2]", "[1,3]"), 3, "tensor 'a' begins at 1; expected 0"),
                new Mistake(ONE.replace("shape", "shade"), 2, "has a field 'shade'"),
                new Mistake(ONE, 1, "has 1 bytes of tensors; expected 2 (the file is cut off)"),
                new Mistake(ONE, 3, "has 3 bytes of tensors; expected 2"),
                new Mistake(ONE.replace("}}", "},\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}"), 2,
                        "tensor 'b' begins at 1; expected 2, where the one before it ends"),
                new Mistake(ONE.replace("}}", "},\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[2,2]}}"), 2,
                        "Duplicate field 'a'"),
                new Mistake("{\"__metadata__\":{\"a\":1}}", 0, "__metadata__ 'a' is an integer"),
                new Mistake("{\"__metadata__\":\"a\"}", 0, "__metadata__ is a string"),
                new Mistake("{\"a\":{\"dtype\":{\"x\":{\"y\":{}}}}}", 0, "dtype is an object"));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void refuses(Mistake mistake) throws IOException {
        refused(file(mistake.header, mistake.dataBytes), mistake.message);
    }

    @Test
    void refusesForeignFiles() throws IOException {
        refused(directory.resolve("missing"), "does not exist; expected a safetensors file");
        refused(directory, "is a directory or a special file");
        Path file = directory.resolve("foreign");
        Files.writeString(file, "PK\3\4 this is something else");
        refused(file, "the header length is ");
        Files.write(file, ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(1).array());
        refused(file, "the header length is 1; expected 2 to 16777216");
        Files.write(file, ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putLong(-1).array());
        refused(file, "the header length is 18446744073709551615");
        Files.write(file, ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putLong(57).array());
        refused(file, "has 64 bytes; expected a header of 57 (the file is cut off)");
        Files.write(file, new byte[] {2, 0, 0, 0, 0, 0, 0, 0, '{', (byte) 0xFF});
        refused(file, "is not UTF-8");
    }

    @Test
    void refusesNamesAndTensorsThatCannotBeWritten() {
        Path file = directory.resolve("x");
        try (Tensor tensor = Tensor.of(new float[1], 1)) {
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                    () -> SafetensorsFile.write(file, Map.of("__metadata__", tensor), Map.of()));
            assertTrue(e.getMessage().contains("__metadata__"), e.getMessage());
        }
        String longText = "x".repeat(SafetensorsFile.MOST_HEADER_BYTES);
        CheckpointException e = assertThrows(CheckpointException.class,
                () -> SafetensorsFile.write(file, Map.of(), Map.of("a", longText)));
        assertTrue(e.getMessage().contains("expected at most"), e.getMessage());
        assertTrue(Files.notExists(file));
    }

    @Test
    @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void survivesTenThousandDamagedFiles() throws IOException {
        Path file = directory.resolve("sample");
        Map<String, Tensor> tensors = sample();
        SafetensorsFile.write(file, tensors, Map.of("epoch", "3", "seed", "17"));
        tensors.values().forEach(Tensor::close);
        byte[] sample = Files.readAllBytes(file);
        long owned = Memory.ownedBytes();
        Path damaged = Path.of("damaged");
        Fuzz.Outcome outcome = Fuzz.run(Fuzz.CASES, List.of(sample), CheckpointException.class, 8 << 20,
                (number, bytes) -> SafetensorsFile.read(damaged, new MemoryChannel(bytes)).close());
        assertTrue(outcome.refused() > Fuzz.CASES / 2 && outcome.accepted() > 0, outcome.toString());
        assertEquals(owned, Memory.ownedBytes());
    }

    private static Map<String, Tensor> sample() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("conv1.weight", Tensor.of(new float[] {1.5f, -0f, Float.NaN, 1e-40f, 3f, 4f}, 3, 2));
        tensors.put("bn1.num_batches_tracked", Tensor.of(new long[] {1L << 40}));
        tensors.put("labels", Tensor.of(new int[] {-1, 7}, 2));
        tensors.put("pixels", Tensor.of(new byte[] {1, 2, -1}, 1, 3));
        Tensor half = Tensor.allocate(DType.F16, 2);
        half.copyFrom(new float[] {0.5f, 65504f});
        tensors.put("half", half);
        Tensor brain = Tensor.allocate(DType.BF16, Shape.of(1, 1, 3));
        brain.copyFrom(new float[] {1f, 2f, -3f});
        tensors.put("brain", brain);
        tensors.put("empty", Tensor.allocate(DType.F32, 0, 4));
        // The reader returns the header's order, which is that of the elements: wider types first.
        Map<String, Tensor> sorted = new LinkedHashMap<>();
        for (int bytes : new int[] {8, 4, 2, 1}) {
            tensors.forEach((name, tensor) -> {
                if (tensor.dtype().bytes() == bytes) {
                    sorted.put(name, tensor);
                }
            });
        }
        return sorted;
    }

    private Path file(String header, int dataBytes) throws IOException {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + text.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(text.length).put(text);
        Path file = directory.resolve("written");
        Files.write(file, bytes.array());
        return file;
    }

    private static void refused(Path file, String message) {
        CheckpointException e = assertThrows(CheckpointException.class, () -> SafetensorsFile.read(file));
        assertTrue(e.getMessage().startsWith(file + ": "), e.getMessage());
        assertTrue(e.getMessage().contains(message), e.getMessage());
        assertThrows(CheckpointException.class, () -> SafetensorsFile.readMetadata(file));
    }
}
