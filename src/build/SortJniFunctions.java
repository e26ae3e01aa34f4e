import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Sorts what JavaCPP has written to a C++ file in the order in which the JVM happens to give methods, so that two builds
 * give the same bytes: the functions, and the names and offsets of a structure's members.
 *
 * <p>Usage: {@code java SortJniFunctions.java FILE}; the file is overwritten.
 */
public class SortJniFunctions {
    private static final String MEMBERS = "static const char* JavaCPP_members[";
    private static final String OFFSETS = "static int JavaCPP_offsets[";

    public static void main(String[] arguments) throws IOException {
        Path file = Path.of(arguments[0]);
        List<String> lines = Files.readAllLines(file);
        sortMembers(lines);
        Files.write(file, sortFunctions(lines));
    }

    /** The two tables have a line for each class, which begin with the size of a structure. */
    private static void sortMembers(List<String> lines) {
        int members = begin(lines, MEMBERS);
        int offsets = begin(lines, OFFSETS);
        boolean last = false;
        for (int i = 1; !last; i++) {
            last = lines.get(members + i).endsWith("};");
            String[] names = elements(lines.get(members + i), ", ");
            String[] places = elements(lines.get(offsets + i), ", (?=sizeof|offsetof)");
            if (names.length != places.length) {
                throw new IllegalStateException(names.length + " members and " + places.length + " offsets in line "
                        + (offsets + i + 1));
            }
            List<String> both = new ArrayList<>();
            for (int k = 1; k < names.length; k++) {
                both.add(names[k] + "\t" + places[k]);
            }
            Collections.sort(both);
            StringBuilder sortedNames = new StringBuilder("        { " + names[0]);
            StringBuilder sortedPlaces = new StringBuilder("        { " + places[0]);
            for (String pair : both) {
                sortedNames.append(", ").append(pair.split("\t")[0]);
                sortedPlaces.append(", ").append(pair.split("\t")[1]);
            }
            lines.set(members + i, sortedNames + (last ? " } };" : " },"));
            lines.set(offsets + i, sortedPlaces + (last ? " } };" : " },"));
        }
    }

    private static int begin(List<String> lines, String start) {
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).startsWith(start)) {
                return i;
            }
        }
        throw new IllegalStateException("no line begins with " + start);
    }

    private static String[] elements(String line, String separator) {
        return line.substring(line.indexOf('{') + 1, line.indexOf('}')).strip().split(separator);
    }

    /** Functions that Java calls, each from its head to a brace in the first column. */
    private static List<String> sortFunctions(List<String> lines) {
        List<String> result = new ArrayList<>();
        List<String> functions = new ArrayList<>();
        int first = -1;
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).startsWith("JNIEXPORT ") && lines.get(i).contains(" Java_")) {
                if (first < 0) {
                    first = result.size();
                }
                int begin = i;
                while (!lines.get(i).equals("}")) {
                    i++;
                }
                functions.add(String.join("\n", lines.subList(begin, i + 1)));
            } else {
                result.add(lines.get(i));
            }
        }
        Collections.sort(functions);
        result.addAll(first, functions);
        return result;
    }
}
