#include "common/error.h"

#include <stdarg.h>
#include <stdio.h>

namespace sd {

static thread_local char message[512] = "";

sd_status fail(sd_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return status;
}

const char *last_error() {
    return message;
}

} // namespace sd
