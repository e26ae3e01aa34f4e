package org.swapdistill.benchmarks.cases;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.swapdistill.tensor.DType;

/**
 * The symmetric pair loss with detached targets, mean over the rows, both weights 1, with the factor T^2:
 * value and gradient with respect to both logits, composed of eager libtorch operations in several ways.
 */
final class LibtorchDistillationLoss {
    private static final long SUM = 2;

    private final long images;
    private final double rows;
    private final float temperature;
    private final torch.ScalarType type;
    private final boolean dense;
    private final Tensor logits;
    private final Tensor logitsChannelsLast;
    private final Tensor logitsA;
    private final Tensor logitsB;
    private final Tensor labels;
    private final Tensor labelsTwice;
    private final Tensor labelsColumn;
    private final Scalar inverseTemperature;
    private final Scalar distillationFactor;
    private final Scalar half;

    /**
     * @param logits [2 N, K] or [2 N, K, height, width]: those of a, then those of b; read only
     * @param labels [N] or [N, height, width]
     */
    LibtorchDistillationLoss(LibtorchDevice device, Pointer logits, DType type, LossShape shape, int[] labels,
                             float temperature) {
        images = shape.outer();
        rows = shape.rows();
        this.temperature = temperature;
        this.type = Libtorch.type(type);
        dense = shape.inner() > 1;
        long[] twice = shape.sizes().clone();
        twice[0] *= 2;
        Tensor data = device.place(Libtorch.over(logits, this.type, twice));
        this.logits = Libtorch.differentiable(data.detach());
        logitsChannelsLast = dense
                ? Libtorch.differentiable(data.contiguous(torch.MemoryFormat.ChannelsLast).detach()) : null;
        logitsA = Libtorch.differentiable(data.narrow(0, 0, images).detach());
        logitsB = Libtorch.differentiable(data.narrow(0, images, images).detach());
        long[] labelsOfBoth = new long[2 * labels.length];
        for (int r = 0; r < labels.length; r++) {
            labelsOfBoth[r] = labels[r];
            labelsOfBoth[labels.length + r] = labels[r];
        }
        long[] labelShape = dense ? new long[] {twice[0], twice[2], twice[3]} : new long[] {twice[0]};
        labelsTwice = device.place(Libtorch.ofLongs(labelsOfBoth, labelShape));
        this.labels = labelsTwice.narrow(0, 0, images);
        labelsColumn = labelsTwice.unsqueeze(1);
        inverseTemperature = new Scalar(1 / temperature);
        distillationFactor = new Scalar(temperature * temperature / (2 * rows));
        half = new Scalar(0.5f);
    }

    List<Form> forms() {
        List<Form> forms = new ArrayList<>();
        forms.add(new Form("kl_div of log-targets, two arrays", true, this::separate));
        forms.add(new Form("kl_div of log-targets, one array", true, () -> joined(logits)));
        if (dense) {
            forms.add(new Form("kl_div of log-targets, one array, channels-last", true,
                    () -> joined(logitsChannelsLast)));
        }
        forms.add(new Form("kl_div of targets, one array", true, this::joinedProbabilities));
        forms.add(new Form("products and a sum, one array", true, this::products));
        forms.add(new Form("gradient by hand, no autograd", false, this::manual));
        return forms;
    }

    /** The usual way: each image's logits on their own. */
    private Outcome separate() {
        Tensor logA = torch.log_softmax(logitsA.mul(inverseTemperature), 1);
        Tensor logB = torch.log_softmax(logitsB.mul(inverseTemperature), 1);
        Tensor divergence = torch.kl_div(logA, logB.detach(), SUM, true)
                .add(torch.kl_div(logB, logA.detach(), SUM, true));
        Tensor crossEntropy = torch.cross_entropy_loss(logitsA, labels).add(torch.cross_entropy_loss(logitsB, labels));
        Tensor loss = crossEntropy.mul(half).add(divergence.mul(distillationFactor));
        TensorVector gradients = torch.grad(new TensorVector(loss), new TensorVector(logitsA, logitsB));
        return new Outcome(loss, gradients.get(0), gradients.get(1));
    }

    /** Both images' logits in one array of 2N rows, as a network gives them. */
    private Outcome joined(Tensor leaf) {
        return differentiated(loss(leaf, labelsTwice, temperature), leaf);
    }

    /**
     * The loss of logits [2N, classes] with labels [2N], or [2N, classes, height, width] with [2N, height, width].
     *
     * @return a scalar that autograd can differentiate
     */
    static Tensor loss(Tensor logits, Tensor labelsTwice, float temperature) {
        Tensor log = torch.log_softmax(logits.mul(new Scalar(1 / temperature)), 1);
        Tensor divergence = torch.kl_div(log, exchanged(log.detach()), SUM, true);
        return torch.cross_entropy_loss(logits, labelsTwice)
                .add(divergence.mul(new Scalar((double) temperature * temperature / labelsTwice.numel())));
    }

    private Outcome joinedProbabilities() {
        Tensor log = torch.log_softmax(logits.mul(inverseTemperature), 1);
        return finish(torch.kl_div(log, exchanged(log.detach().exp()), SUM, false));
    }

    /** Avoids the general formula of kl_div; the target's part is a constant for autograd. */
    private Outcome products() {
        Tensor log = torch.log_softmax(logits.mul(inverseTemperature), 1);
        Tensor target = exchanged(log.detach());
        return finish(target.exp().mul(target.sub(log)).sum());
    }

    private Outcome finish(Tensor divergence) {
        return differentiated(torch.cross_entropy_loss(logits, labelsTwice).add(divergence.mul(distillationFactor)),
                logits);
    }

    private Outcome differentiated(Tensor loss, Tensor leaf) {
        return outcome(loss, torch.grad(new TensorVector(loss), new TensorVector(leaf)).get(0));
    }

    private Outcome outcome(Tensor loss, Tensor gradient) {
        return new Outcome(loss, gradient.narrow(0, 0, images), gradient.narrow(0, images, images));
    }

    /** The rows of b before those of a. */
    private static Tensor exchanged(Tensor tensor) {
        long images = tensor.size(0) / 2;
        return torch.cat(new TensorVector(tensor.narrow(0, images, images), tensor.narrow(0, 0, images)), 0);
    }

    /** Needs the closed form of the gradient; arrays are reused where the formula allows it. */
    private Outcome manual() {
        Tensor data = logits.detach();
        Tensor logSoft = torch.log_softmax(data.mul(inverseTemperature), 1);
        Tensor soft = logSoft.exp();
        Tensor softA = soft.narrow(0, 0, images);
        Tensor softB = soft.narrow(0, images, images);
        Tensor difference = softA.sub(softB);
        // KL(a||b) + KL(b||a) = sum (s_a - s_b) (log s_a - log s_b)
        Tensor divergence = logSoft.narrow(0, 0, images).sub_(logSoft.narrow(0, images, images)).mul_(difference).sum();
        Tensor log = torch.log_softmax(data, 1);
        Tensor crossEntropy = log.gather(1, labelsColumn).mean().neg();
        Tensor gradient = log.exp_();
        gradient.scatter_add_(1, labelsColumn, labelsColumn.to(type).fill_(new Scalar(-1f)));
        gradient.mul_(half).mul_(new Scalar(1 / rows));
        difference.mul_(new Scalar(temperature / (2 * rows)));
        gradient.narrow(0, 0, images).add_(difference);
        gradient.narrow(0, images, images).sub_(difference);
        return outcome(crossEntropy.add(divergence.mul(distillationFactor)), gradient);
    }

    /**
     * One way of composing the operations.
     *
     * @param byAutograd whether libtorch derives the gradient
     */
    record Form(String name, boolean byAutograd, Supplier<Outcome> body) {
    }

    /** Of one form; only within its scope. */
    record Outcome(Tensor loss, Tensor gradientA, Tensor gradientB) {
        double lossValue() {
            return Libtorch.toDoubles(loss)[0];
        }

        float[] valuesA() {
            return Libtorch.toFloats(gradientA);
        }

        float[] valuesB() {
            return Libtorch.toFloats(gradientB);
        }
    }
}
