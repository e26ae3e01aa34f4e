package org.swapdistill.benchmarks.cases;

import java.util.ArrayList;
import java.util.List;

/** SGD on arrays: all of them are cut into pieces of about the same size, which the threads take in turn. */
final class JavaSgd {
    private static final int PIECE = 32 << 10;

    private final SgdArithmetic arithmetic;
    private final SgdSettings settings;
    private final List<Piece> pieces = new ArrayList<>();

    private record Piece(int array, int from, int to) {
    }

    /** @param arrays of the lengths that will be updated */
    JavaSgd(List<float[]> arrays, SgdArithmetic arithmetic, SgdSettings settings) {
        this.arithmetic = arithmetic;
        this.settings = settings;
        for (int i = 0; i < arrays.size(); i++) {
            int length = arrays.get(i).length;
            for (int from = 0; from < length; from += PIECE) {
                pieces.add(new Piece(i, from, Math.min(length, from + PIECE)));
            }
        }
    }

    void apply(ThreadTeam team, List<float[]> values, List<float[]> gradients, List<float[]> velocities) {
        team.run(pieces.size(), 1, (from, to) -> {
            for (int p = from; p < to; p++) {
                Piece piece = pieces.get(p);
                int i = piece.array();
                arithmetic.update(values.get(i), gradients.get(i), velocities.get(i), piece.from(), piece.to(),
                        settings);
            }
        });
    }
}
