/* The CPU backend of sd_sgd_update. */
#include <math.h>

#include "cpu/dispatch.h"
#include "cpu/threads.h"

namespace sd {
namespace cpu {

sd_status sgd_update(const sd_execution *execution, const sd_sgd_options *options, int64_t count,
                     const sd_sgd_parameter *parameters) {
    if (options->gradient_sum != nullptr && !isfinite(*options->gradient_sum)) {
        return SD_SUCCESS;
    }
    const SgdUpdateCall call = {thread_count(*execution), options, count, parameters};
    SD_DISPATCH(execution, sgd_update, call);
    return SD_SUCCESS;
}

} // namespace cpu
} // namespace sd
