package org.swapdistill.benchmarks.report;

import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.swapdistill.benchmarks.cases.Case;
import org.swapdistill.benchmarks.cases.Implementation;

/**
 * A case of the short form.
 *
 * @param suite simple name of the JMH suite that has it too
 * @param params as of that suite, without the implementation
 * @param threads at least 1
 * @param implementations to be timed
 * @param maker makes it
 */
record PlannedCase(String suite, Map<String, String> params, int threads, List<Implementation> implementations,
                   Supplier<Case> maker) {

    /** The same for other implementations. */
    PlannedCase with(List<Implementation> others) {
        return new PlannedCase(suite, params, threads, others, maker);
    }
}
