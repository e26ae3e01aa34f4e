package org.swapdistill.packaging;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.swapdistill.kernels.bindings.swapdistill;

/** What docs/api.md calls public, a line for each thing that a program can depend on. */
final class PublicApi {
    private static final List<String> PACKAGES = List.of("org.swapdistill.kernels", "org.swapdistill.tensor");
    private static final Path CLASSES = Path.of("target/classes");

    private PublicApi() {
    }

    static SortedSet<String> lines() throws IOException, ReflectiveOperationException {
        SortedSet<String> lines = new TreeSet<>();
        for (String name : PACKAGES) {
            for (Class<?> type : classesOf(name)) {
                addClass(type, lines);
            }
        }
        addStructures(lines);
        return lines;
    }

    private static List<Class<?>> classesOf(String packageName) throws IOException, ClassNotFoundException {
        try (Stream<Path> files = Files.list(CLASSES.resolve(packageName.replace('.', '/')))) {
            List<String> names = files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(".class"))
                    .map(name -> packageName + "." + name.replace(".class", "")).toList();
            java.util.ArrayList<Class<?>> classes = new java.util.ArrayList<>();
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

    private static void addClass(Class<?> type, SortedSet<String> lines) {
        String supertypes = Stream.concat(Stream.ofNullable(type.getSuperclass()), Arrays.stream(type.getInterfaces()))
                .map(Class::getName).filter(name -> !name.equals("java.lang.Object")).sorted()
                .collect(Collectors.joining(", "));
        lines.add(type.getName() + ": " + type.toGenericString() + (supertypes.isEmpty() ? "" : " is " + supertypes));
        for (Field field : type.getDeclaredFields()) {
            addMember(type, field, field.toGenericString(), lines);
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

    /** Whether a method is synchronized, and what it throws unchecked, is no part of it. */
    private static String signature(Executable executable) {
        return executable.toGenericString().replace("synchronized ", "").replace("native ", "");
    }

    /** The C structures' sizes and the places of their members; the header's constants and functions as bound. */
    private static void addStructures(SortedSet<String> lines) throws IOException, ReflectiveOperationException {
        Loader.load(swapdistill.class);
        for (Class<?> type : classesOf("org.swapdistill.kernels.bindings")) {
            if (type == swapdistill.class) {
                for (Field field : type.getDeclaredFields()) {
                    if (Modifier.isStatic(field.getModifiers()) && field.getType() == int.class) {
                        lines.add("C: " + field.getName() + " = " + field.getInt(null));
                    }
                }
                for (Method method : type.getDeclaredMethods()) {
                    if (Modifier.isNative(method.getModifiers())) {
                        lines.add("C: " + method.getName() + "/" + method.getParameterCount());
                    }
                }
            } else if (Pointer.class.isAssignableFrom(type)) {
                @SuppressWarnings("unchecked")
                Class<? extends Pointer> structure = (Class<? extends Pointer>) type;
                lines.add("C: sizeof(" + type.getSimpleName() + ") = " + Loader.sizeof(structure));
                for (Method method : type.getDeclaredMethods()) {
                    if (Modifier.isNative(method.getModifiers()) && Modifier.isPublic(method.getModifiers())
                            && method.getReturnType() != type && !method.getName().startsWith("allocate")) {
                        lines.add("C: offsetof(" + type.getSimpleName() + ", " + method.getName() + ") = "
                                + Loader.offsetof(structure, method.getName()));
                    }
                }
            }
        }
    }
}
