package org.swapdistill.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ProgressReportTest {
    @Test
    void theBarFillsTheLineAndNeverWraps() {
        assertEquals("epoch 2/9 [====    ] 5/10  812 images/s", ProgressReport.bar("epoch 2/9", 5, 10,
            "  812 images/s", 39));
        String figures = "  12345 images/s  loss 1234567.890  accuracy 100.0%  12h59m left";
        for (long done : new long[] {0, 1, 99_999, 100_000}) {
            assertEquals(ProgressReport.COLUMNS, ProgressReport.bar("epoch 1000/1000", done, 100_000, figures,
                ProgressReport.COLUMNS).length());
        }
    }

    @Test
    void durationsAreShort() {
        assertEquals("59s", ProgressReport.duration(59.4));
        assertEquals("1m05s", ProgressReport.duration(65));
        assertEquals("2h03m", ProgressReport.duration(7390));
    }
}
