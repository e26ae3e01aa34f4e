package org.swapdistill.data;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;

/**
 * A folder with one sub-folder of PNG and JPEG files per class, or two of them called {@code train} and {@code test}.
 * Classes are called like their folders and numbered in the order of their names, as are the images of a class.
 */
final class ImageFolder {
    private static final String TRAIN = "train";
    private static final String TEST = "test";
    private static final int MOST_ENTRIES = 1 << 26;

    private ImageFolder() {
    }

    /** Whether a directory has sub-folders. */
    static boolean isIn(Path directory) throws IOException {
        for (Path entry : list(directory)) {
            if (Files.isDirectory(entry)) {
                return true;
            }
        }
        return false;
    }

    static TrainTest read(Path directory, DataOptions options) throws IOException {
        String title = "images in " + directory;
        Path train = directory.resolve(TRAIN);
        Path test = directory.resolve(TEST);
        List<String> skipped = new ArrayList<>();
        if (Files.isDirectory(train) && Files.isDirectory(test)) {
            return readParts(title, train, test, options, skipped);
        }
        TreeMap<String, List<Path>> classes = findClasses(directory, skipped);
        requireSplittable(directory, classes);
        try (Dataset all = readImages(classes, new ArrayList<>(classes.keySet()), options.imageSize())) {
            Dataset.Split split = all.split(options.testFraction(), options.seed());
            return new TrainTest(title, split.first(), split.second(), skipped);
        }
    }

    private static TrainTest readParts(String title, Path train, Path test, DataOptions options,
            List<String> skipped) throws IOException {
        TreeMap<String, List<Path>> trainClasses = findClasses(train, skipped);
        TreeMap<String, List<Path>> testClasses = findClasses(test, skipped);
        List<String> names = new ArrayList<>(trainClasses.keySet());
        for (String name : testClasses.keySet()) {
            if (!trainClasses.containsKey(name)) {
                throw new DatasetException(test + ": has a class '" + name + "'; expected one of those in " + train
                        + ": " + String.join(", ", names));
            }
        }
        Dataset trainImages = readImages(trainClasses, names, options.imageSize());
        try {
            return new TrainTest(title, trainImages, readImages(testClasses, names, options.imageSize()), skipped);
        } catch (IOException | RuntimeException | Error e) {
            trainImages.close();
            throw e;
        }
    }

    private static void requireSplittable(Path directory, TreeMap<String, List<Path>> classes)
            throws DatasetException {
        if (classes.size() < 2) {
            throw new DatasetException(directory + ": has the one class folder " + classes.keySet()
                    + "; expected at least 2, or the folders " + TRAIN + " and " + TEST);
        }
        if (classes.values().stream().allMatch(files -> files.size() < 2)) {
            throw new DatasetException(directory + ": every class has one image; expected at least 2 in some class,"
                    + " so that a test set can be split off");
        }
    }

    /** The image files of each class, sorted. */
    private static TreeMap<String, List<Path>> findClasses(Path directory, List<String> skipped) throws IOException {
        TreeMap<String, List<Path>> classes = new TreeMap<>();
        for (Path entry : list(directory)) {
            if (!Files.isDirectory(entry)) {
                skipped.add(entry.toString());
                continue;
            }
            List<Path> images = new ArrayList<>();
            for (Path file : list(entry)) {
                if (Files.isRegularFile(file) && ImageFile.hasImageName(file)) {
                    images.add(file);
                } else {
                    skipped.add(file.toString());
                }
            }
            if (images.isEmpty()) {
                throw new DatasetException(entry + ": has no PNG or JPEG file; expected the images of class '"
                        + entry.getFileName() + "'");
            }
            classes.put(entry.getFileName().toString(), images);
        }
        if (classes.isEmpty()) {
            throw new DatasetException(directory + ": has no folder; expected one folder of images per class");
        }
        return classes;
    }

    private static Dataset readImages(TreeMap<String, List<Path>> classes, List<String> names, ImageSize size)
            throws IOException {
        long count = classes.values().stream().mapToLong(List::size).sum();
        Path any = classes.firstEntry().getValue().get(0);
        try (ImageBlock block = ImageBlock.allocate(any.getParent().getParent().toString(), count, size.channels(),
                size.height(), size.width())) {
            int[] labels = new int[(int) count];
            int next = 0;
            for (int c = 0; c < names.size(); c++) {
                for (Path file : classes.getOrDefault(names.get(c), List.of())) {
                    byte[] image = ImageFile.read(file, size);
                    block.put(image, 0, image.length);
                    labels[next++] = c;
                }
            }
            return Dataset.of(block.finish(), labels, names);
        }
    }

    /** The entries that are not hidden, sorted by name. */
    private static List<Path> list(Path directory) throws IOException {
        List<Path> entries = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
            for (Path entry : stream) {
                if (entries.size() == MOST_ENTRIES) {
                    throw new DatasetException(directory + ": has more than " + MOST_ENTRIES + " entries");
                }
                if (!entry.getFileName().toString().startsWith(".")) {
                    entries.add(entry);
                }
            }
        } catch (DatasetException e) {
            throw e;
        } catch (IOException e) {
            throw new DatasetException(directory + ": cannot be listed: " + e, e);
        }
        entries.sort(Comparator.comparing(entry -> entry.getFileName().toString()));
        return entries;
    }
}
