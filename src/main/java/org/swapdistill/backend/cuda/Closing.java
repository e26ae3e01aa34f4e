package org.swapdistill.backend.cuda;

import java.util.List;

/** Closes several things, all of them also when one fails. */
final class Closing {
    private Closing() {
    }

    /** Closes in order; nulls are left out. Throws the first failure at the end, with the others suppressed in it. */
    static void closeAll(List<? extends AutoCloseable> resources) {
        RuntimeException failure = null;
        for (AutoCloseable resource : resources) {
            try {
                if (resource != null) {
                    resource.close();
                }
            } catch (RuntimeException e) {
                failure = add(failure, e);
            } catch (Exception e) {
                failure = add(failure, new IllegalStateException("cannot close " + resource, e));
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private static RuntimeException add(RuntimeException first, RuntimeException next) {
        if (first == null) {
            return next;
        }
        first.addSuppressed(next);
        return first;
    }
}
