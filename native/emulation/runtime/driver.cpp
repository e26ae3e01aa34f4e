/*
 * Stands in for the CUDA driver, libcuda.so.1: the JavaCPP preset of the runtime is linked to it, and the project calls
 * no function of it.
 */
extern "C" __attribute__((visibility("default"))) int cuDriverGetVersion(int *version) {
    *version = 13010;
    return 0;
}
