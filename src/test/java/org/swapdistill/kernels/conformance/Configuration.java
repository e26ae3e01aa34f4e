package org.swapdistill.kernels.conformance;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * One random case as named integers, so that any case can be printed in one line, read back, and shrunk without
 * knowing what the numbers mean. Zero (or one, for sizes) is the simplest value of each.
 */
final class Configuration {
    private final Map<String, Integer> values;

    private Configuration(Map<String, Integer> values) {
        this.values = values;
    }

    static Configuration empty() {
        return new Configuration(new LinkedHashMap<>());
    }

    static Configuration parse(String line) {
        Configuration result = empty();
        for (String item : line.split(",")) {
            String[] nameAndValue = item.trim().split("=");
            result.values.put(nameAndValue[0], Integer.parseInt(nameAndValue[1]));
        }
        return result;
    }

    Configuration set(String name, int value) {
        values.put(name, value);
        return this;
    }

    Configuration with(String name, int value) {
        return new Configuration(new LinkedHashMap<>(values)).set(name, value);
    }

    int get(String name) {
        return values.get(name);
    }

    boolean is(String name) {
        return get(name) != 0;
    }

    Iterable<String> names() {
        return values.keySet();
    }

    @Override
    public String toString() {
        return values.entrySet().stream().map(entry -> entry.getKey() + "=" + entry.getValue())
            .collect(Collectors.joining(","));
    }
}
