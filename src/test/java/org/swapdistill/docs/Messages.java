package org.swapdistill.docs;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The messages that docs/troubleshooting.md quotes, by their names there. */
final class Messages {
    private static final Pattern QUOTED = Pattern.compile("<!-- message (\\S+) -->\n```text\n(.*)\n```\n");

    private Messages() {
    }

    static Map<String, String> quoted() throws IOException {
        Map<String, String> messages = new TreeMap<>();
        Matcher matcher = QUOTED.matcher(Files.readString(Path.of("docs/troubleshooting.md")));
        while (matcher.find()) {
            messages.put(matcher.group(1), matcher.group(2));
        }
        return messages;
    }

    /** The text has a line that contains the quoted message, in which three dots stand for anything. */
    static void assertQuoted(String name, String text) throws IOException {
        String pattern = Pattern.quote(quoted().get(name)).replace("...", "\\E.*\\Q");
        assertTrue(Pattern.compile(pattern).matcher(text).find(), "\"" + text + "\" is not \"" + quoted().get(name) + "\"");
    }
}
