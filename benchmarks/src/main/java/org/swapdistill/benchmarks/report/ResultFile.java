package org.swapdistill.benchmarks.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Results as JSON: those of the short form in the format of JMH's, below {@code results}, beside the machine and what
 * was not measured. JMH's own files, which are the list of results alone, can be read too.
 *
 * @param machine what was measured on and with
 * @param results everything that was timed
 * @param notMeasured what was not, with the reason
 */
record ResultFile(Map<String, String> machine, List<Result> results, List<String> notMeasured) {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    private static final String PACKAGE = "org.swapdistill.benchmarks.";
    private static final String METHOD = ".call";

    /** An empty one to be filled. */
    static ResultFile empty() {
        return new ResultFile(new LinkedHashMap<>(), new ArrayList<>(), new ArrayList<>());
    }

    void write(Path file) throws IOException {
        ObjectNode root = JSON.createObjectNode();
        machine.forEach(root.putObject("machine")::put);
        ArrayNode missing = root.putArray("notMeasured");
        notMeasured.forEach(missing::add);
        ArrayNode list = root.putArray("results");
        for (Result result : results) {
            ObjectNode node = list.addObject();
            node.put("benchmark", PACKAGE + result.suite() + METHOD);
            node.put("title", result.title());
            node.put("purpose", result.purpose());
            node.put("mode", "avgt");
            result.params().forEach(node.putObject("params")::put);
            writeMetric(node.putObject("primaryMetric"), result.primary());
            ObjectNode secondary = node.putObject("secondaryMetrics");
            result.secondary().forEach((name, metric) -> writeMetric(secondary.putObject(name), metric));
        }
        JSON.writeValue(file.toFile(), root);
    }

    private static void writeMetric(ObjectNode node, Metric metric) {
        Statistics statistics = metric.statistics();
        node.put("score", statistics.median());
        node.put("scoreUnit", metric.unit());
        ArrayNode quartiles = node.putArray("scoreQuartiles");
        quartiles.add(statistics.lower()).add(statistics.upper());
        ArrayNode raw = node.putArray("rawData").addArray();
        for (double sample : metric.samples()) {
            raw.add(sample);
        }
        if (metric.rounds().length > 0) {
            ArrayNode rounds = node.putArray("rounds");
            for (int round : metric.rounds()) {
                rounds.add(round);
            }
        }
    }

    /** @throws IOException if the file cannot be read or has another format */
    static ResultFile read(Path file) throws IOException {
        JsonNode root = JSON.readTree(file.toFile());
        ResultFile content = empty();
        JsonNode list = root.isArray() ? root : root.path("results");
        if (!list.isArray()) {
            throw new IOException(file + " has no list of results; expected a file of JMH or of the short form");
        }
        root.path("machine").fields().forEachRemaining(entry ->
                content.machine.put(entry.getKey(), entry.getValue().asText()));
        root.path("notMeasured").forEach(node -> content.notMeasured.add(node.asText()));
        for (JsonNode node : list) {
            content.results.add(readResult(file, node));
        }
        return content;
    }

    private static Result readResult(Path file, JsonNode node) throws IOException {
        String benchmark = node.path("benchmark").asText();
        String suite = benchmark.replaceAll("^(?:.*\\.)?(\\w+)\\.\\w+$", "$1");
        Map<String, String> params = new LinkedHashMap<>();
        node.path("params").fields().forEachRemaining(entry -> params.put(entry.getKey(), entry.getValue().asText()));
        Map<String, Metric> secondary = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : node.path("secondaryMetrics").properties()) {
            secondary.put(entry.getKey(), readMetric(file, entry.getValue()));
        }
        return new Result(suite, node.path("title").asText(), node.path("purpose").asText(), params,
                readMetric(file, node.path("primaryMetric")), secondary);
    }

    private static Metric readMetric(Path file, JsonNode node) throws IOException {
        List<Double> samples = new ArrayList<>();
        node.path("rawData").forEach(fork -> fork.forEach(sample -> samples.add(sample.asDouble())));
        if (samples.isEmpty()) {
            throw new IOException(file + " has a result without rawData");
        }
        int[] rounds = new int[node.path("rounds").size()];
        for (int i = 0; i < rounds.length; i++) {
            rounds[i] = node.path("rounds").get(i).asInt();
        }
        return new Metric(node.path("scoreUnit").asText(),
                samples.stream().mapToDouble(Double::doubleValue).toArray(), rounds);
    }
}
