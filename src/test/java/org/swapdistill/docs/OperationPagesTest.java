package org.swapdistill.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.kernels.DistillationLoss.Reduction;
import org.swapdistill.kernels.DistillationLoss.Target;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.PairAssembler;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.kernels.SgdUpdate;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.bytedeco.javacpp.FloatPointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the pages of docs/operations say about options, arrays and error messages. */
class OperationPagesTest {
    private static final Path PAGES = Path.of("docs", "operations");
    /** A row of a table whose first cell is a method or a message, and its second cell. */
    private static final Pattern ROW = Pattern.compile("(?m)^\\| `([^`]+)` \\|([^|]*)\\|");
    /** Defaults that are no value. */
    private static final Map<String, String> WORDS = Map.of("positionCount", "not used", "ignoreIndex", "none",
        "channels", "none, required", "sourceSize", "none, required", "outputSize", "the source's size",
        "patchSwap", "none");
    private static final Execution CPU = Execution.cpu();
    private static final RandomPosition AT = new RandomPosition(1, 0, 0, 0);

    private static String page(String name) throws IOException {
        return Files.readString(PAGES.resolve(name + ".md"));
    }

    private static String section(String page, String heading) {
        int start = page.indexOf("\n## " + heading + "\n");
        assertTrue(start >= 0, "no section " + heading);
        int end = page.indexOf("\n## ", start + 1);
        return page.substring(start, end < 0 ? page.length() : end);
    }

    private static Map<String, String> rows(String section) {
        return ROW.matcher(section).results().collect(Collectors.toMap(row -> row.group(1), row -> row.group(2).trim()));
    }

    private static Set<String> settings(Class<?> builder) {
        return Stream.of(builder.getDeclaredMethods())
            .filter(method -> Modifier.isPublic(method.getModifiers())
                && method.getReturnType() == builder)
            .map(Method::getName).collect(Collectors.toCollection(TreeSet::new));
    }

    static List<Arguments> builders() {
        return List.of(Arguments.of("patch-swap", PatchSwap.builder()),
            Arguments.of("pair-assembly", PairAssembler.builder()),
            Arguments.of("distillation-loss", DistillationLoss.builder()),
            Arguments.of("sgd-update", SgdUpdate.builder()));
    }

    @ParameterizedTest
    @MethodSource("builders")
    void everyOptionHasARowWithItsDefault(String page, Object builder) throws ReflectiveOperationException, IOException {
        Map<String, String> rows = rows(section(page(page), "Options"));
        assertEquals(settings(builder.getClass()), new TreeSet<>(rows.keySet()));
        for (Map.Entry<String, String> row : rows.entrySet()) {
            String expected = WORDS.get(row.getKey());
            if (expected == null) {
                Field field = builder.getClass().getDeclaredField(row.getKey());
                field.setAccessible(true);
                expected = "`" + text(field.get(builder)) + "`";
            }
            assertEquals(expected, row.getValue(), row.getKey());
        }
    }

    private static String text(Object value) {
        if (value instanceof float[]) {
            assertEquals(1, ((float[]) value).length);
            return text(((float[]) value)[0]);
        }
        return value.toString().replaceFirst("\\.0$", "");
    }

    @Test
    void everyArrayOfTheLossHasARow() throws IOException {
        assertEquals(settings(DistillationLoss.Arrays.class),
            new TreeSet<>(rows(section(page("distillation-loss"), "Arrays")).keySet()));
    }

    private static void assertMessages(String page, Executable... calls) throws IOException {
        Set<String> messages = new TreeSet<>();
        for (Executable call : calls) {
            messages.add(assertThrows(RuntimeException.class, call).getMessage());
        }
        assertEquals(messages, new TreeSet<>(rows(section(page(page), "Errors")).keySet()));
    }

    @Test
    void messagesOfPatchSwap() throws IOException {
        PatchSwap swap = PatchSwap.builder().build();
        Tensor closed = Tensor.allocate(DType.F32, 2, 3, 32, 32);
        closed.close();
        try (Tensor a = Tensor.allocate(DType.F32, 2, 3, 32, 32); Tensor b = Tensor.allocate(DType.F32, 2, 3, 32, 32);
                Tensor half = Tensor.allocate(DType.F16, 2, 3, 32, 32);
                Tensor smaller = Tensor.allocate(DType.F32, 2, 3, 28, 28);
                Tensor positions = Tensor.allocate(DType.U8, 2, 2, 2); FloatPointer four = new FloatPointer(4);
                FloatPointer eight = new FloatPointer(8)) {
            assertMessages("patch-swap",
                () -> PatchSwap.builder().patchSize(0),
                () -> PatchSwap.builder().probability(1.5),
                () -> PatchSwap.builder().positionCount(20).build().apply(CPU, AT, a, b),
                () -> swap.apply(CPU, AT, a, null),
                () -> swap.apply(CPU, AT, a, a),
                () -> swap.apply(CPU, AT, a, half),
                () -> swap.apply(CPU, AT, a, smaller),
                () -> swap.apply(CPU, AT, a, closed),
                () -> swap.apply(Execution.cuda(null), AT, a, b),
                () -> swap.applyPositions(CPU, positions, a, b),
                () -> swap.apply(CPU, AT, DType.F32, 1, 1, 2, 4, eight, four));
        }
    }

    @Test
    void messagesOfPairAssembly() throws IOException {
        PairAssembler assembler = PairAssembler.builder().channels(3).sourceSize(32, 32).build();
        PairAssembler swapping = PairAssembler.builder().channels(3).sourceSize(32, 32)
            .patchSwap(PatchSwap.builder().build()).build();
        try (Tensor images = Tensor.allocate(DType.U8, 10, 3, 32, 32);
                Tensor smaller = Tensor.allocate(DType.U8, 10, 3, 28, 28);
                Tensor index = Tensor.of(new int[] {0, 1}, 2); Tensor outside = Tensor.of(new int[] {0, 10}, 2);
                Tensor a = Tensor.allocate(DType.F32, 2, 3, 32, 32); Tensor b = Tensor.allocate(DType.F32, 2, 3, 32, 32);
                Tensor transposed = Tensor.allocate(DType.F32, 2, 32, 32, 3)) {
            assertMessages("pair-assembly",
                () -> PairAssembler.builder().sourceSize(32, 32).build(),
                () -> PairAssembler.builder().channels(17),
                () -> PairAssembler.builder().channels(3).build(),
                () -> PairAssembler.builder().channels(3).sourceSize(32, 32).padding(4).outputSize(48, 48).build(),
                () -> PairAssembler.builder().channels(3).sourceSize(32, 32).mean(0.5f, 0.5f).build(),
                () -> PairAssembler.builder().deviation(0),
                () -> assembler.assemble(CPU, AT, smaller, index, index, a, b),
                () -> assembler.assemble(CPU, AT, images, index, index, a, transposed),
                () -> assembler.assemble(CPU, AT, images, index, outside, a, b),
                () -> swapping.assembleSingles(CPU, AT, images, index, a));
        }
    }

    @Test
    void messagesOfDistillationLoss() throws IOException {
        DistillationLoss pair = DistillationLoss.builder().build();
        DistillationLoss detached = DistillationLoss.builder().target(Target.LOGITS).build();
        try (Tensor a = Tensor.allocate(DType.F32, 4, 10); Tensor b = Tensor.allocate(DType.F32, 4, 10);
                Tensor labels = Tensor.of(new int[] {0, 1, 2, 10}, 4); Tensor loss = Tensor.allocate(DType.F32, 1);
                Tensor gradient = Tensor.allocate(DType.F32, 4, 10); Tensor one = Tensor.allocate(DType.F32, 4, 1);
                Tensor workspace = Tensor.allocate(DType.U8, pair.workspaceBytes(CPU, 4, 10, 1));
                FloatPointer upstream = new FloatPointer(4)) {
            assertMessages("distillation-loss",
                () -> DistillationLoss.builder().target(Target.PROBABILITIES).coupled(true).build(),
                () -> DistillationLoss.builder().target(Target.NONE).distillationWeight(1).build(),
                () -> DistillationLoss.builder().temperature(0),
                () -> DistillationLoss.builder().labelDtype(DType.U8),
                () -> pair.apply(CPU, arrays(a, b).loss(loss)),
                () -> pair.apply(CPU, arrays(a, b).labels(labels)),
                () -> pair.apply(CPU, arrays(one, one).labels(labels).loss(loss)),
                () -> pair.apply(CPU, arrays(a, b).labels(labels).loss(loss)),
                () -> pair.apply(CPU, arrays(a, b).labels(labels).loss(loss).workspace(workspace)),
                () -> pair.apply(CPU, arrays(a, b).labels(labels).logitsGradient(a)),
                () -> pair.apply(CPU, arrays(a, b).labels(labels).loss(loss).upstream(upstream, 1)),
                () -> detached.apply(CPU, arrays(a, b).labels(labels).targetGradient(gradient)));
        }
    }

    private static DistillationLoss.Arrays arrays(Tensor logits, Tensor target) {
        return new DistillationLoss.Arrays().logits(logits).target(target);
    }

    @Test
    void messagesOfSgdUpdate() throws IOException {
        SgdUpdate update = SgdUpdate.builder().build();
        try (Tensor value = Tensor.allocate(DType.F32, 4); Tensor gradient = Tensor.allocate(DType.F32, 4);
                Tensor three = Tensor.allocate(DType.F32, 3); Tensor momentum = Tensor.allocate(DType.F32, 4)) {
            SgdUpdate.Parameters plain = SgdUpdate.Parameters.builder().add(value, gradient, null, null, 0).build();
            SgdUpdate.Parameters moving = SgdUpdate.Parameters.builder().add(value, gradient, momentum, null, 0).build();
            assertMessages("sgd-update",
                () -> SgdUpdate.builder().momentum(1),
                () -> SgdUpdate.builder().momentum(0).nesterov(true).build(),
                () -> update.apply(CPU, Float.NaN, 1, plain),
                () -> update.apply(CPU, 1, Float.POSITIVE_INFINITY, plain),
                () -> update.apply(CPU, 1, 1, plain),
                () -> SgdUpdate.builder().momentum(0).build().apply(CPU, 1, 1, moving),
                () -> SgdUpdate.Parameters.builder().add(value, three, momentum, null, 0),
                () -> SgdUpdate.Parameters.builder().add(value, gradient, momentum, null, -1),
                () -> SgdUpdate.Parameters.builder().add(value, value, momentum, null, 0).build());
        }
    }
}
