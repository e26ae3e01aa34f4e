package org.swapdistill.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MemoryPlanTest {
    private record Span(MemoryPlan.Block block, int first, int last) {
        boolean meets(Span other) {
            return first <= other.last && other.first <= last;
        }

        boolean overlaps(Span other) {
            return block.offset() < other.block.offset() + other.block.bytes()
                    && other.block.offset() < block.offset() + block.bytes();
        }
    }

    private static Span add(MemoryPlan plan, long bytes, int first, int last) {
        MemoryPlan.Block block = plan.add(bytes);
        block.useAt(first);
        block.useAt(last);
        return new Span(block, first, last);
    }

    @Test
    void blocksUsedAtTheSameTimeNeverOverlap() {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            MemoryPlan plan = new MemoryPlan(64);
            List<Span> spans = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                int first = random.nextInt(50);
                spans.add(add(plan, 1 + random.nextInt(5000), first, first + random.nextInt(20)));
            }
            plan.arrange();
            for (int i = 0; i < spans.size(); i++) {
                assertEquals(0, spans.get(i).block.offset() % 64);
                assertTrue(spans.get(i).block.offset() + spans.get(i).block.bytes() <= plan.bytes());
                for (int j = 0; j < i; j++) {
                    assertTrue(!spans.get(i).meets(spans.get(j)) || !spans.get(i).overlaps(spans.get(j)),
                            "seed " + seed);
                }
            }
        }
    }

    @Test
    void aChainReusesTwoPlaces() {
        MemoryPlan plan = new MemoryPlan(64);
        for (int i = 0; i < 10; i++) {
            add(plan, 640, i, i + 1);
        }
        plan.arrange();
        assertEquals(1280, plan.bytes());
        assertEquals(6400, plan.sumOfBlocks());
    }

    @Test
    void aBlockUsedAlwaysSharesNothing() {
        MemoryPlan plan = new MemoryPlan(1);
        MemoryPlan.Block kept = plan.add(10);
        kept.useAlways();
        for (int i = 0; i < 5; i++) {
            add(plan, 7, 2 * i, 2 * i);
        }
        plan.arrange();
        assertEquals(17, plan.bytes());
    }

    @Test
    void refusesWhatDoesNotFit() {
        assertThrows(IllegalArgumentException.class, () -> new MemoryPlan(0));
        MemoryPlan plan = new MemoryPlan(64);
        assertThrows(IllegalArgumentException.class, () -> plan.add(-1));
        MemoryPlan.Block block = plan.add(1);
        assertThrows(IllegalStateException.class, block::offset);
        plan.arrange();
        assertThrows(IllegalStateException.class, plan::arrange);
        assertThrows(IllegalStateException.class, () -> plan.add(1));
    }
}
