package org.swapdistill.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** A text file of class names, one a line in the order of the labels, UTF-8; blank lines do not count. */
final class ClassNames {
    private static final int MOST_BYTES = 1 << 20;

    private ClassNames() {
    }

    /** Reads the names of exactly {@code classes} classes. */
    static List<String> read(ByteSource source, int classes) throws IOException {
        List<String> names = read(source);
        if (names.size() != classes) {
            throw new DatasetException(source.name() + ": has " + names.size() + " class names; expected " + classes);
        }
        return names;
    }

    /** Reads as many names as there are, at least one. */
    static List<String> read(ByteSource source) throws IOException {
        byte[] bytes;
        try (InputStream stream = source.open()) {
            bytes = stream.readNBytes(MOST_BYTES + 1);
        }
        if (bytes.length > MOST_BYTES) {
            throw new DatasetException(source.name() + ": has more than " + MOST_BYTES
                    + " bytes; expected a list of class names");
        }
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new DatasetException(source.name() + ": is not UTF-8 text; expected a list of class names", e);
        }
        List<String> names = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        int number = 0;
        for (String line : text.split("\\R", -1)) {
            number++;
            String name = line.strip();
            if (name.isEmpty()) {
                continue;
            }
            if (name.chars().anyMatch(Character::isISOControl)) {
                throw new DatasetException(source.name() + ": line " + number
                        + ": has a control character; expected a class name");
            }
            if (!seen.add(name)) {
                throw new DatasetException(source.name() + ": line " + number + ": '" + name
                        + "' stands there twice; expected different class names");
            }
            names.add(name);
        }
        if (names.isEmpty()) {
            throw new DatasetException(source.name() + ": has no class names; expected one a line");
        }
        return names;
    }
}
