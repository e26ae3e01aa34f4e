package org.swapdistill.benchmarks.cases;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * One piece of work that is done in several ways. Owns the memory that its contenders use. To be used by one thread,
 * which calls the contenders too.
 */
public abstract class Case implements AutoCloseable {
    private final Deque<AutoCloseable> owned = new ArrayDeque<>();

    /** For tables: operation and shape. */
    public abstract String name();

    /** What bounds the work. */
    public abstract Bound bound();

    /**
     * The forms of an implementation, which is checked to be available at all.
     *
     * @throws UnavailableException if it cannot do this work
     */
    abstract List<Contender> make(Implementation implementation);

    /** Frees the reference's results, which only the checks need. */
    public void forgetReference() {
    }

    /**
     * Everything that an implementation offers for this work, at least one form.
     *
     * @throws UnavailableException if it cannot do this work here
     */
    public final List<Contender> contenders(Implementation implementation) {
        implementation.require();
        try {
            return make(implementation);
        } catch (LinkageError e) {
            throw new UnavailableException(implementation, "this JVM does not run its classes (" + e + ")");
        }
    }

    /** Closes something together with this case. */
    final <C extends AutoCloseable> C own(C closeable) {
        owned.push(closeable);
        return closeable;
    }

    @Override
    public final void close() {
        while (!owned.isEmpty()) {
            try {
                owned.pop().close();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException(name() + ": " + e.getMessage(), e);
            }
        }
    }
}
