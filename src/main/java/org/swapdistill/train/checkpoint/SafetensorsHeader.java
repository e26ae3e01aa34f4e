package org.swapdistill.train.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Shape;

/** The JSON header of a safetensors file: what the file holds, without the elements. */
final class SafetensorsHeader {
    static final String METADATA = "__metadata__";
    /** The header is padded with spaces so that the elements begin at a multiple of this many bytes of the file. */
    static final int ALIGNMENT = 8;

    private static final int HIGHEST_RANK = 16;
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(3)
                    .maxNumberLength(20)
                    .maxNameLength(1 << 16)
                    .maxStringLength(SafetensorsFile.MOST_HEADER_BYTES)
                    .build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .build();

    final Map<String, Entry> entries = new LinkedHashMap<>();
    final Map<String, String> metadata = new LinkedHashMap<>();

    /** One tensor: its elements are the bytes [begin, end) after the header. */
    record Entry(DType dtype, Shape shape, long begin, long end) {
    }

    /**
     * Parses a header and checks that its tensors fill the bytes after it exactly.
     *
     * @param name of the file, for messages
     * @param dataBytes the number of bytes that follow the header
     */
    static SafetensorsHeader parse(String name, byte[] bytes, long dataBytes) throws CheckpointException {
        SafetensorsHeader header = new SafetensorsHeader();
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
            if (!text.startsWith("{")) {
                throw new CheckpointException(name
                        + ": the header does not begin with '{'; expected a safetensors file");
            }
            try (JsonParser parser = JSON.createParser(text)) {
                header.parse(name, parser);
            }
        } catch (CharacterCodingException e) {
            throw new CheckpointException(name + ": the header is not UTF-8 text; expected a safetensors file", e);
        } catch (JsonProcessingException e) {
            throw new CheckpointException(name + ": the header is not valid: " + e.getOriginalMessage()
                    + (e.getLocation() == null ? "" : " at character " + e.getLocation().getCharOffset()), e);
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException e) {
            throw new CheckpointException(name + ": the header cannot be read: " + e, e);
        }
        header.requireContiguous(name, dataBytes);
        return header;
    }

    private void parse(String name, JsonParser parser) throws IOException {
        expect(name, parser, "the header", JsonToken.START_OBJECT, parser.nextToken());
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String key = parser.currentName();
            if (key.equals(METADATA)) {
                parseMetadata(name, parser);
            } else {
                entries.put(key, parseEntry(name, "tensor '" + key + "'", parser));
            }
        }
        if (parser.nextToken() != null) {
            throw new CheckpointException(name + ": the header goes on after its closing brace");
        }
    }

    private void parseMetadata(String name, JsonParser parser) throws IOException {
        expect(name, parser, METADATA, JsonToken.START_OBJECT, parser.nextToken());
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String key = parser.currentName();
            expect(name, parser, METADATA + " '" + key + "'", JsonToken.VALUE_STRING, parser.nextToken());
            metadata.put(key, parser.getText());
        }
    }

    private static Entry parseEntry(String name, String tensor, JsonParser parser) throws IOException {
        DType dtype = null;
        Shape shape = null;
        long[] offsets = null;
        expect(name, parser, tensor, JsonToken.START_OBJECT, parser.nextToken());
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            switch (field) {
                case "dtype":
                    expect(name, parser, tensor + ": dtype", JsonToken.VALUE_STRING, parser.nextToken());
                    dtype = dtype(name, tensor, parser.getText());
                    break;
                case "shape":
                    shape = shape(name, tensor, integers(name, tensor + ": shape", parser, HIGHEST_RANK));
                    break;
                case "data_offsets":
                    offsets = integers(name, tensor + ": data_offsets", parser, 2);
                    break;
                default:
                    throw new CheckpointException(name + ": " + tensor + ": has a field '" + field
                            + "'; expected dtype, shape and data_offsets");
            }
        }
        if (dtype == null || shape == null || offsets == null || offsets.length != 2) {
            throw new CheckpointException(name + ": " + tensor + ": lacks "
                    + (dtype == null ? "dtype" : shape == null ? "shape" : "two data_offsets"));
        }
        requireSize(name, tensor, dtype, shape, offsets);
        return new Entry(dtype, shape, offsets[0], offsets[1]);
    }

    private static void requireSize(String name, String tensor, DType dtype, Shape shape, long[] offsets)
            throws CheckpointException {
        long bytes = Math.multiplyHigh(shape.elements(), dtype.bytes()) == 0 ? shape.elements() * dtype.bytes() : -1;
        if (bytes < 0 || offsets[1] - offsets[0] != bytes) {
            throw new CheckpointException(name + ": " + tensor + ": data_offsets is " + Arrays.toString(offsets)
                    + "; expected " + shape.elements() + " elements of " + dtype.bytes() + " bytes for shape " + shape);
        }
    }

    private static DType dtype(String name, String tensor, String text) throws CheckpointException {
        for (DType dtype : DType.values()) {
            if (dtype.name().equals(text)) {
                return dtype;
            }
        }
        throw new CheckpointException(name + ": " + tensor + ": dtype is '" + text + "'; expected one of "
                + Arrays.toString(DType.values()));
    }

    private static Shape shape(String name, String tensor, long[] sizes) throws CheckpointException {
        try {
            return Shape.of(sizes);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(name + ": " + tensor + ": " + e.getMessage(), e);
        }
    }

    private static long[] integers(String name, String field, JsonParser parser, int most) throws IOException {
        expect(name, parser, field, JsonToken.START_ARRAY, parser.nextToken());
        long[] values = new long[most];
        int count = 0;
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            expect(name, parser, field, JsonToken.VALUE_NUMBER_INT, parser.currentToken());
            if (count == most) {
                throw new CheckpointException(name + ": " + field + ": has more than " + most + " numbers");
            }
            long value = parser.getLongValue();
            if (value < 0) {
                throw new CheckpointException(name + ": " + field + ": has " + value + "; expected at least 0");
            }
            values[count++] = value;
        }
        return Arrays.copyOf(values, count);
    }

    private static void expect(String name, JsonParser parser, String field, JsonToken expected, JsonToken found)
            throws CheckpointException {
        if (found != expected) {
            throw new CheckpointException(name + ": " + field + " is " + describe(found) + " at character "
                    + parser.currentTokenLocation().getCharOffset() + "; expected " + describe(expected));
        }
    }

    private static String describe(JsonToken token) {
        if (token == null) {
            return "missing";
        }
        switch (token) {
            case START_OBJECT:
                return "an object";
            case START_ARRAY:
                return "an array";
            case VALUE_STRING:
                return "a string";
            case VALUE_NUMBER_INT:
                return "an integer";
            default:
                return token.name().toLowerCase(Locale.ROOT);
        }
    }

    /** The format allows neither holes nor overlaps nor bytes that belong to no tensor. */
    private void requireContiguous(String name, long dataBytes) throws CheckpointException {
        List<Map.Entry<String, Entry>> sorted = new ArrayList<>(entries.entrySet());
        sorted.sort(Comparator.<Map.Entry<String, Entry>>comparingLong(entry -> entry.getValue().begin())
                .thenComparingLong(entry -> entry.getValue().end()));
        long end = 0;
        for (Map.Entry<String, Entry> entry : sorted) {
            if (entry.getValue().begin() != end) {
                throw new CheckpointException(name + ": tensor '" + entry.getKey() + "' begins at "
                        + entry.getValue().begin() + "; expected " + end + ", where the one before it ends");
            }
            end = entry.getValue().end();
        }
        if (end != dataBytes) {
            throw new CheckpointException(name + ": has " + dataBytes + " bytes of tensors; expected " + end
                    + (dataBytes < end ? " (the file is cut off)" : ""));
        }
    }

    /** The header as JSON, padded with spaces to a multiple of {@link #ALIGNMENT} bytes. */
    byte[] toBytes() throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(text)) {
            json.writeStartObject();
            if (!metadata.isEmpty()) {
                json.writeObjectFieldStart(METADATA);
                for (Map.Entry<String, String> entry : metadata.entrySet()) {
                    json.writeStringField(entry.getKey(), entry.getValue());
                }
                json.writeEndObject();
            }
            for (Map.Entry<String, Entry> entry : entries.entrySet()) {
                json.writeObjectFieldStart(entry.getKey());
                json.writeStringField("dtype", entry.getValue().dtype().name());
                json.writeFieldName("shape");
                long[] sizes = entry.getValue().shape().toArray();
                json.writeArray(sizes, 0, sizes.length);
                json.writeFieldName("data_offsets");
                json.writeArray(new long[] {entry.getValue().begin(), entry.getValue().end()}, 0, 2);
                json.writeEndObject();
            }
            json.writeEndObject();
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        int padded = (bytes.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        byte[] result = Arrays.copyOf(bytes, padded);
        Arrays.fill(result, bytes.length, padded, (byte) ' ');
        return result;
    }
}
