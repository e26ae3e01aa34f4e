package org.swapdistill.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.swapdistill.train.SmallData;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

class CommandLineTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "train --batch-size 3 | --batch-size is 3; expected an even number",
        "train --batch-size many | '--batch-size': 'many' is not a whole number",
        "train --learning-rate fast | '--learning-rate': 'fast' is not a number",
        "train --epochs 0 | --epochs is 0; expected 1 to 1000000",
        "train --learning-rate -1 | --learning-rate is -1.0; expected a finite number",
        "train --learning-rate NaN | --learning-rate is NaN",
        "train --warmup 20 --epochs 10 | --warmup is 20.0; expected a number from 0 to 10",
        "train --objective mixup | --objective is 'mixup'; expected one of cross-entropy, label-smoothing",
        "train --schedule linear | --schedule is 'linear'; expected one of constant, step",
        "train --model resnet9 | --model is \"resnet9\"; expected one of resnet8",
        "train --shortcut none | --shortcut is 'none'; expected one of auto, identity",
        "train --width 0 | --width is 0",
        "train --precision f64 | --precision is 'f64'; expected f32, bf16 or f16",
        "train --momentum 1 | --momentum is 1.0; expected at least 0 and less than 1",
        "train --momentum 0 | --nesterov is true; expected false when momentum is 0",
        "train --nesterov=perhaps | '--nesterov",
        "train --weight-decay -1 | --weight-decay is -1.0",
        "train --temperature 0 | --temperature is 0.0; expected a finite number above 0",
        "train --patch-size 0 | --patch-size is 0; expected at least 1",
        "train --swap-probability 1.5 | --swap-probability is 1.5; expected a number from 0 to 1",
        "train --position-count -1 | --position-count is -1",
        "train --position-count 1 --position-probability 0.5 | exclude each other",
        "train --flip 2 | --flip is 2.0; expected a number from 0 to 1",
        "train --crop-padding -1 | --crop-padding is -1",
        "train --image-size 32x32 | --image-size is '32x32'; expected channels x height x width",
        "train --checkpoint-every 0 | --checkpoint-every is 0; expected at least 1",
        "train --evaluate-every 0 | --evaluate-every is 0; expected at least 1",
        "train --threads -1 | --threads is -1",
        "train --device tpu | tpu",
        "train --device cuda --threads 2 | --threads has no effect here; expected --device cpu",
        "train --device cuda --workspace-limit -1 | --workspace-limit is -1; expected 0 to 1048576 MiB",
        "train --device cuda --precision bf16 --tf32 | --tf32 has no effect here; expected --precision f32",
        "train --tf32 | --tf32 has no effect here; expected --device cuda",
        "train --autotune | --autotune has no effect here; expected --device cuda",
        "train --precision f16 | --precision is f16; expected f32 or bf16 on the CPU, or --device cuda",
        "train --objective cross-entropy --patch-size 7 | --patch-size has no effect here; expected",
        "train --objective patch-swap --temperature 2 | --temperature has no effect here",
        "train --label-smoothing 0.2 | --label-smoothing has no effect here; expected an objective that smooths labels",
        "train --milestones 3 | --milestones has no effect here; expected --schedule multi-step",
        "train --schedule multi-step | --milestones is empty; expected at least one epoch",
        "train --resume x --epochs 3 | --epochs cannot be given with --resume",
        "train --colour blue | '--colour'",
        "train --epochs 3 --batch-size 16 --epochs 4 | --epochs is given twice; expected once",
        "train --seed 3 --seed=4 | --seed",
        "train more | 'more'",
        "compare --objectives cross-entropy,cross-entropy | --objectives has cross-entropy twice",
        "compare --objectives none | --objectives is 'none'",
        "compare --seeds 1,1 | --seeds is [1, 1]; expected different seeds",
        "compare --evaluate-on training | --evaluate-on is 'training'; expected test or validation",
        "compare --evaluate-on validation | expected --validation-per-class with it",
        "compare --objectives cross-entropy --patch-size 7 | --patch-size has no effect here",
        "evaluate | 'CHECKPOINT'",
        "evaluate x --batch-size 0 | --batch-size is 0; expected at least 1",
        "predict x | 'IMAGE'",
        "predict x y --top 0 | --top is 0; expected at least 1",
        "preview | 'FILE'",
        "preview x.png --pairs 0 | --pairs is 0; expected 1 to 1000",
        "preview x.png --scale 65 | --scale is 65; expected 1 to 64",
        "devices --all | '--all'",
        "frobnicate | 'frobnicate'"})
    void wrongValuesAreNamedAndExitWith2(String line, String expected) {
        Program program = Program.run((Object[]) line.trim().split(" "));
        assertTrue(program.err().contains(expected.trim()), program.toString());
        assertEquals(2, program.exitCode(), program.toString());
        assertTrue(program.err().contains("--help` lists the options"), program.err());
        assertEquals("", program.out());
    }

    @ParameterizedTest
    @ValueSource(strings = {"train", "compare", "evaluate", "predict", "preview", "devices"})
    void everyCommandHasHelp(String command) {
        Program program = Program.run(command, "--help");
        assertEquals(0, program.exitCode());
        assertTrue(program.out().contains("Usage: swapdistill " + command), program.out());
        assertFalse(program.out().contains("${"), program.out());
        assertTrue(Program.run("--help").out().contains("  " + command + " "), "the overview names " + command);
    }

    @Test
    void helpNamesDefaultsAndExitCodes() {
        String help = Program.run("train", "--help").out();
        assertTrue(help.contains("Default: self-distillation"), help);
        assertTrue(help.contains("Default: resnet20"), help);
        assertTrue(help.contains("130 interrupted"), help);
        String overview = Program.run("--help").out();
        for (String code : new String[] {"0 ", "1 ", "2 ", "130"}) {
            assertTrue(overview.contains("\n  " + code), overview);
        }
    }

    @Test
    void devicesSaysWhatIsUsedAndWhyCudaIsNot() {
        Program program = Program.run("devices");
        assertEquals(0, program.exitCode(), program.toString());
        assertTrue(program.out().contains("oneDNN 3."), program.out());
        assertTrue(program.out().matches("(?s).*instruction set (BASELINE|AVX2|AVX512).*"), program.out());
        assertTrue(program.out().matches("(?s).*CUDA +\\S+.*"), program.out());
    }

    /** What only the images show to be wrong is a wrong value all the same, and a refused run leaves nothing behind. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "train --batch-size 66 | --batch-size is 66; expected at most 64",
        "train --patch-size 12 | --patch-size is 12; expected less than 12",
        "train --position-count 10 | --position-count is 10",
        "train --train-per-class 9 | --train-per-class is 9; expected at most",
        "train --validation-per-class 9 | --validation-per-class is 9; expected at most",
        "compare --seeds 1 --batch-size 66 | --batch-size is 66; expected at most 64",
        "compare --seeds 1 --patch-size 12 | --patch-size is 12; expected less than 12"})
    void valuesThatDoNotFitTheImagesExitWith2AndLeaveNoDirectory(String line, String expected) throws IOException {
        Path data = SmallData.writeIdx(directory.resolve("data"), 2);
        Path output = directory.resolve("run");
        Program program = Program.run((Object[]) (line.trim() + " --model resnet8 --epochs 1 --data " + data
            + " --output " + output + (line.contains("--batch-size") ? "" : " --batch-size 8")
            + (line.contains("--patch-size") ? "" : " --patch-size 4")).split(" "));
        assertTrue(program.err().contains(expected.trim()), program.toString());
        assertEquals(2, program.exitCode(), program.toString());
        assertFalse(Files.exists(output), "left behind: " + output);
    }

    @Test
    void aRunWithoutACheckpointIsExplained() {
        for (String command : new String[] {"evaluate", "train --resume"}) {
            Program program = Program.run((Object[]) (command + " " + directory).split(" "));
            assertEquals(1, program.exitCode());
            assertTrue(program.err().contains(directory + " has no last.safetensors: "), program.err());
            assertTrue(program.err().contains("ended before it wrote a checkpoint"), program.err());
        }
    }

    @Test
    void missingFilesExitWith1() {
        Program program = Program.run("train", "--data", directory.resolve("nowhere"));
        assertEquals(1, program.exitCode());
        assertTrue(program.err().contains("nowhere: does not exist"), program.err());
        for (String command : new String[] {"evaluate", "train --resume"}) {
            Path none = directory.resolve("none.safetensors");
            Program missing = Program.run((Object[]) (command + " " + none).split(" "));
            assertEquals(1, missing.exitCode());
            assertTrue(missing.err().contains("none.safetensors"), missing.err());
        }
    }

    @Test
    void foreignCheckpointsAreRefused() throws IOException {
        Path file = directory.resolve("notes.txt");
        Files.writeString(file, "not a checkpoint");
        for (String command : new String[] {"evaluate", "train --resume"}) {
            Program program = Program.run((Object[]) (command + " " + file).split(" "));
            assertEquals(1, program.exitCode());
            assertTrue(program.err().contains("notes.txt"), program.err());
            assertFalse(program.err().contains("\tat "), program.err());
        }
    }

    @Test
    void outputThatCannotBeWrittenExitsWith1() throws IOException {
        Path data = SmallData.writeIdx(directory.resolve("data"), 1);
        Path file = directory.resolve("file");
        Files.writeString(file, "");
        Program below = Program.run("train", "--data", data, "--epochs", 1, "--batch-size", 16, "--patch-size", 4,
            "--output", file.resolve("run"));
        assertEquals(1, below.exitCode());
        assertTrue(below.err().contains("cannot write to the directory " + file.resolve("run")), below.err());
        Program same = Program.run("train", "--data", data, "--batch-size", 16, "--patch-size", 4, "--output",
            file);
        assertEquals(1, same.exitCode());
        assertTrue(same.err().contains("is a file; expected a directory"), same.err());
    }
}
