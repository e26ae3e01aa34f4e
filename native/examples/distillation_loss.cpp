// The distillation loss from C++: value and gradients of a pair of two rows of three classes.
#include <swapdistill/swapdistill.h>

#include <array>
#include <cmath>
#include <iostream>
#include <stdexcept>
#include <vector>

namespace {

constexpr int ROWS = 2;
constexpr int CLASSES = 3;
using Logits = std::array<float, ROWS * CLASSES>;

void check(sd_status status) {
    if (status != SD_SUCCESS) {
        throw std::runtime_error(sd_last_error());
    }
}

/* Overwrites the logits with their gradients and returns the loss. */
float distillation_loss(const sd_distillation_loss_options &options, const std::array<std::int32_t, ROWS> &labels,
                        Logits &logits, Logits &target) {
    const sd_execution execution = SD_EXECUTION_INIT;
    std::size_t bytes = 0;
    check(sd_distillation_loss_workspace_bytes(&execution, &options, ROWS, CLASSES, 1, &bytes));
    // Elements of 16 bytes are aligned to as many.
    struct alignas(16) Block {
        char bytes[16];
    };
    std::vector<Block> workspace((bytes + sizeof(Block) - 1) / sizeof(Block));

    float loss = 0;
    sd_distillation_loss_arrays arrays{};
    arrays.struct_size = sizeof arrays;
    arrays.outer = ROWS;
    arrays.classes = CLASSES;
    arrays.inner = 1;
    arrays.logits = logits.data();
    arrays.target = target.data();
    arrays.labels = labels.data();
    arrays.loss = &loss;
    arrays.logits_gradient = logits.data();
    arrays.target_gradient = target.data();
    arrays.workspace = workspace.data();
    arrays.workspace_bytes = workspace.size() * sizeof(Block);
    check(sd_distillation_loss(&execution, &options, &arrays));
    return loss;
}

} // namespace

int main() {
    try {
        sd_distillation_loss_options options = SD_DISTILLATION_LOSS_OPTIONS_INIT;
        options.temperature = 4;
        const std::array<std::int32_t, ROWS> labels = {0, 2};
        Logits logits = {2, 0, -1, 0, 1, 3};
        Logits target = {1, 1, -2, -1, 0, 2};
        std::cout << "loss " << distillation_loss(options, labels, logits, target) << "\ngradient of the first logits";
        float sum = 0;
        for (const float gradient : logits) {
            std::cout << ' ' << gradient;
            sum += gradient;
        }
        std::cout << '\n';
        // The gradients of a row add up to 0.
        return std::abs(sum) < 1e-6f ? 0 : 1;
    } catch (const std::exception &e) {
        std::cerr << e.what() << '\n';
        return 1;
    }
}
