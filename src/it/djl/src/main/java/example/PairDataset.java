package example;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.dataset.Record;
import ai.djl.util.Progress;
import java.nio.ByteBuffer;
import org.swapdistill.data.Dataset;
import org.swapdistill.data.PairSampler;
import org.swapdistill.data.Pairs;

/** The same-class pairs of one epoch as a data set of DJL. */
final class PairDataset extends RandomAccessDataset {
    private final Dataset data;
    private final Pairs pairs;

    private PairDataset(Builder builder) {
        super(builder);
        data = builder.data;
        pairs = new PairSampler(data.labels(), data.classes(), 1).pairs(0);
    }

    @Override
    public Record get(NDManager manager, long index) {
        int anchor = pairs.anchors()[(int) index];
        int partner = pairs.partners()[(int) index];
        return new Record(new NDList(image(manager, anchor), image(manager, partner)),
                new NDList(manager.create((long) data.label(anchor))));
    }

    private NDArray image(NDManager manager, int index) {
        ByteBuffer pixels = data.images().slice(index, index + 1).asByteBuffer();
        Shape shape = new Shape(data.channels(), data.height(), data.width());
        return manager.create(pixels, shape, DataType.UINT8).toType(DataType.FLOAT32, false).divi(255);
    }

    @Override
    protected long availableSize() {
        return pairs.size();
    }

    @Override
    public void prepare(Progress progress) {
    }

    static final class Builder extends BaseBuilder<Builder> {
        private final Dataset data;

        Builder(Dataset data) {
            this.data = data;
        }

        @Override
        protected Builder self() {
            return this;
        }

        PairDataset build() {
            return new PairDataset(this);
        }
    }
}
