package org.swapdistill.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What was measured of one contender; one line of a samples file, tab-separated.
 *
 * @param caseName the case
 * @param kind whose code
 * @param contender how
 * @param bytes moved by one call at least, or 0 when that bounds nothing
 * @param seconds per call, one value a round; rounds of one case belong together
 */
record Samples(String caseName, Contender.Kind kind, String contender, long bytes, double[] seconds) {

    private static final int FIELDS = 5;

    String toLine() {
        String values = Arrays.stream(seconds).mapToObj(Double::toString).collect(Collectors.joining(" "));
        return String.join("\t", caseName, kind.name(), contender, Long.toString(bytes), values);
    }

    static List<Samples> read(Path file) throws IOException {
        List<Samples> all = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            String[] fields = line.split("\t");
            if (fields.length != FIELDS) {
                throw new IOException(file + " has a line of " + fields.length + " fields; expected " + FIELDS);
            }
            double[] seconds = Arrays.stream(fields[4].split(" ")).mapToDouble(Double::parseDouble).toArray();
            all.add(new Samples(fields[0], Contender.Kind.valueOf(fields[1]), fields[2], Long.parseLong(fields[3]),
                    seconds));
        }
        return all;
    }

    /** Milliseconds per call. */
    Statistics milliseconds() {
        return Statistics.of(seconds).times(1e3);
    }

    /** How many times as long as another contender of the same case. */
    Statistics timesAsLongAs(Samples other) {
        return Statistics.ofRatios(seconds, other.seconds);
    }

    /** Bytes per second in units of 1e9, counted at the least number of bytes. */
    double gigabytesPerSecond() {
        return bytes / Statistics.of(seconds).median() * 1e-9;
    }

    /** Bytes per second as a share of another contender's of the same case. */
    Statistics shareOf(Samples other) {
        return other.timesAsLongAs(this).times((double) bytes / other.bytes);
    }
}
