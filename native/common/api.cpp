/* Entry points that concern the library as a whole. */
#include "common/backends.h"
#include "common/error.h"

extern "C" {

SD_API uint32_t sd_version(void) {
    return (uint32_t{SD_VERSION_MAJOR} << 16) | (uint32_t{SD_VERSION_MINOR} << 8) | uint32_t{SD_VERSION_PATCH};
}

SD_API const char *sd_last_error(void) {
    return sd::last_error();
}

SD_API sd_instruction_set sd_best_instruction_set(void) {
    return sd::cpu::best_instruction_set();
}

SD_API sd_status sd_cuda_available(void) {
    return sd::cuda::available();
}

} // extern "C"
