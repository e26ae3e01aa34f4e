package org.swapdistill.train;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The shape of the learning rate over a run. */
public enum ScheduleType {
    CONSTANT("constant"),
    /** Multiplied by the decay factor every so many epochs. */
    STEP("step"),
    /** Multiplied by the decay factor at given epochs. */
    MULTI_STEP("multi-step"),
    /** Half a cosine down to 0. */
    COSINE("cosine");

    private final String commandLineName;

    ScheduleType(String commandLineName) {
        this.commandLineName = commandLineName;
    }

    /** The name on the command line and in checkpoints. */
    public String commandLineName() {
        return commandLineName;
    }

    /**
     * The schedule of that command-line name.
     *
     * @throws IllegalArgumentException when there is none; the message lists the names
     */
    public static ScheduleType parse(String name) {
        for (ScheduleType type : values()) {
            if (type.commandLineName.equals(name)) {
                return type;
            }
        }
        throw new IllegalArgumentException("schedule is '" + name + "'; expected one of "
            + Arrays.stream(values()).map(ScheduleType::commandLineName).collect(Collectors.joining(", ")));
    }

    @Override
    public String toString() {
        return commandLineName;
    }
}
