package org.swapdistill;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The packages' arrows: cli, train, then nn and data, backend, kernels, tensor. */
@AnalyzeClasses(packages = "org.swapdistill", importOptions = ImportOption.DoNotIncludeTests.class)
class DependencyDirectionTest {
    @ArchTest
    static final ArchRule ARROWS_POINT_ONE_WAY = layeredArchitecture().consideringOnlyDependenciesInLayers()
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
            .ensureAllClassesAreContainedInArchitecture();

    /** An embedding trainer needs JavaCPP only. */
    @ArchTest
    static final ArchRule KERNELS_AND_TENSOR_NEED_ONLY_JAVACPP = classes()
            .that().resideInAnyPackage("org.swapdistill.kernels..", "org.swapdistill.tensor..")
            .should().onlyDependOnClassesThat().resideInAnyPackage("org.swapdistill.kernels..",
                    "org.swapdistill.tensor..", "java..", "org.bytedeco.javacpp..");

    /** oneDNN stays behind the backend. */
    @ArchTest
    static final ArchRule ONLY_THE_CPU_BACKEND_KNOWS_ONEDNN = classes()
            .that().resideInAPackage("org.swapdistill..").and().resideOutsideOfPackage("org.swapdistill.backend.cpu..")
            .should().onlyDependOnClassesThat().resideOutsideOfPackages("org.bytedeco.dnnl..");

    /** CUDA, cuBLAS and cuDNN stay behind the backend. */
    @ArchTest
    static final ArchRule ONLY_THE_CUDA_BACKEND_KNOWS_CUDA = classes()
            .that().resideInAPackage("org.swapdistill..").and().resideOutsideOfPackage("org.swapdistill.backend.cuda..")
            .should().onlyDependOnClassesThat().resideOutsideOfPackages("org.bytedeco.cuda..");
}
