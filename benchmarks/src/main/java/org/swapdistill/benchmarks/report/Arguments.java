package org.swapdistill.benchmarks.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Options of a command, each {@code --name value}, and the arguments that stand alone. */
final class Arguments {
    private final Map<String, String> options = new LinkedHashMap<>();
    private final List<String> others = new ArrayList<>();

    /**
     * @param known every option with its default
     * @throws IllegalArgumentException for another option, or one without a value
     */
    Arguments(String[] args, Map<String, String> known) {
        options.putAll(known);
        for (int i = 0; i < args.length; i++) {
            if (!args[i].startsWith("--")) {
                others.add(args[i]);
                continue;
            }
            if (!known.containsKey(args[i])) {
                throw new IllegalArgumentException("option is " + args[i] + "; expected one of "
                        + String.join(", ", known.keySet()));
            }
            if (i + 1 == args.length) {
                throw new IllegalArgumentException(args[i] + " is the last argument; expected a value after it");
            }
            options.put(args[i], args[++i]);
        }
    }

    String text(String option) {
        return options.get(option);
    }

    /** A number of at least {@code least}. */
    double number(String option, double least) {
        String text = options.get(option);
        try {
            double number = Double.parseDouble(text);
            if (number >= least && number <= 1e6) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Reported below, as other values that make no sense.
        }
        throw new IllegalArgumentException(option + " is \"" + text + "\"; expected a number from " + least + " on");
    }

    List<String> others() {
        return others;
    }
}
