package org.swapdistill.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.swapdistill.backend.cpu.CpuBackend;
import org.swapdistill.backend.cuda.CudaDevice;
import org.swapdistill.kernels.Execution;
import org.swapdistill.train.Compute;
import org.swapdistill.train.SmallData;
import org.swapdistill.train.Trainer;
import org.swapdistill.train.TrainingConfiguration;
import org.swapdistill.train.TrainingData;
import org.swapdistill.train.TrainingListener;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The commands with {@code --device cuda}. */
@Tag("cuda")
class CudaCommandTest {
    @TempDir
    private Path directory;
    private Path data;

    @BeforeEach
    void writeData() throws IOException {
        assumeTrue(CudaDevice.absentReason().isEmpty(), () -> "no CUDA device: " + CudaDevice.absentReason().get());
        data = SmallData.writeIdx(directory.resolve("data"), 1);
    }

    private Program train(int epochs, Object... more) {
        List<Object> arguments = new ArrayList<>(List.of("train", "--data", data, "--model", "resnet8",
            "--epochs", epochs, "--batch-size", 16, "--patch-size", 6));
        arguments.addAll(List.of(more));
        return Program.run(arguments.toArray());
    }

    /** The lines of an output without its figures and paths. */
    private static List<String> form(String output) {
        return output.lines().filter(line -> !line.contains("MiB of memory"))
            .map(line -> line.replaceAll("-?[0-9]+(\\.[0-9]+)?", "#").replaceAll(" +", " ")
                .replaceAll("files are in .*", "files")).toList();
    }

    @Test
    void trainsEvaluatesAndPredictsAndPrintsWhatTheCpuPrints() {
        Path run = directory.resolve("run");
        Program ours = train(2, "--output", run, "--device", "cuda", "--validation-per-class", 2);
        assertEquals(0, ours.exitCode(), ours.toString());
        Program cpu = train(2, "--output", directory.resolve("cpu"), "--validation-per-class", 2);
        assertEquals(form(cpu.out()), form(ours.out()));
        assertTrue(ours.out().matches("(?s).*at most [0-9.]+ MiB of memory of cuda:0 were in use.*"), ours.out());

        Program evaluated = Program.run("evaluate", run, "--device", "cuda");
        assertEquals(0, evaluated.exitCode(), evaluated.toString());
        Program onCpu = Program.run("evaluate", run);
        assertEquals(form(onCpu.out()), form(evaluated.out()));
        String accuracy = evaluated.out().replaceAll("(?s).*top-1 +([0-9.]+)%.*", "$1");
        assertTrue(onCpu.out().contains(accuracy), onCpu + " and " + evaluated);
    }

    @Test
    void aCheckpointOfTheCpuIsResumed() throws IOException {
        Path file = directory.resolve("run").resolve("last.safetensors");
        Files.createDirectories(file.getParent());
        TrainingConfiguration configuration = SmallData.configuration().epochs(2).data(data.toString()).build();
        try (Compute compute = new Compute(CpuBackend.create(), Execution.cpu());
                TrainingData images = TrainingData.load(configuration);
                Trainer trainer = Trainer.create(configuration, images, compute)) {
            trainer.addListener(new TrainingListener() {
                @Override
                public void stepFinished(Trainer at) {
                    at.requestStop();
                }
            });
            trainer.run();
            trainer.writeCheckpoint(file);
        }
        Program refused = Program.run("train", "--resume", file, "--tf32");
        assertEquals(2, refused.exitCode(), refused.toString());
        Program resumed = Program.run("train", "--resume", file, "--device", "cuda", "--no-cuda-graph");
        assertEquals(0, resumed.exitCode(), resumed.toString());
        assertTrue(resumed.out().contains("continues at epoch 1, step 1"), resumed.out());
        assertTrue(resumed.out().contains("epoch   2/2"), resumed.out());
    }

    @Test
    void f16IsForTheGpu() {
        Program program = train(1, "--output", directory.resolve("half"), "--device", "cuda", "--precision", "f16",
            "--workspace-limit", 1);
        assertEquals(0, program.exitCode(), program.toString());
    }

    @Test
    void aDeviceThatIsNotThereIsAnErrorThatListsThoseThatAre() {
        Program program = train(1, "--device", "cuda:99");
        assertEquals(2, program.exitCode(), program.toString());
        assertTrue(program.err().contains("--device is cuda:99; expected one of this machine's: cuda:0 "),
            program.err());
    }

    @Test
    void devicesListsIt() {
        Program program = Program.run("devices");
        assertTrue(program.out().matches("(?s).*CUDA +cuDNN 9\\..*cuda:0 .*compute capability.*MiB.*"), program.out());
    }
}
