package org.swapdistill;

import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.swapdistill.tensor.Memory;

/** Fails a test class that leaves native memory open. Registered for all of them. */
public final class LeakDetector implements BeforeAllCallback, AfterAllCallback {
    private static final ExtensionContext.Namespace NAMESPACE = ExtensionContext.Namespace.create(LeakDetector.class);

    @Override
    public void beforeAll(ExtensionContext context) {
        context.getStore(NAMESPACE).put("bytes", Memory.ownedBytes());
    }

    @Override
    public void afterAll(ExtensionContext context) {
        long before = context.getStore(NAMESPACE).get("bytes", Long.class);
        long left = Memory.ownedBytes() - before;
        if (left > 0) {
            throw new AssertionError(context.getDisplayName() + " left " + left + " bytes of native memory open; expected"
                    + " every tensor and memory to be closed");
        }
    }
}
