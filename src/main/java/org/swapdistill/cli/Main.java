package org.swapdistill.cli;

import org.swapdistill.backend.cuda.CudaBackend;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.HashSet;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;

/** The command line. Without arguments it trains on the images that ship with the library. */
@Command(name = "swapdistill", mixinStandardHelpOptions = true, versionProvider = Version.class,
    subcommands = {TrainCommand.class, CompareCommand.class, EvaluateCommand.class, PredictCommand.class,
        PreviewCommand.class, DevicesCommand.class, HelpCommand.class},
    description = {"Trains ResNet students with intra-class patch swap and self-distillation (arXiv 2505.14124).", "",
        "Without a command it runs `train` with its defaults: on the Fashion-MNIST subset that ships with it."},
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n", optionListHeading = "%nOptions:%n",
    footerHeading = "%nExit codes:%n",
    footer = {"  0    done",
        "  1    failed while running (data, checkpoint, disk, diverged training)",
        "  2    wrong command line",
        "  130  interrupted with Ctrl-C, after writing a checkpoint (143: SIGTERM)",
        "",
        "swapdistill COMMAND --help explains each command."})
public final class Main implements Runnable {
    private static final Logger BACKEND_LOG = Logger.getLogger(CudaBackend.class.getName());

    @Spec
    private CommandSpec spec;

    private Main() {
    }

    /** Runs the program and ends the JVM with its exit code; when that is 0 it returns instead. */
    public static void main(String[] arguments) {
        System.setProperty("java.awt.headless", "true");
        if (BACKEND_LOG.getLevel() == null) {
            // The use of memory, which the commands that train print themselves.
            BACKEND_LOG.setLevel(Level.WARNING);
        }
        int code = run(new PrintWriter(System.out, true), new PrintWriter(System.err, true), arguments);
        if (code != ExitCode.SUCCESS) {
            System.exit(code);
        }
    }

    /**
     * Runs the program.
     *
     * @return its exit code
     */
    static int run(PrintWriter out, PrintWriter err, String... arguments) {
        CommandLine commandLine = new CommandLine(new Main());
        commandLine.setOut(out);
        commandLine.setErr(err);
        commandLine.setUsageHelpWidth(100);
        commandLine.setUsageHelpLongOptionsMaxWidth(34);
        commandLine.setExecutionExceptionHandler((exception, command, parsed) -> {
            String message = describe(exception);
            if (exception instanceof IllegalArgumentException) {
                message = TrainingOptions.optionWords(command.getCommandSpec(), message);
                /* The value of an option that only the data show to be wrong. */
                if (message.startsWith("--")) {
                    return usage(command, message);
                }
            }
            command.getErr().println(command.getColorScheme().errorText("error: " + message));
            if (isUnexpected(exception)) {
                exception.printStackTrace(command.getErr());
            }
            return ExitCode.FAILURE;
        });
        commandLine.setExecutionStrategy(parsed -> {
            refuseRepeatedOptions(parsed);
            return new CommandLine.RunLast().execute(parsed);
        });
        commandLine.setParameterExceptionHandler((exception, wrong) ->
            usage(exception.getCommandLine(), plainWords(exception.getMessage())));
        try {
            return commandLine.execute(arguments.length == 0 ? new String[] {"train"} : arguments);
        } catch (OutOfMemoryError e) {
            err.println("error: there is not enough memory (" + e.getMessage() + "); smaller batches, images or"
                + " students need less, and java -Xmx gives the JVM more");
            return ExitCode.FAILURE;
        }
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command? expected one of "
            + "train, compare, evaluate, predict, preview, devices");
    }

    private static int usage(CommandLine command, String message) {
        command.getErr().println(command.getColorScheme().errorText(message));
        command.getErr().println("`" + command.getCommandSpec().qualifiedName() + " --help` lists the options");
        return ExitCode.USAGE;
    }

    /** Says for picocli's names of Java types what they are. */
    private static String plainWords(String message) {
        return message.replaceFirst("is not an? (int|long)$", "is not a whole number")
            .replaceFirst("is not an? (float|double)$", "is not a number");
    }

    /** An option given twice would silently reset the other options of its group. */
    private static void refuseRepeatedOptions(ParseResult parsed) {
        ParseResult command = parsed;
        while (command.hasSubcommand()) {
            command = command.subcommand();
        }
        CommandSpec commandSpec = command.commandSpec();
        Set<String> seen = new HashSet<>();
        for (String word : parsed.originalArgs()) {
            String option = word.split("=", 2)[0];
            if (commandSpec.optionsMap().containsKey(option) && !seen.add(option)) {
                throw new ParameterException(commandSpec.commandLine(), option + " is given twice; expected once");
            }
        }
    }

    private static boolean isUnexpected(Exception exception) {
        return exception instanceof NullPointerException || exception instanceof IndexOutOfBoundsException
            || exception instanceof ClassCastException;
    }

    private static String describe(Exception exception) {
        if (exception instanceof NoSuchFileException) {
            return exception.getMessage() + " does not exist";
        }
        if (exception instanceof AccessDeniedException) {
            return exception.getMessage() + ": permission denied";
        }
        if (exception instanceof FileAlreadyExistsException) {
            return exception.getMessage() + " exists already";
        }
        if (exception instanceof IOException || exception.getMessage() != null) {
            return exception.getMessage();
        }
        return exception.toString();
    }
}
