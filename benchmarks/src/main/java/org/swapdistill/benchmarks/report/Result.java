package org.swapdistill.benchmarks.report;

import java.util.Map;

/**
 * One way of doing one case.
 *
 * @param suite simple name of the JMH suite
 * @param title the case in words; empty in JMH's own files
 * @param purpose what the report does with it; empty in JMH's own files
 * @param params the suite's parameters with the implementation; in the short form also form and environment
 * @param primary the time of a call; for the purpose "memory" the peak of the process
 * @param secondary other quantities by name
 */
record Result(String suite, String title, String purpose, Map<String, String> params, Metric primary,
              Map<String, Metric> secondary) {

    String implementation() {
        return params.getOrDefault("implementation", "");
    }

    String environment() {
        return params.getOrDefault("environment", "");
    }

    String form() {
        return params.getOrDefault("form", "");
    }

    boolean comparable() {
        return !"false".equals(params.get("comparable"));
    }

    /** Median of a secondary quantity; NaN if there is none. */
    double secondary(String name) {
        Metric metric = secondary.get(name);
        return metric == null ? Double.NaN : metric.statistics().median();
    }

    /** Suite and shape, for charts. */
    String shortName() {
        return suite.replace("Benchmark", "") + " " + params.getOrDefault("shape", params.getOrDefault("model",
                params.getOrDefault("operation", "")));
    }

    /** Median of the primary quantity. */
    double median() {
        return primary.statistics().median();
    }
}
