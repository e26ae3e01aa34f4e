package org.swapdistill.data;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;

/** Writes the IDX format. */
final class IdxWriter {
    private IdxWriter() {
    }

    /** The bytes of an IDX file of unsigned bytes. */
    static byte[] bytes(byte[] elements, int... sizes) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeInt(0x0800 | sizes.length);
            for (int size : sizes) {
                out.writeInt(size);
            }
            out.write(elements);
        }
        return bytes.toByteArray();
    }

    /** The same bytes as a gzip file, at the highest compression and without a time. */
    static byte[] compressed(byte[] bytes) throws IOException {
        ByteArrayOutputStream result = new ByteArrayOutputStream();
        try (OutputStream out = new BestGzip(result)) {
            out.write(bytes);
        }
        return result.toByteArray();
    }

    private static final class BestGzip extends GZIPOutputStream {
        BestGzip(OutputStream out) throws IOException {
            super(out);
            def.setLevel(Deflater.BEST_COMPRESSION);
        }
    }
}
