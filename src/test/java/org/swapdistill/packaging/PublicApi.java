package org.swapdistill.packaging;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.swapdistill.kernels.bindings.swapdistill;

/** What docs/api.md calls public, a line for each thing that a program can depend on. */
final class PublicApi {
    private static final String BINDINGS = "org.swapdistill.kernels.bindings";
    private static final List<String> PACKAGES = List.of("org.swapdistill.kernels", BINDINGS,
            "org.swapdistill.kernels.presets", "org.swapdistill.tensor");
    private static final Path CLASSES = Path.of("target/classes");

    private PublicApi() {
    }

    /** That of the classes in target/classes, and of the header with this text. */
    static SortedSet<String> lines(String header) throws IOException, ReflectiveOperationException {
        SortedSet<String> lines = new TreeSet<>();
        for (String name : PACKAGES) {
            for (Class<?> type : classesOf(name)) {
                addClass(type, lines);
            }
        }
        addHeader(header.replaceAll("(?s)/\\*.*?\\*/", " ").replaceAll("\\\\\\R", " "), lines);
        // The version says what a change means, and is none itself.
        lines.removeIf(line -> line.contains("SD_VERSION_"));
        return lines;
    }

    private static List<Class<?>> classesOf(String packageName) throws IOException, ClassNotFoundException {
        try (Stream<Path> files = Files.list(CLASSES.resolve(packageName.replace('.', '/')))) {
            List<String> names = files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(".class"))
                    .map(name -> packageName + "." + name.replace(".class", "")).toList();
            List<Class<?>> classes = new ArrayList<>();
            for (String name : names) {
                Class<?> type = Class.forName(name, false, PublicApi.class.getClassLoader());
                if (isPublic(type)) {
                    classes.add(type);
                }
            }
            return classes;
        }
    }

    private static boolean isPublic(Class<?> type) {
        for (Class<?> each = type; each != null; each = each.getDeclaringClass()) {
            if (!Modifier.isPublic(each.getModifiers()) || each.isAnonymousClass() || each.isSynthetic()) {
                return false;
            }
        }
        return true;
    }

    private static void addClass(Class<?> type, SortedSet<String> lines) throws IllegalAccessException {
        String supertypes = Stream.concat(Stream.ofNullable(type.getGenericSuperclass()),
                Arrays.stream(type.getGenericInterfaces())).map(Type::getTypeName)
                .filter(name -> !name.equals("java.lang.Object")).sorted().collect(Collectors.joining(", "));
        String components = type.isRecord() ? Arrays.toString(type.getRecordComponents()) : "";
        lines.add(type.getName() + ": " + type.toGenericString() + components
                + (supertypes.isEmpty() ? "" : " is " + supertypes));
        for (Field field : type.getDeclaredFields()) {
            addMember(type, field, field.toGenericString() + value(field), lines);
        }
        for (Constructor<?> constructor : type.getDeclaredConstructors()) {
            addMember(type, constructor, signature(constructor), lines);
        }
        for (Method method : type.getDeclaredMethods()) {
            addMember(type, method, signature(method), lines);
        }
    }

    private static void addMember(Class<?> type, Member member, String signature, SortedSet<String> lines) {
        boolean visible = Modifier.isPublic(member.getModifiers())
                || Modifier.isProtected(member.getModifiers()) && !Modifier.isFinal(type.getModifiers());
        if (visible && !member.isSynthetic()) {
            lines.add(type.getName() + ": " + signature);
        }
    }

    /** That of a constant, which compilers copy into other classes. */
    private static String value(Field field) throws IllegalAccessException {
        int constant = Modifier.PUBLIC | Modifier.STATIC | Modifier.FINAL;
        boolean copied = field.getType().isPrimitive() || field.getType() == String.class;
        return copied && (field.getModifiers() & constant) == constant ? " = " + field.get(null) : "";
    }

    /** Whether a method is synchronized, and what it throws unchecked, is no part of it. */
    private static String signature(Executable executable) {
        return executable.toGenericString().replace("synchronized ", "").replace("native ", "");
    }

    /**
     * The C header without comments: macros and prototypes in its own words, constants as bound, structures as laid out.
     * Functions, structures and members that the header has and the bindings lack, or the other way round, are an exception.
     */
    private static void addHeader(String header, SortedSet<String> lines) throws IOException, ReflectiveOperationException {
        matches("(?m)^#define (SD_\\w+(?:\\([^)]*\\))?) +(\\S.*)$", header)
                .forEach(macro -> lines.add("C: " + macro.group(1) + " = " + onOneLine(macro.group(2))));
        Set<String> functions = new TreeSet<>();
        matches("(?m)^SD_API ([^;({]*?(sd_\\w+)\\([^;]*\\));", header).forEach(function -> {
            functions.add(function.group(2));
            lines.add("C: " + onOneLine(function.group(1)));
        });
        Set<String> structures = new TreeSet<>();
        for (MatchResult structure : matches("typedef struct (sd_\\w+) \\{([^}]*)\\} \\1;", header)) {
            structures.add(structure.group(1));
            addStructure(structure.group(1), structure.group(2), lines);
        }
        Set<String> boundStructures = new TreeSet<>();
        for (Class<?> type : classesOf(BINDINGS)) {
            if (Pointer.class.isAssignableFrom(type)) {
                boundStructures.add(type.getSimpleName());
            }
        }
        requireSame("structures", structures, boundStructures);
        requireSame("functions", functions, nativeMethods(swapdistill.class));
        for (Field field : swapdistill.class.getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers()) && field.getType() == int.class) {
                lines.add("C: " + field.getName() + " = " + field.getInt(null));
            }
        }
    }

    private static void addStructure(String name, String members, SortedSet<String> lines)
            throws ReflectiveOperationException {
        Class<? extends Pointer> structure = Class.forName(BINDINGS + "." + name).asSubclass(Pointer.class);
        lines.add("C: sizeof(" + name + ") = " + Loader.sizeof(structure));
        Set<String> names = new TreeSet<>();
        for (MatchResult member : matches("([^;]*?(\\w+)(?:\\[\\w+\\])?);", members)) {
            names.add(member.group(2));
            lines.add("C: " + name + ": " + onOneLine(member.group(1)) + " at " + Loader.offsetof(structure, member.group(2)));
        }
        requireSame("members of " + name, names, nativeMethods(structure));
    }

    /** Names of the functions, or of a structure's members. */
    private static Set<String> nativeMethods(Class<?> type) {
        return Arrays.stream(type.getDeclaredMethods())
                .filter(method -> Modifier.isNative(method.getModifiers()) && Modifier.isPublic(method.getModifiers()))
                .map(Method::getName).collect(Collectors.toCollection(TreeSet::new));
    }

    private static void requireSame(String what, Set<String> declared, Set<String> bound) {
        if (!declared.equals(bound)) {
            throw new IllegalStateException(what + " read in the header are " + declared + "; bound are " + bound);
        }
    }

    private static List<MatchResult> matches(String pattern, String text) {
        return Pattern.compile(pattern).matcher(text).results().toList();
    }

    private static String onOneLine(String text) {
        return text.strip().replaceAll("\\s+", " ");
    }
}
