package org.swapdistill.train.checkpoint;

import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;

/** A file that exists in memory only; reads give at most a few bytes at a time, as a channel may. */
final class MemoryChannel implements SeekableByteChannel {
    private static final int MOST_BYTES_PER_READ = 100;

    private final byte[] bytes;
    private long position;

    MemoryChannel(byte[] bytes) {
        this.bytes = bytes;
    }

    @Override
    public int read(ByteBuffer target) {
        if (position >= bytes.length) {
            return -1;
        }
        int count = (int) Math.min(Math.min(MOST_BYTES_PER_READ, target.remaining()), bytes.length - position);
        target.put(bytes, (int) position, count);
        position += count;
        return count;
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public SeekableByteChannel position(long newPosition) {
        position = newPosition;
        return this;
    }

    @Override
    public long size() {
        return bytes.length;
    }

    @Override
    public int write(ByteBuffer source) {
        throw new UnsupportedOperationException("read only");
    }

    @Override
    public SeekableByteChannel truncate(long size) {
        throw new UnsupportedOperationException("read only");
    }

    @Override
    public boolean isOpen() {
        return true;
    }

    @Override
    public void close() {
        // Nothing is open.
    }
}
