package org.swapdistill.backend;

/** Whether a backend is open, and how many of its graphs are: it may be closed after them only. Thread safe. */
public final class OpenGraphs {
    private int count;
    private boolean closed;

    /**
     * Refuses what a closed backend cannot do.
     *
     * @throws IllegalStateException if the backend is closed
     */
    public synchronized void requireBackendOpen() {
        if (closed) {
            throw new IllegalStateException("the backend is closed");
        }
    }

    synchronized void opened() {
        requireBackendOpen();
        count++;
    }

    synchronized void closed() {
        count--;
    }

    /**
     * Closes the backend, unless it is closed already.
     *
     * @param before what else may refuse, by an exception; run while the backend is still open
     * @return whether it was open, so that there is something to free
     * @throws IllegalStateException if a graph is open
     */
    public synchronized boolean closeBackend(Runnable before) {
        if (closed) {
            return false;
        }
        if (count > 0) {
            throw new IllegalStateException(
                    "the backend has " + count + " open networks; expected them to be closed before");
        }
        before.run();
        closed = true;
        return true;
    }
}
