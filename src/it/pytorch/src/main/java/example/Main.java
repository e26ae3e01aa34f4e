package example;

import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.swapdistill.data.DataOptions;
import org.swapdistill.data.DataSource;
import org.swapdistill.data.TrainTest;
import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.tensor.DType;

/** Checks what the two adapters promise, then trains. */
public class Main {
    private static final RandomPosition AT = new RandomPosition(5, 0, 0, 0);

    public static void main(String[] arguments) throws Exception {
        for (torch.ScalarType type : new torch.ScalarType[] {torch.ScalarType.Float, torch.ScalarType.Half,
            torch.ScalarType.BFloat16, torch.ScalarType.Byte}) {
            swapsInPlace(type, torch.MemoryFormat.Contiguous);
            swapsInPlace(type, torch.MemoryFormat.ChannelsLast);
        }
        for (DType type : new DType[] {DType.F32, DType.F16, DType.BF16}) {
            gradientsAgree(type, 10);
            gradientsAgree(type, 157);
        }
        scaledHalf();
        maskedClasses();
        denseLogits();
        refusals();
        memoryIsFlat();
        trainingAgrees();
    }

    /** Every pixel is where the mask says, in the same memory; a second swap undoes the first. */
    private static void swapsInPlace(torch.ScalarType type, torch.MemoryFormat format) {
        try (PointerScope scope = new PointerScope()) {
            Tensor a = torch.rand(5, 3, 11, 13).mul(new Scalar(255)).to(type).contiguous(format);
            Tensor b = torch.rand(5, 3, 11, 13).mul(new Scalar(255)).to(type).contiguous(format);
            Tensor beforeA = a.clone();
            Tensor beforeB = b.clone();
            long address = a.data_ptr().address();
            TorchPatchSwap swap = new TorchPatchSwap(PatchSwap.builder().patchSize(4).probability(1));
            swap.apply(AT, a, b);
            require(a.data_ptr().address() == address && !a.equal(beforeA), "a is swapped in its memory");
            Tensor swapped = TrainingLoops.mask(PatchSwap.builder().patchSize(4).probability(1).build(), AT, 5, 11, 13);
            require(a.equal(torch.where(swapped, beforeB, beforeA)) && b.equal(torch.where(swapped, beforeA, beforeB)),
                    "every pixel is where the drawn patches say");
            swap.apply(AT, a, b);
            require(a.equal(beforeA) && b.equal(beforeB), "a second swap undoes the first");
        }
        System.out.println("patch swap in place: " + type + ", " + format);
    }

    /** Value and gradients against eager operations in double precision, with a factor from above. */
    private static void gradientsAgree(DType type, long classes) {
        try (PointerScope scope = new PointerScope()) {
            torch.manual_seed(classes);
            long rows = 7;
            Tensor labels = torch.arange(new Scalar(rows)).to(torch.ScalarType.Long);
            Tensor logits = torch.randn(2 * rows, classes).mul(new Scalar(3.0)).to(TorchTensors.scalarType(type))
                    .detach();
            logits.set_requires_grad(true);
            Tensor exact = logits.detach().to(torch.ScalarType.Double);
            exact.set_requires_grad(true);
            TorchDistillationLoss loss =
                    new TorchDistillationLoss(DistillationLoss.builder().temperature(4), DType.I64);
            Tensor value = loss.apply(logits, labels);
            Tensor expected = TrainingLoops.eagerLoss(exact, labels);
            value.mul(new Scalar(3.0)).backward();
            expected.mul(new Scalar(3.0)).backward();
            close(value.item_double(), expected.item_double(), 1e-5, "loss of " + type);
            double tolerance = type == DType.F32 ? 1e-6 : type == DType.F16 ? 1e-3 : 8e-3;
            double largest = exact.grad().abs().max().item_double();
            double error = logits.grad().to(torch.ScalarType.Double).sub(exact.grad()).abs().max().item_double();
            require(error <= tolerance * largest, "gradient of " + type + " is off by " + error);

            Tensor apart = logits.detach();
            apart.set_requires_grad(true);
            Tensor ofTwo = loss.apply(apart.narrow(0, 0, rows), apart.narrow(0, rows, rows), labels);
            ofTwo.mul(new Scalar(3.0)).backward();
            require(ofTwo.equal(value) && apart.grad().equal(logits.grad()), "two tensors give the same bits as one");

            Tensor turned = logits.detach().t().contiguous().t();
            turned.set_requires_grad(true);
            require(!turned.is_contiguous(), "the logits are not contiguous");
            double again = loss.apply(turned, labels.to(torch.ScalarType.Int)).item_double();
            require(again == value.item_double(), "other strides and Int labels give the same bits");
        }
        System.out.println("loss and gradients through autograd: " + type + ", " + classes + " classes");
    }

    /** A loss scale beyond what Half can hold, and gradients that Half could not hold without it. */
    private static void scaledHalf() {
        try (PointerScope scope = new PointerScope()) {
            torch.manual_seed(1);
            long rows = 1024;
            Tensor labels = torch.zeros(rows).to(torch.ScalarType.Long);
            Tensor logits = torch.randn(2 * rows, 1000).mul(new Scalar(3.0)).to(torch.ScalarType.Half).detach();
            logits.set_requires_grad(true);
            Tensor inFloat = logits.detach().clone();
            inFloat.set_requires_grad(true);
            Tensor exact = logits.detach().to(torch.ScalarType.Double);
            exact.set_requires_grad(true);
            Scalar scale = new Scalar(65536.0);
            new TorchDistillationLoss(DistillationLoss.builder().temperature(4), DType.I64)
                    .apply(logits, labels).mul(scale).backward();
            TrainingLoops.eagerLoss(inFloat.to(torch.ScalarType.Float), labels).mul(scale).backward();
            TrainingLoops.eagerLoss(exact, labels).mul(scale).backward();
            double error = distance(logits.grad(), exact.grad());
            double eager = distance(inFloat.grad(), exact.grad());
            require(error <= 1.5 * eager,
                    "scaled gradients of Half are off by " + error + ", of eager operations by " + eager);
            DistillationLoss.Builder sum = DistillationLoss.builder().temperature(4)
                    .reduction(DistillationLoss.Reduction.SUM);
            double total = new TorchDistillationLoss(sum, DType.I64).apply(logits, labels)
                    .item_double();
            close(total, rows * TrainingLoops.eagerLoss(exact, labels).item_double(), 1e-5, "a sum of rows");
        }
        System.out.println("gradients of Half under a loss scale");
    }

    private static double distance(Tensor a, Tensor b) {
        return a.to(torch.ScalarType.Double).sub(b.to(torch.ScalarType.Double)).norm().item_double();
    }

    /** A class at -infinity in both rows of a pair, and in one of them only, where the divergence is infinite. */
    private static void maskedClasses() {
        for (long masked = 1; masked <= 2; masked++) {
            try (PointerScope scope = new PointerScope()) {
                Tensor logits = torch.randn(2, 6);
                logits.narrow(0, 0, masked).narrow(1, 2, 1).fill_(new Scalar(Double.NEGATIVE_INFINITY));
                Tensor exact = logits.to(torch.ScalarType.Double);
                logits.set_requires_grad(true);
                exact.set_requires_grad(true);
                Tensor labels = torch.zeros(1).to(torch.ScalarType.Long);
                Tensor value = new TorchDistillationLoss(DistillationLoss.builder().temperature(4), DType.I64)
                        .apply(logits, labels);
                value.backward();
                TrainingLoops.eagerLoss(exact, labels).backward();
                require(value.isfinite().item_bool() == (masked == 2), "the loss is " + value.item_double());
                double error = distance(logits.grad(), exact.grad());
                require(error <= 1e-6, "gradients with a class at -infinity are off by " + error);
            }
        }
    }

    /** [N, K, H, W] and one label for each pixel of [N, H, W]; only one side has a gradient. */
    private static void denseLogits() {
        try (PointerScope scope = new PointerScope()) {
            Tensor a = torch.randn(2, 5, 3, 4).contiguous(torch.MemoryFormat.ChannelsLast);
            Tensor b = torch.randn(2, 5, 3, 4);
            Tensor exact = a.to(torch.ScalarType.Double);
            a.set_requires_grad(true);
            exact.set_requires_grad(true);
            Tensor labels = torch.arange(new Scalar(24)).remainder(new Scalar(5)).to(torch.ScalarType.Long).view(2, 3, 4);
            Tensor value = new TorchDistillationLoss(DistillationLoss.builder().temperature(4), DType.I64)
                    .apply(a, b, labels);
            value.backward();
            Tensor expected = TrainingLoops.eagerLoss(torch.cat(new TensorVector(
                    exact.permute(0, 2, 3, 1).reshape(-1, 5),
                    b.permute(0, 2, 3, 1).reshape(-1, 5).to(torch.ScalarType.Double))), labels.reshape(-1));
            expected.backward();
            close(value.item_double(), expected.item_double(), 1e-5, "dense loss");
            require(distance(a.grad(), exact.grad()) <= 1e-6, "dense logits have their gradient");
        }
    }

    private static void refusals() {
        try (PointerScope scope = new PointerScope()) {
            TorchPatchSwap swap = new TorchPatchSwap(PatchSwap.builder().patchSize(4));
            Tensor images = torch.rand(2, 3, 8, 8);
            Tensor channelsLast = torch.rand(2, 3, 8, 8).contiguous(torch.MemoryFormat.ChannelsLast);
            refuses(() -> swap.apply(AT, images.transpose(2, 3), images.clone()),
                    "a is Float [2, 3, 8, 8] on cpu with strides [192, 64, 1, 8]; expected a contiguous or channels-last "
                    + "tensor");
            refuses(() -> swap.apply(AT, images, channelsLast), "b is NHWC in memory; expected NCHW as a");
            refuses(() -> swap.apply(AT, images, images.narrow(0, 0, 1)),
                    "b is Float [1, 3, 8, 8] on cpu; expected Float [2, 3, 8, 8] on cpu as a");
            refuses(() -> swap.apply(AT, images.to(torch.ScalarType.Double), images.to(torch.ScalarType.Double)),
                    "a is Double [2, 3, 8, 8] on cpu; expected one of [Float, Half, BFloat16, Byte]");
            refuses(() -> swap.apply(AT, images, images), "overlap");
            Tensor nowhere = torch.empty(new long[] {2, 3, 8, 8},
                    new TensorOptions().device(new DeviceOptional(new Device("meta"))), null);
            refuses(() -> swap.apply(AT, nowhere, nowhere.clone()),
                    "a is Float [2, 3, 8, 8] on meta; expected a tensor on cpu or cuda");
            // No images are nothing to do.
            swap.apply(AT, torch.rand(0, 3, 8, 8), torch.rand(0, 3, 8, 8));
            TorchDistillationLoss loss = new TorchDistillationLoss(DistillationLoss.builder(), DType.I64);
            Tensor logits = torch.rand(2, 4);
            Tensor labels = torch.ones(2).to(torch.ScalarType.Long);
            refuses(() -> loss.apply(logits.to(torch.ScalarType.Double), logits, labels),
                    "a is Double [2, 4] on cpu; expected one of [Float, Half, BFloat16]");
            refuses(() -> loss.apply(logits, logits, torch.ones(2)),
                    "labels is Float [2] on cpu; expected one of [Long, Int]");
            refuses(() -> loss.apply(torch.rand(2, 4, 3), torch.rand(2, 4, 3), torch.ones(3, 2).to(torch.ScalarType.Long)),
                    "labels is Long [3, 2] on cpu; expected [2, 3] on cpu");
            refuses(() -> loss.apply(torch.rand(0, 4), torch.rand(0, 4), labels),
                    "a is Float [0, 4] on cpu; expected [N, K] or [N, K, ...] with at least one row");
            refuses(() -> loss.apply(torch.rand(3, 4), labels),
                    "logits is Float [3, 4] on cpu; expected [2 N, K] or [2 N, K, ...] with at least one pair");
            refuses(() -> loss.apply(torch.rand(0, 4), labels),
                    "logits is Float [0, 4] on cpu; expected [2 N, K] or [2 N, K, ...] with at least one pair");
            refuses(() -> loss.apply(torch.rand(2, 4, 0), labels),
                    "logits is Float [2, 4, 0] on cpu; expected no empty axis");
            refuses(() -> loss.apply(torch.rand(8, 4), labels), "labels is Long [2] on cpu; expected [4] on cpu");
            refuses(() -> loss.apply(logits, torch.rand(2, 4), labels.mul(new Scalar(4))),
                    "labels[0] is 4; expected 0 to 3");
        }
        System.out.println("wrong arguments are refused");
    }

    /** Calls free what they allocate, without help of the garbage collector. */
    private static void memoryIsFlat() throws Exception {
        TorchDistillationLoss loss = new TorchDistillationLoss(DistillationLoss.builder().temperature(4), DType.I64);
        long before = 0;
        for (int i = 0; i < 3000; i++) {
            if (i == 1000) {
                before = Pointer.physicalBytes();
            }
            try (PointerScope scope = new PointerScope()) {
                Tensor logits = torch.rand(64, 1000);
                logits.set_requires_grad(true);
                Tensor labels = torch.zeros(32).to(torch.ScalarType.Long);
                loss.apply(logits, labels).backward();
            }
        }
        // Without a scope of the caller only the result is left.
        Tensor logits = torch.rand(2, 4);
        Tensor labels = torch.zeros(2).to(torch.ScalarType.Long);
        long pointers = Pointer.totalCount();
        loss.apply(logits, logits, labels).close();
        require(Pointer.totalCount() <= pointers, Pointer.totalCount() - pointers + " pointers of a call are left");
        try (PointerScope ofOtherClasses = new PointerScope(FloatPointer.class)) {
            require(loss.apply(logits, logits, labels).isfinite().item_bool(),
                    "the result outlives the call where no scope takes it");
        }
        long grown = Pointer.physicalBytes() - before;
        // Without the scopes 2,000 calls would keep a gigabyte.
        require(grown < 64 << 20, "memory grew by " + (grown >> 20) + " MiB in 2,000 calls");
        System.out.println("memory is flat");
    }

    private static void trainingAgrees() throws Exception {
        int steps = 50;
        try (TrainTest data = DataSource.open(DataSource.BUILTIN, DataOptions.DEFAULT)) {
            TrainingLoops loops = new TrainingLoops(data.train());
            double[] ours = loops.withSwapDistill(steps);
            double[] eager = loops.eager(steps);
            double apart = 0;
            for (int step = 0; step < steps; step++) {
                apart = Math.max(apart, Math.abs(ours[step] - eager[step]));
            }
            require(apart <= 1e-5, "losses are apart by " + apart);
            double first = Arrays.stream(ours, 0, 5).average().getAsDouble();
            double last = Arrays.stream(ours, steps - 5, steps).average().getAsDouble();
            require(last < first - 0.2, "the loss goes from " + first + " to " + last);
            System.out.printf("training, %d steps: loss %.4f to %.4f; at most %.1e from eager operations%n", steps,
                    first, last, apart);
        }
    }

    private static void refuses(Runnable call, String message) {
        try {
            call.run();
        } catch (IllegalArgumentException e) {
            require(e.getMessage().contains(message), "\"" + e.getMessage() + "\" contains \"" + message + "\"");
            return;
        }
        throw new IllegalStateException("nothing is thrown; expected \"" + message + "\"");
    }

    private static void close(double actual, double expected, double tolerance, String what) {
        require(Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)),
                what + " is " + actual + "; expected " + expected);
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException("does not hold: " + what);
        }
    }
}
