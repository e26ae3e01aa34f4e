package org.swapdistill.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.swapdistill.cli.Main;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The front door on a machine with two devices; the emulation refuses memory and streams of the other one. */
@Tag("emulation")
class SeveralDevicesTest {
    private static final Map<String, String> TWO_DEVICES = Map.of("SWAPDISTILL_EMULATION_DEVICES", "2");

    @TempDir
    private Path directory;
    private Path data;

    @BeforeEach
    void writeData() throws IOException {
        data = SmallData.writeIdx(directory.resolve("data"), 1);
    }

    private EmulatedProcess train(String device) throws IOException, InterruptedException {
        return EmulatedProcess.run(Main.class, TWO_DEVICES, directory.resolve("output.txt"), "train",
            "--data", data.toString(), "--model", "resnet8", "--epochs", "1", "--batch-size", "16", "--patch-size", "6",
            "--precision", "f16", "--device", device, "--output", directory.resolve(device.replace(':', '-')).toString());
    }

    /** The line about the epoch, without its times. */
    private static List<String> epochs(EmulatedProcess process) {
        List<String> lines = process.text().lines().filter(line -> line.startsWith("epoch "))
            .map(line -> line.replaceAll("([0-9]+m)?[0-9.]+ ?(s|img/s|images/s)\\b", "#")).toList();
        assertEquals(1, lines.size(), process.text());
        return lines;
    }

    @Test
    void theSecondOneTrainsAsTheFirst() throws IOException, InterruptedException {
        EmulatedProcess second = train("cuda:1");
        assertEquals(0, second.exit(), second.text());
        assertFalse(second.text().contains("CUDA emulation"), second.text());
        assertTrue(second.text().matches("(?s).*at most [0-9.]+ MiB of memory of cuda:1 were in use.*"), second.text());
        assertFalse(second.text().contains("bytes of memory of"), "the log says it too: " + second.text());
        assertEquals(epochs(train("cuda")), epochs(second));

        EmulatedProcess evaluated = EmulatedProcess.run(Main.class, TWO_DEVICES, directory.resolve("evaluated.txt"),
            "evaluate", directory.resolve("cuda-1").toString(), "--device", "cuda:1");
        assertEquals(0, evaluated.exit(), evaluated.text());
        assertTrue(evaluated.text().contains("top-1"), evaluated.text());
        assertFalse(evaluated.text().contains("CUDA emulation"), evaluated.text());
    }

    @Test
    void aThirdOneIsAnErrorThatListsBoth() throws IOException, InterruptedException {
        EmulatedProcess process = train("cuda:2");
        assertEquals(2, process.exit(), process.text());
        assertTrue(process.text().matches(
            "(?s).*--device is cuda:2; expected one of this machine's: cuda:0 .*cuda:1 .*"), process.text());
    }
}
