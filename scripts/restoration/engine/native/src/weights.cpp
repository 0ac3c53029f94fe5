#include "weights.h"

#include <algorithm>

#include "kernels.h"

namespace restoration {
namespace {

// G of Lavin & Gray for the points 0, +-sqrt(1/2), +-sqrt(2), infinity: (1, p, p^2) / N(p), where
// N(p) is the product of the distances to the other points.
void to_frequencies(const double g[3], double u[6]) {
    constexpr double a = 0.70710678118654752440, b = 1.41421356237309504880;
    u[0] = g[0];
    u[1] = (g[0] + a * g[1] + 0.5 * g[2]) / -1.5;
    u[2] = (g[0] - a * g[1] + 0.5 * g[2]) / -1.5;
    u[3] = (g[0] + b * g[1] + 2.0 * g[2]) / 6.0;
    u[4] = (g[0] - b * g[1] + 2.0 * g[2]) / 6.0;
    u[5] = g[2];
}

}  // namespace

Convolution pack(const float* weights, const float* bias, const float* slope, int results,
                 const std::vector<int>& groups, float factor) {
    Convolution packed;
    packed.out_blocks = blocks_of(results);
    std::vector<int> place;  // of each channel among the padded ones
    for (const int group : groups) {
        for (int c = 0; c < group; ++c) place.push_back(packed.in_blocks * kLane + c);
        packed.in_blocks += blocks_of(group);
    }
    const int channels = static_cast<int>(place.size());
    const size_t rows = static_cast<size_t>(packed.in_blocks) * kLane;
    const size_t per_frequency = rows * packed.out_blocks * kLane;
    packed.weights = Floats(per_frequency * kFrequencies);
    packed.weights.zero();
    packed.bias = Floats(static_cast<size_t>(packed.out_blocks) * kLane);
    packed.slope = Floats(packed.bias.size());
    packed.bias.zero();
    packed.slope.zero();
    for (int o = 0; o < results; ++o) {
        packed.bias.data()[o] = bias == nullptr ? 0.0f : factor * bias[o];
        packed.slope.data()[o] = slope == nullptr ? 1.0f : slope[o];
    }
    for (int first = 0; first < results; first += 32) {
        const int width = packed.out_blocks - first / kLane >= 2 ? 32 : 16;
        const int count = std::min(width, results - first);
        for (int c = 0; c < channels; ++c) {
            float row[kFrequencies][32] = {};
            for (int o = 0; o < count; ++o) {
                const float* g = weights + (static_cast<size_t>(first + o) * channels + c) * 9;
                double half[6][3], u[6];
                for (int x = 0; x < 3; ++x) {
                    const double column[3] = {g[x], g[3 + x], g[6 + x]};
                    to_frequencies(column, u);
                    for (int i = 0; i < 6; ++i) half[i][x] = u[i];
                }
                for (int i = 0; i < 6; ++i) {
                    to_frequencies(half[i], u);
                    for (int j = 0; j < 6; ++j)
                        row[i * 6 + j][o] = static_cast<float>(factor * u[j]);
                }
            }
            float* to = packed.weights.data() + first * rows + static_cast<size_t>(place[c]) * width;
            for (int f = 0; f < kFrequencies; ++f)
                std::memcpy(to + f * per_frequency, row[f], width * sizeof(float));
        }
    }
    return packed;
}

}  // namespace restoration
