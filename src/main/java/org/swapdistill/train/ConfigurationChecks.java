package org.swapdistill.train;

import java.util.List;

/** Refuses values of a training configuration in one form of words: name, value, what was expected. */
final class ConfigurationChecks {
    private ConfigurationChecks() {
    }

    static void between(String name, long value, long least, long most) {
        if (value < least || value > most) {
            String expected = most == Integer.MAX_VALUE ? "at least " + least : least + " to " + most;
            require(false, name, value, expected);
        }
    }

    static void number(String name, double value, double least, double most) {
        if (!(value >= least && value <= most)) {
            String expected = most == Float.MAX_VALUE ? "a finite number of at least " + shortest(least)
                : "a number from " + shortest(least) + " to " + shortest(most);
            require(false, name, value, expected);
        }
    }

    private static String shortest(double value) {
        return value == (long) value ? Long.toString((long) value) : Double.toString(value);
    }

    static void present(String name, Object value) {
        require(value != null, name, "null", "a value");
    }

    static void oneOf(String name, String value, String... names) {
        require(List.of(names).contains(String.valueOf(value)), name, "'" + value + "'",
            "one of " + String.join(", ", names));
    }

    static void require(boolean condition, String name, Object value, String expected) {
        if (!condition) {
            throw new IllegalArgumentException(name + " is " + value + "; expected " + expected);
        }
    }
}
