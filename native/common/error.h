/*
 * The calling thread's last error: one sentence in a fixed buffer, so that reporting needs no memory.
 */
#ifndef SWAPDISTILL_COMMON_ERROR_H
#define SWAPDISTILL_COMMON_ERROR_H

#include "swapdistill/swapdistill.h"

namespace sd {

/* Keeps the formatted sentence for sd_last_error (cut at 511 bytes) and returns the status. */
#if defined(__MINGW32__)
__attribute__((format(gnu_printf, 2, 3))) /* as native/CMakeLists.txt asks for */
#elif defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
sd_status
fail(sd_status status, const char *format, ...);

/* "" before the thread's first failure. */
const char *last_error();

} // namespace sd

#endif
