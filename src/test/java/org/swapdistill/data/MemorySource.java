package org.swapdistill.data;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.OptionalLong;

/** A file that exists in memory only. */
record MemorySource(String name, byte[] bytes) implements ByteSource {
    @Override
    public InputStream openStored() {
        return new ByteArrayInputStream(bytes);
    }

    @Override
    public OptionalLong storedLength() {
        return OptionalLong.of(bytes.length);
    }
}
