/*
 * Sums over all pixels of an NHWC tensor, one for each channel, in f32 and in a fixed order: first over blocks of
 * pixels, then over the blocks, so that the error does not grow with the batch as that of one long sum.
 */
#ifndef SWAPDISTILL_EMULATION_CUDNN_CHANNEL_SUMS_H
#define SWAPDISTILL_EMULATION_CUDNN_CHANNEL_SUMS_H

#include <algorithm>
#include <cstdint>
#include <vector>

namespace emulation::cudnn {

/* term(element, channel) is what an element contributes. */
template <typename F>
std::vector<float> channel_sums(int64_t pixels, int64_t channels, F term) {
    constexpr int64_t BLOCK = 64;
    std::vector<float> sums(static_cast<size_t>(channels), 0.0f);
    std::vector<float> block(static_cast<size_t>(channels));
    for (int64_t start = 0; start < pixels; start += BLOCK) {
        std::fill(block.begin(), block.end(), 0.0f);
        const int64_t end = std::min(start + BLOCK, pixels);
        for (int64_t pixel = start; pixel < end; pixel++) {
            for (int64_t channel = 0; channel < channels; channel++) {
                block[static_cast<size_t>(channel)] += term(pixel * channels + channel, channel);
            }
        }
        for (int64_t channel = 0; channel < channels; channel++) {
            sums[static_cast<size_t>(channel)] += block[static_cast<size_t>(channel)];
        }
    }
    return sums;
}

} // namespace emulation::cudnn

#endif
