package example;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** A small convolutional network and its optimizer. */
final class Student {
    private final Tensor first;
    private final Tensor second;
    private final Tensor last;
    final SGD optimizer;

    Student(long seed, long channels, long classes) {
        torch.manual_seed(seed);
        first = weight(Math.sqrt(2.0 / (9 * channels)), 8, channels, 3, 3);
        second = weight(Math.sqrt(2.0 / 72), 16, 8, 3, 3);
        last = weight(Math.sqrt(1.0 / 784), classes, 784);
        SGDOptions options = new SGDOptions(0.05);
        options.momentum().put(0.9);
        optimizer = new SGD(new TensorVector(first, second, last), options);
    }

    private static Tensor weight(double deviation, long... sizes) {
        Tensor values = torch.randn(sizes).mul(new Scalar(deviation)).detach();
        values.set_requires_grad(true);
        return values;
    }

    /** From images [N, C, 28, 28] to logits [N, classes]. */
    Tensor logits(Tensor images) {
        Tensor half = torch.max_pool2d(convolution(images, first).relu(), 2, 2);
        Tensor quarter = torch.max_pool2d(convolution(half, second).relu(), 2, 2);
        return torch.linear(quarter.flatten(1, -1), last);
    }

    private static Tensor convolution(Tensor input, Tensor weight) {
        return torch.conv2d(input, weight, new TensorOptional(), new long[] {1, 1}, new long[] {1, 1},
                new long[] {1, 1}, 1);
    }
}
