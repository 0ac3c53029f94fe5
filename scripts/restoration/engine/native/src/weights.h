// The weights of a 3 x 3 convolution, carried to the 36 frequencies and packed for the kernels.
#pragma once

#include <vector>

#include "memory.h"

namespace restoration {

// Channels that lie side by side in memory and are padded to blocks of 16 together.
inline int blocks_of(int channels) { return (channels + 15) / 16; }

struct Convolution {
    int in_blocks = 0, out_blocks = 0;
    Floats weights;  // [frequency][panel of 32 results][channel][32]
    Floats bias, slope;

    const float* at_frequency(int frequency) const {
        return weights.data() + static_cast<size_t>(frequency) * in_blocks * out_blocks * 256;
    }
};

// `weights` is (results, channels, 3, 3). The channels come in groups, as they are concatenated;
// each group is padded by itself. `factor` is multiplied in. `slope` may be null: no activation.
Convolution pack(const float* weights, const float* bias, const float* slope, int results,
                 const std::vector<int>& groups, float factor);

}  // namespace restoration
