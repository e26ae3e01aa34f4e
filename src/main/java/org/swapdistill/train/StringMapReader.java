package org.swapdistill.train;

import org.swapdistill.data.ImageSize;
import org.swapdistill.tensor.DType;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** Reads typed values out of a string map and names every value that is missing, unknown or malformed. */
final class StringMapReader {
    private final Map<String, String> map;
    private final Set<String> read = new HashSet<>();

    StringMapReader(Map<String, String> map) {
        this.map = map;
    }

    String string(String name) {
        String value = map.get(name);
        if (value == null) {
            throw new IllegalArgumentException("'" + name + "' is missing");
        }
        read.add(name);
        return value;
    }

    int integer(String name) {
        return parse(name, "an integer", Integer::valueOf);
    }

    long longInteger(String name) {
        return parse(name, "an integer", Long::valueOf);
    }

    double number(String name) {
        return parse(name, "a number", Double::valueOf);
    }

    boolean flag(String name) {
        return parse(name, "true or false", value -> {
            if (!value.equals("true") && !value.equals("false")) {
                throw new IllegalArgumentException(value);
            }
            return value.equals("true");
        });
    }

    DType dtype(String name) {
        return parse(name, "an element type such as F32", DType::valueOf);
    }

    List<Integer> integers(String name) {
        return parse(name, "integers with commas between", value -> value.isEmpty() ? List.of()
            : Arrays.stream(value.split(",", -1)).map(Integer::valueOf).toList());
    }

    ImageSize imageSize(String name) {
        return parse(name, "channels, height and width with commas between", value -> {
            String[] parts = value.split(",", -1);
            if (parts.length != 3) {
                throw new IllegalArgumentException(value);
            }
            return new ImageSize(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]), Integer.parseInt(parts[2]));
        });
    }

    float[] floats(String name) {
        return parse(name, "numbers with commas between", value -> {
            String[] parts = value.split(",", -1);
            float[] numbers = new float[parts.length];
            for (int i = 0; i < parts.length; i++) {
                numbers[i] = Float.parseFloat(parts[i]);
            }
            return numbers;
        });
    }

    /** Refuses names that nobody asked for: a file of a later version must not be half understood. */
    void requireAllRead() {
        for (String name : map.keySet()) {
            if (!read.contains(name)) {
                throw new IllegalArgumentException("'" + name + "' is not known to this version");
            }
        }
    }

    private <T> T parse(String name, String expected, Function<String, T> parser) {
        String value = string(name);
        try {
            return parser.apply(value);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("'" + name + "' is '" + value + "'; expected " + expected);
        }
    }
}
