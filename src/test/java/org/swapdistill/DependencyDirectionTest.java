package org.swapdistill;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The packages' arrows: cli, train, then nn and data, backend, kernels, tensor. */
class DependencyDirectionTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
        .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages("org.swapdistill");

    @Test
    void arrowsPointOneWay() {
        layeredArchitecture().consideringOnlyDependenciesInLayers()
            .withOptionalLayers(true)
            .layer("cli").definedBy("org.swapdistill.cli..")
            .layer("train").definedBy("org.swapdistill.train..")
            .layer("nn").definedBy("org.swapdistill.nn..")
            .layer("data").definedBy("org.swapdistill.data..")
            .layer("backend").definedBy("org.swapdistill.backend..")
            .layer("kernels").definedBy("org.swapdistill.kernels..")
            .layer("tensor").definedBy("org.swapdistill.tensor..")
            .whereLayer("cli").mayNotBeAccessedByAnyLayer()
            .whereLayer("train").mayOnlyBeAccessedByLayers("cli")
            .whereLayer("nn").mayOnlyBeAccessedByLayers("cli", "train")
            .whereLayer("data").mayOnlyBeAccessedByLayers("cli", "train")
            .whereLayer("backend").mayOnlyBeAccessedByLayers("cli", "train", "nn", "data")
            .whereLayer("kernels").mayOnlyBeAccessedByLayers("cli", "train", "nn", "data", "backend")
            .whereLayer("tensor").mayOnlyBeAccessedByLayers("cli", "train", "nn", "data", "backend", "kernels")
            .ensureAllClassesAreContainedInArchitecture()
            .check(CLASSES);
    }

    /** An embedding trainer needs JavaCPP only. */
    @Test
    void kernelsAndTensorNeedOnlyJavaCpp() {
        classes()
            .that().resideInAnyPackage("org.swapdistill.kernels..", "org.swapdistill.tensor..")
            .should().onlyDependOnClassesThat().resideInAnyPackage("org.swapdistill.kernels..",
                    "org.swapdistill.tensor..", "java..", "org.bytedeco.javacpp..")
            .check(CLASSES);
    }

    /** oneDNN stays behind the backend. */
    @Test
    void onlyTheCpuBackendKnowsOneDnn() {
        classes()
            .that().resideInAPackage("org.swapdistill..").and().resideOutsideOfPackage("org.swapdistill.backend.cpu..")
            .should().onlyDependOnClassesThat().resideOutsideOfPackages("org.bytedeco.dnnl..")
            .check(CLASSES);
    }

    /** CUDA, cuBLAS and cuDNN stay behind the backend. */
    @Test
    void onlyTheCudaBackendKnowsCuda() {
        classes()
            .that().resideInAPackage("org.swapdistill..").and().resideOutsideOfPackage("org.swapdistill.backend.cuda..")
            .should().onlyDependOnClassesThat().resideOutsideOfPackages("org.bytedeco.cuda..")
            .check(CLASSES);
    }
}
