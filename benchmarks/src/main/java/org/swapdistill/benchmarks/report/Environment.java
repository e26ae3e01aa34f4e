package org.swapdistill.benchmarks.report;

import java.util.Map;

/** Environment variables of a measuring process. */
enum Environment {
    /** As a user gets it. */
    DEFAULT("default", Map.of()),
    /** glibc's allocator keeps and reuses freed memory, which spares libtorch the page faults of every large tensor. */
    TUNED("tuned allocator", Map.of("MALLOC_ARENA_MAX", "1", "MALLOC_MMAP_MAX_", "0",
            "MALLOC_TRIM_THRESHOLD_", "34359738368"));

    private final String title;
    private final Map<String, String> variables;

    Environment(String title, Map<String, String> variables) {
        this.title = title;
        this.variables = variables;
    }

    String title() {
        return title;
    }

    /** Makes a process environment this one. */
    void applyTo(Map<String, String> process, int threads) {
        process.keySet().removeIf(name -> name.startsWith("MALLOC_") || name.startsWith("GLIBC_"));
        process.putAll(variables);
        process.put("OMP_NUM_THREADS", Integer.toString(threads));
    }
}
