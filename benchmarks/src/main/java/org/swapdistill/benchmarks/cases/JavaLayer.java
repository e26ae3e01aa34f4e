package org.swapdistill.benchmarks.cases;

/** An operation on maps. {@code backward} adds to the gradient of the input, and overwrites those of parameters. */
interface JavaLayer {
    void forward(ThreadTeam team);

    void backward(ThreadTeam team);
}
