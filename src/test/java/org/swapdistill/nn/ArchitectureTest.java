package org.swapdistill.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ArchitectureTest {
    /** Published: He et al. 2016, torchvision's model pages, Zagoruyko and Komodakis 2016 (36.5 M, 0.7 M). */
    @ParameterizedTest
    @CsvSource({"resnet8, IDENTITY, 75290", "resnet14, IDENTITY, 172506", "resnet20, IDENTITY, 269722",
        "resnet20, CONVOLUTION, 272474", "resnet32, IDENTITY, 464154", "resnet44, IDENTITY, 658586",
        "resnet56, IDENTITY, 853018", "resnet110, IDENTITY, 1727962", "resnet18, CONVOLUTION, 11689512",
        "resnet34, CONVOLUTION, 21797672", "resnet50, CONVOLUTION, 25557032", "wrn-28-10, CONVOLUTION, 36479194",
        "wrn-16-2, CONVOLUTION, 691674"})
    void hasThePublishedNumberOfParameters(String name, Shortcut shortcut, long expected) {
        assertEquals(expected, Architecture.parse(name).withShortcut(shortcut).parameterCount());
    }

    @Test
    void smallImageStemHasTheUsualNumberOfParameters() {
        Architecture cifar = Architecture.parse("resnet18").withStem(Stem.CIFAR).withInput(3, 32, 32).withClasses(100);
        assertEquals(11220132, cifar.parameterCount());
    }

    @Test
    void widthMultiplierWidensEveryStage() {
        long narrow = Architecture.parse("resnet20").parameterCount();
        long wide = Architecture.parse("resnet20").withWidthMultiplier(2).parameterCount();
        assertTrue(wide > 3.9 * narrow && wide < 4.1 * narrow, wide + " parameters");
    }

    @Test
    void parsesEveryName() {
        for (String name : Architecture.names()) {
            assertEquals(name, Architecture.parse(name).name());
            assertTrue(Architecture.parse(name).parameterCount() > 0);
        }
        assertEquals("resnet20", Architecture.parse("ResNet20").name());
    }

    @Test
    void isAValue() {
        Architecture architecture = Architecture.parse("resnet20");
        assertEquals(architecture, Architecture.parse("resnet20"));
        assertEquals(architecture.hashCode(), Architecture.parse("resnet20").hashCode());
        assertNotEquals(architecture, architecture.withClasses(100));
        assertNotEquals(architecture, architecture.withInput(1, 28, 28));
        assertNotEquals(architecture, architecture.withShortcut(Shortcut.CONVOLUTION));
        assertNotEquals(architecture, architecture.withWidthMultiplier(2));
    }

    @Test
    void refusesWrongValuesByName() {
        Architecture architecture = Architecture.parse("resnet20");
        assertRefused("architecture is \"resnet21\"; expected one of resnet8", () -> Architecture.parse("resnet21"));
        assertRefused("classes is 1; expected at least 2", () -> architecture.withClasses(1));
        assertRefused("inputChannels is 0; expected at least 1", () -> architecture.withInput(0, 32, 32));
        assertRefused("widthMultiplier is 0; expected at least 1", () -> architecture.withWidthMultiplier(0));
        assertRefused("stem is IMAGENET; expected CIFAR for resnet20", () -> architecture.withStem(Stem.IMAGENET));
        assertRefused("shortcut is IDENTITY; expected CONVOLUTION for wrn-16-2",
                () -> Architecture.parse("wrn-16-2").withShortcut(Shortcut.IDENTITY));
        assertRefused("images are 3 x 32; expected at least 4 x 4",
                () -> architecture.withInput(3, 3, 32).parameterCount());
        assertRefused("images are 31 x 32; expected at least 32 x 32",
                () -> Architecture.parse("resnet50").withInput(3, 31, 32).parameterCount());
        assertThrows(NullPointerException.class, () -> Architecture.parse(null));
    }

    private static void assertRefused(String start, Supplier<Object> call) {
        String message = assertThrows(IllegalArgumentException.class, call::get).getMessage();
        assertTrue(message.startsWith(start), message);
    }
}
