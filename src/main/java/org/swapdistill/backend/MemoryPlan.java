package org.swapdistill.backend;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Places blocks of memory, each used during a known span of time, in one arena, so that blocks whose spans meet do not
 * overlap. Largest block first, each at the lowest place that is free during its whole span ("greedy by size",
 * Pisarchyk and Lee 2020, arXiv 2001.03288). The result depends on the blocks alone.
 */
public final class MemoryPlan {
    private final long alignment;
    private final List<Block> blocks = new ArrayList<>();
    private long bytes;
    private boolean arranged;

    /**
     * An empty plan.
     *
     * @param alignment of every block, in bytes, at least 1
     */
    public MemoryPlan(long alignment) {
        if (alignment < 1) {
            throw new IllegalArgumentException("alignment is " + alignment + "; expected at least 1");
        }
        this.alignment = alignment;
    }

    /** One block: a size, a span of time, and after {@link #arrange} an offset. */
    public static final class Block {
        private final long bytes;
        private int first = Integer.MAX_VALUE;
        private int last = Integer.MIN_VALUE;
        private long offset = -1;

        private Block(long bytes) {
            this.bytes = bytes;
        }

        /** Size in bytes. */
        public long bytes() {
            return bytes;
        }

        /** Extends the span so that it includes {@code time}. */
        public void useAt(int time) {
            first = Math.min(first, time);
            last = Math.max(last, time);
        }

        /** Makes the block keep its place, which no other block shares, for ever. */
        public void useAlways() {
            first = Integer.MIN_VALUE;
            last = Integer.MAX_VALUE;
        }

        /**
         * Where the block begins in the arena, in bytes.
         *
         * @throws IllegalStateException before {@link #arrange}
         */
        public long offset() {
            if (offset < 0) {
                throw new IllegalStateException("the block has no place yet; expected arrange before");
            }
            return offset;
        }

        private boolean meets(Block other) {
            return first <= other.last && other.first <= last;
        }
    }

    /** Adds a block of {@code bytes}, at least 0. */
    public Block add(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("bytes is " + bytes + "; expected at least 0");
        }
        if (arranged) {
            throw new IllegalStateException("the plan is arranged; expected no further block");
        }
        Block block = new Block(bytes);
        blocks.add(block);
        return block;
    }

    /** Gives every block its offset, once. */
    public void arrange() {
        if (arranged) {
            throw new IllegalStateException("the plan is arranged already");
        }
        arranged = true;
        List<Block> bySize = new ArrayList<>(blocks);
        bySize.sort(Comparator.comparingLong((Block block) -> -block.bytes).thenComparingInt(block -> block.first));
        List<Block> placed = new ArrayList<>();
        for (Block block : bySize) {
            long offset = 0;
            for (Block other : placed) {
                if (!other.meets(block) || other.bytes == 0) {
                    continue;
                }
                if (other.offset >= offset + block.bytes) {
                    break;
                }
                offset = Math.max(offset, align(other.offset + other.bytes));
            }
            block.offset = offset;
            bytes = Math.max(bytes, offset + block.bytes);
            insertByOffset(placed, block);
        }
    }

    private static void insertByOffset(List<Block> placed, Block block) {
        int low = 0;
        int high = placed.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (placed.get(middle).offset <= block.offset) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        placed.add(low, block);
    }

    private long align(long offset) {
        return (offset + alignment - 1) / alignment * alignment;
    }

    /** Size of the arena in bytes, after {@link #arrange}. */
    public long bytes() {
        return bytes;
    }

    /** Sum of the sizes of all blocks: what a plan without reuse would need. */
    public long sumOfBlocks() {
        return blocks.stream().mapToLong(Block::bytes).sum();
    }
}
