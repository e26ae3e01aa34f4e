/*
 * Stands in for the CUDA driver, libcuda.so.1: the JavaCPP preset of the runtime is linked to it, and the project calls
 * no function of it.
 */
extern "C" __attribute__((visibility("default"))) int cuDriverGetVersion(int *version) {
    if (version == nullptr) {
        return 1; /* CUDA_ERROR_INVALID_VALUE */
    }
    *version = 13010;
    return 0;
}
