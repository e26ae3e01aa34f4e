package org.swapdistill.train;

import java.util.List;

/** Things to be closed together. */
final class Resources {
    private Resources() {
    }

    /** Closes everything in a list, the last first and all of them also when one fails, and empties the list. */
    static void closeAll(List<AutoCloseable> resources) {
        RuntimeException failure = null;
        for (int i = resources.size() - 1; i >= 0; i--) {
            try {
                resources.get(i).close();
            } catch (Exception e) {
                RuntimeException next = e instanceof RuntimeException unchecked
                    ? unchecked : new IllegalStateException("cannot close " + resources.get(i), e);
                if (failure == null) {
                    failure = next;
                } else {
                    failure.addSuppressed(next);
                }
            }
        }
        resources.clear();
        if (failure != null) {
            throw failure;
        }
    }
}
