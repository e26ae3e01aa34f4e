package org.swapdistill.data;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Decompresses a gzip file (RFC 1952) of one or more members. Unlike {@link java.util.zip.GZIPInputStream} it refuses
 * bytes after the last member, and its failures name the file and the offset.
 */
final class GzipStream extends InputStream {
    private static final int HEADER_CRC = 2;
    private static final int EXTRA = 4;
    private static final int NAME = 8;
    private static final int COMMENT = 16;
    private static final int RESERVED = 0xE0;

    private final String name;
    private final InputStream stored;
    private final Inflater inflater = new Inflater(true);
    private final CRC32 checksum = new CRC32();
    private final byte[] buffer = new byte[1 << 16];
    private final byte[] single = new byte[1];
    private int position;
    private int limit;
    private long consumedBefore;
    private boolean inMember;
    private boolean finished;

    GzipStream(String name, InputStream stored) {
        this.name = name;
        this.stored = stored;
    }

    @Override
    public int read() throws IOException {
        return read(single, 0, 1) < 0 ? -1 : single[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) {
            return 0;
        }
        while (!finished) {
            if (!inMember) {
                readHeader();
            }
            int count = inflate(target, offset, length);
            if (count > 0) {
                return count;
            }
            if (inflater.finished()) {
                readTrailer();
            }
        }
        return -1;
    }

    @Override
    public void close() throws IOException {
        inflater.end();
        stored.close();
    }

    private int inflate(byte[] target, int offset, int length) throws IOException {
        if (inflater.needsInput() && !inflater.finished()) {
            if (!fill()) {
                throw failure("the compressed data end early");
            }
            inflater.setInput(buffer, position, limit - position);
        }
        int count;
        try {
            count = inflater.inflate(target, offset, length);
        } catch (DataFormatException e) {
            throw new DatasetException(name + ": byte " + offset() + ": the compressed data are corrupt: "
                    + e.getMessage(), e);
        }
        if (inflater.needsDictionary()) {
            throw failure("the compressed data ask for a dictionary, which gzip does not have");
        }
        position = limit - inflater.getRemaining();
        checksum.update(target, offset, count);
        return count;
    }

    private void readHeader() throws IOException {
        require(next() == 0x1F && next() == 0x8B, "is not a gzip file: expected the bytes 1F 8B");
        int method = next();
        require(method == 8, "gzip compression method is " + method + "; expected 8");
        int flags = next();
        require((flags & RESERVED) == 0, "gzip flags are " + flags + "; expected the upper three bits to be 0");
        skip(6);
        if ((flags & EXTRA) != 0) {
            int length = next();
            skip(length | next() << 8);
        }
        if ((flags & NAME) != 0) {
            skipString();
        }
        if ((flags & COMMENT) != 0) {
            skipString();
        }
        if ((flags & HEADER_CRC) != 0) {
            skip(2);
        }
        inflater.reset();
        inflater.setInput(buffer, position, limit - position);
        checksum.reset();
        inMember = true;
    }

    private void readTrailer() throws IOException {
        long written = inflater.getBytesWritten();
        long storedChecksum = nextInteger();
        require(storedChecksum == checksum.getValue(), String.format(
                "gzip checksum is %08x; the data's is %08x", storedChecksum, checksum.getValue()));
        long length = nextInteger();
        require(length == (written & 0xFFFFFFFFL), "gzip length is " + length + "; the data's is " + written);
        inMember = false;
        finished = position == limit && !fill();
    }

    private long nextInteger() throws IOException {
        long value = 0;
        for (int i = 0; i < 4; i++) {
            value |= (long) next() << (8 * i);
        }
        return value;
    }

    private void skipString() throws IOException {
        while (next() != 0) {
            continue;
        }
    }

    private void skip(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            next();
        }
    }

    private int next() throws IOException {
        if (position == limit && !fill()) {
            throw failure("the gzip file ends early");
        }
        return buffer[position++] & 0xFF;
    }

    private boolean fill() throws IOException {
        consumedBefore += limit;
        position = 0;
        limit = 0;
        int count = stored.read(buffer, 0, buffer.length);
        limit = Math.max(count, 0);
        return count > 0;
    }

    private long offset() {
        return consumedBefore + position;
    }

    private void require(boolean condition, String message) throws DatasetException {
        if (!condition) {
            throw failure(message);
        }
    }

    private DatasetException failure(String message) {
        return new DatasetException(name + ": byte " + offset() + ": " + message);
    }
}
