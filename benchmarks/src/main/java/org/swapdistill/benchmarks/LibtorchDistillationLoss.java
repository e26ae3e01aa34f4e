package org.swapdistill.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * The symmetric pair loss with detached targets, mean over the rows, both weights 1, with the factor T^2:
 * value and gradient with respect to both logits, composed of eager libtorch operations in several ways.
 */
final class LibtorchDistillationLoss {
    private static final long SUM = 2;

    private final long rows;
    private final float temperature;
    private final Tensor logits;
    private final Tensor logitsA;
    private final Tensor logitsB;
    private final Tensor labels;
    private final Tensor labelsTwice;
    private final Tensor labelsColumn;
    private final Scalar inverseTemperature;
    private final Scalar distillationFactor;
    private final Scalar half;

    /**
     * @param logits f32 [2, rows, classes]: those of a, then those of b; read only
     * @param labels [rows]
     */
    LibtorchDistillationLoss(Pointer logits, int rows, int classes, int[] labels, float temperature) {
        this.rows = rows;
        this.temperature = temperature;
        Tensor data = Libtorch.over(logits, torch.ScalarType.Float, 2L * rows, classes);
        this.logits = Libtorch.differentiable(data.detach());
        logitsA = Libtorch.differentiable(data.narrow(0, 0, rows).detach());
        logitsB = Libtorch.differentiable(data.narrow(0, rows, rows).detach());
        long[] twice = new long[2 * rows];
        for (int r = 0; r < rows; r++) {
            twice[r] = labels[r];
            twice[rows + r] = labels[r];
        }
        labelsTwice = Libtorch.ofLongs(twice, 2L * rows);
        this.labels = labelsTwice.narrow(0, 0, rows);
        labelsColumn = labelsTwice.view(2L * rows, 1);
        inverseTemperature = new Scalar(1 / temperature);
        distillationFactor = new Scalar(temperature * temperature / (2f * rows));
        half = new Scalar(0.5f);
    }

    List<Contender> contenders() {
        List<Contender> contenders = new ArrayList<>();
        for (Form form : forms()) {
            contenders.add(new Contender(form.name, form.kind, Libtorch.scoped(form.body::get)));
        }
        return contenders;
    }

    /** Loss and gradients by every form. */
    List<Result> results() {
        List<Result> results = new ArrayList<>();
        for (Form form : forms()) {
            try (PointerScope scope = new PointerScope()) {
                Outcome outcome = form.body.get();
                float[] gradientA;
                float[] gradientB;
                if (outcome.gradientB == null) {
                    gradientA = Libtorch.toFloats(outcome.gradientA.narrow(0, 0, rows));
                    gradientB = Libtorch.toFloats(outcome.gradientA.narrow(0, rows, rows));
                } else {
                    gradientA = Libtorch.toFloats(outcome.gradientA);
                    gradientB = Libtorch.toFloats(outcome.gradientB);
                }
                results.add(new Result(form.name, form.kind, outcome.loss.item_float(), gradientA, gradientB));
            }
        }
        return results;
    }

    private List<Form> forms() {
        return List.of(
                new Form("kl_div of log-targets, two arrays", Contender.Kind.LIBTORCH, this::separate),
                new Form("kl_div of log-targets, one array", Contender.Kind.LIBTORCH, this::joined),
                new Form("kl_div of targets, one array", Contender.Kind.LIBTORCH, this::joinedProbabilities),
                new Form("products and a sum, one array", Contender.Kind.LIBTORCH, this::products),
                new Form("gradient by hand, no autograd", Contender.Kind.LIBTORCH_MANUAL, this::manual));
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
    private Outcome joined() {
        return differentiated(loss(logits, labelsTwice, temperature));
    }

    /**
     * The loss of logits [2N, classes] with labels [2N].
     *
     * @return a scalar that autograd can differentiate
     */
    static Tensor loss(Tensor logits, Tensor labelsTwice, float temperature) {
        Tensor log = torch.log_softmax(logits.mul(new Scalar(1 / temperature)), 1);
        Tensor divergence = torch.kl_div(log, exchanged(log.detach()), SUM, true);
        return torch.cross_entropy_loss(logits, labelsTwice)
                .add(divergence.mul(new Scalar(temperature * temperature / logits.size(0))));
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
        return differentiated(torch.cross_entropy_loss(logits, labelsTwice).add(divergence.mul(distillationFactor)));
    }

    private Outcome differentiated(Tensor loss) {
        Tensor gradient = torch.grad(new TensorVector(loss), new TensorVector(logits)).get(0);
        return new Outcome(loss, gradient, null);
    }

    /** The rows of b before those of a. */
    private static Tensor exchanged(Tensor tensor) {
        long rows = tensor.size(0) / 2;
        return torch.cat(new TensorVector(tensor.narrow(0, rows, rows), tensor.narrow(0, 0, rows)), 0);
    }

    /** Needs the closed form of the gradient; arrays are reused where the formula allows it. */
    private Outcome manual() {
        Tensor data = logits.detach();
        Tensor logSoft = torch.log_softmax(data.mul(inverseTemperature), 1);
        Tensor soft = logSoft.exp();
        Tensor softA = soft.narrow(0, 0, rows);
        Tensor softB = soft.narrow(0, rows, rows);
        Tensor difference = softA.sub(softB);
        // KL(a||b) + KL(b||a) = sum (s_a - s_b) (log s_a - log s_b)
        Tensor divergence = logSoft.narrow(0, 0, rows).sub_(logSoft.narrow(0, rows, rows)).mul_(difference).sum();
        Tensor log = torch.log_softmax(data, 1);
        Tensor crossEntropy = log.gather(1, labelsColumn).mean().neg();
        Tensor gradient = log.exp_();
        gradient.scatter_add_(1, labelsColumn, labelsColumn.to(torch.ScalarType.Float).fill_(new Scalar(-1f)));
        gradient.mul_(half).mul_(new Scalar(1f / rows));
        difference.mul_(new Scalar(temperature / (2f * rows)));
        gradient.narrow(0, 0, rows).add_(difference);
        gradient.narrow(0, rows, rows).sub_(difference);
        return new Outcome(crossEntropy.add(divergence.mul(distillationFactor)), gradient, null);
    }

    private record Form(String name, Contender.Kind kind, Supplier<Outcome> body) {
    }

    /** gradientB is null when gradientA holds both. */
    private record Outcome(Tensor loss, Tensor gradientA, Tensor gradientB) {
    }

    /** What one form computed; gradients [rows, classes]. */
    record Result(String form, Contender.Kind kind, float loss, float[] gradientA, float[] gradientB) {
    }
}
