/*
 * Stands in for the CUDA driver, libcuda.so.1: the JavaCPP preset of the runtime is linked to it, and nobody calls a
 * function of it.
 */
