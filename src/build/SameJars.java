import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;

/**
 * Gives the files and directories in jars the same modes (rw-r--r--, rwxr-xr-x) and times wherever they are built: Maven's
 * plugins store the modes that the builder's umask has left, and Ant the time in the builder's zone.
 *
 * <p>Usage: {@code java SameJars.java 2026-01-01T00:00:00Z JAR...}; the jars are overwritten.
 */
public class SameJars {
    /* Of the ZIP format: signatures, and places in the records that they begin. */
    private static final int END = 0x06054b50;
    private static final int END_BYTES = 22;
    private static final int END_COUNT = 10;
    private static final int END_DIRECTORY = 16;
    private static final int ENTRY = 0x02014b50;
    private static final int ENTRY_TIME = 12;
    private static final int ENTRY_NAME_LENGTH = 28;
    private static final int ENTRY_EXTRA_LENGTH = 30;
    private static final int ENTRY_COMMENT_LENGTH = 32;
    private static final int ENTRY_ATTRIBUTES = 38;
    private static final int ENTRY_FILE = 42;
    private static final int ENTRY_NAME = 46;
    private static final int FILE = 0x04034b50;
    private static final int FILE_TIME = 10;
    private static final int DOS_DIRECTORY = 0x10;

    public static void main(String[] arguments) throws IOException {
        LocalDateTime time = LocalDateTime.ofInstant(Instant.parse(arguments[0]), ZoneOffset.UTC);
        int dosTime = time.getYear() - 1980 << 25 | time.getMonthValue() << 21 | time.getDayOfMonth() << 16
                | time.getHour() << 11 | time.getMinute() << 5 | time.getSecond() / 2;
        for (String argument : List.of(arguments).subList(1, arguments.length)) {
            Path jar = Path.of(argument);
            ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(jar)).order(ByteOrder.LITTLE_ENDIAN);
            int end = bytes.capacity() - END_BYTES;
            require(jar, end, end >= 0 && bytes.getInt(end) == END);
            int at = bytes.getInt(end + END_DIRECTORY);
            for (int count = bytes.getShort(end + END_COUNT); count > 0; count--) {
                require(jar, at, bytes.getInt(at) == ENTRY);
                int file = bytes.getInt(at + ENTRY_FILE);
                require(jar, file, bytes.getInt(file) == FILE);
                bytes.putInt(file + FILE_TIME, dosTime);
                bytes.putInt(at + ENTRY_TIME, dosTime);
                int nameLength = bytes.getShort(at + ENTRY_NAME_LENGTH);
                boolean directory = bytes.get(at + ENTRY_NAME + nameLength - 1) == '/';
                bytes.putInt(at + ENTRY_ATTRIBUTES, directory ? 040755 << 16 | DOS_DIRECTORY : 0100644 << 16);
                at += ENTRY_NAME + nameLength + bytes.getShort(at + ENTRY_EXTRA_LENGTH)
                        + bytes.getShort(at + ENTRY_COMMENT_LENGTH);
            }
            Files.write(jar, bytes.array());
        }
    }

    private static void require(Path jar, int place, boolean holds) {
        if (!holds) {
            throw new IllegalStateException(jar + " has another form than expected at byte " + place);
        }
    }
}
