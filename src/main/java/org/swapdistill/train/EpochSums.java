package org.swapdistill.train;

import java.util.Map;
import java.util.TreeMap;

/** What a run has added up in its unfinished epoch; stored in checkpoints so that the epoch's figures stay exact. */
final class EpochSums {
    long steps;
    long images;
    long hits;
    double loss;
    double crossEntropy;
    double divergence;

    void add(PairResult batch) {
        steps++;
        images += batch.images();
        hits += batch.hits();
        loss += batch.loss();
        crossEntropy += batch.crossEntropySum();
        divergence += batch.divergenceSum();
    }

    EpochSums copy() {
        return fromMap(toMap());
    }

    void reset() {
        steps = 0;
        images = 0;
        hits = 0;
        loss = 0;
        crossEntropy = 0;
        divergence = 0;
    }

    /** NaN before the first step. */
    double meanLoss() {
        return loss / steps;
    }

    double meanCrossEntropy() {
        return crossEntropy / images;
    }

    double meanDivergence() {
        return divergence / images;
    }

    double accuracy() {
        return hits / (double) images;
    }

    Map<String, String> toMap() {
        Map<String, String> map = new TreeMap<>();
        map.put("steps", Long.toString(steps));
        map.put("images", Long.toString(images));
        map.put("hits", Long.toString(hits));
        map.put("loss", Double.toString(loss));
        map.put("cross_entropy", Double.toString(crossEntropy));
        map.put("divergence", Double.toString(divergence));
        return map;
    }

    static EpochSums fromMap(Map<String, String> map) {
        StringMapReader in = new StringMapReader(map);
        EpochSums sums = new EpochSums();
        sums.steps = in.longInteger("steps");
        sums.images = in.longInteger("images");
        sums.hits = in.longInteger("hits");
        sums.loss = in.number("loss");
        sums.crossEntropy = in.number("cross_entropy");
        sums.divergence = in.number("divergence");
        in.requireAllRead();
        return sums;
    }
}
