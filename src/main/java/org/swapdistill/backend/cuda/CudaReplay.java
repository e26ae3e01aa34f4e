package org.swapdistill.backend.cuda;

import java.util.List;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.global.cudart;
import org.swapdistill.backend.Replay;

/**
 * Work that runs as it is the first time, so that the libraries load what they need, and from the second time on as a
 * CUDA graph, captured then.
 */
final class CudaReplay implements Replay {
    private final CudaBackend backend;
    private final Runnable work;
    private boolean ranOnce;
    private CUgraphExec_st executable;
    private DeviceMemory.Captured captured;
    private List<Runnable> whenRun;

    CudaReplay(CudaBackend backend, Runnable work) {
        this.backend = backend;
        this.work = work;
    }

    @Override
    public void run() {
        backend.activate();
        if (!ranOnce) {
            work.run();
            ranOnce = true;
            return;
        }
        if (executable == null) {
            capture();
        }
        Status.cuda(cudart.cudaGraphLaunch(executable, backend.stream()), "cudaGraphLaunch");
        whenRun.forEach(Runnable::run);
    }

    private void capture() {
        CUgraph_st graph = new CUgraph_st();
        try {
            Status.cuda(cudart.cudaStreamBeginCapture(backend.stream(), cudart.cudaStreamCaptureModeThreadLocal),
                    "cudaStreamBeginCapture");
            try {
                whenRun = backend.collect(work);
            } catch (RuntimeException | Error e) {
                cudart.cudaStreamEndCapture(backend.stream(), graph);
                cudart.cudaGetLastError();
                throw e;
            }
            Status.cuda(cudart.cudaStreamEndCapture(backend.stream(), graph), "cudaStreamEndCapture");
            CUgraphExec_st instance = new CUgraphExec_st();
            Status.cuda(cudart.cudaGraphInstantiate(instance, graph, 0), "cudaGraphInstantiate");
            executable = instance;
            captured = backend.memory().captured();
        } finally {
            if (!graph.isNull()) {
                cudart.cudaGraphDestroy(graph);
            }
        }
    }

    /** Whether the work has become a CUDA graph. */
    boolean captured() {
        return executable != null;
    }

    @Override
    public void close() {
        if (executable != null) {
            try {
                backend.streams().synchronize();
            } finally {
                cudart.cudaGraphExecDestroy(executable);
                executable = null;
                captured.close();
            }
        }
    }
}
