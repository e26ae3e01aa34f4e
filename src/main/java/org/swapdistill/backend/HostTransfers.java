package org.swapdistill.backend;

import java.util.List;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/** Uploads, downloads and replays of a backend that works in host memory: there is nothing to copy or to record. */
public final class HostTransfers {
    private HostTransfers() {
    }

    /** An upload whose two sides are one new tensor. */
    public static Upload upload(DType dtype, Shape shape) {
        Tensor tensor = Tensor.allocate(dtype, shape);
        return new Upload() {
            @Override
            public Tensor host() {
                return tensor;
            }

            @Override
            public void send() {
                // The data are where they are used.
            }

            @Override
            public Tensor device() {
                return tensor;
            }

            @Override
            public void close() {
                tensor.close();
            }
        };
    }

    /** A download that hands out its sources. */
    public static Download download(Tensor... sources) {
        List<Tensor> all = List.of(sources);
        return new Download() {
            private int sent;

            @Override
            public void send() {
                if (sent == DEPTH) {
                    throw new IllegalStateException(sent + " copies were sent and not received; expected fewer");
                }
                sent++;
            }

            @Override
            public List<Tensor> receive() {
                if (sent == 0) {
                    throw new IllegalStateException("nothing was sent; expected a send before each receive");
                }
                sent--;
                return all;
            }

            @Override
            public void close() {
                // The sources are their owners'.
            }
        };
    }

    /** Work that is done when it is run. */
    public static Replay replay(Runnable work) {
        return new Replay() {
            @Override
            public void run() {
                work.run();
            }

            @Override
            public void close() {
                // Nothing was recorded.
            }
        };
    }
}
