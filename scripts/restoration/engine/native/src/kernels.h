// The inner loops: Winograd transforms and matrix products, one set for each instruction set.
//
// Convolutions of 3 x 3 are computed as F(4 x 4, 3 x 3): Lavin & Gray, "Fast Algorithms for
// Convolutional Neural Networks", CVPR 2016. A tile of 4 x 4 results needs 6 x 6 samples; both are
// carried to 36 frequencies, where the convolution is one matrix product per frequency: 36
// multiplications for 16 results instead of 144.
//
// The points are 0, +-sqrt(1/2), +-sqrt(2) and infinity, not the usual 0, +-1, +-2: all constants
// stay near 1, and the error in float32 is a third of the usual one.
//
// Channels come in blocks of 16 whatever the instruction set, so that data is laid out alike
// everywhere, and tiles in blocks of 12, which is what the registers of AVX-512 hold.
#pragma once

#include <stddef.h>

namespace restoration {

constexpr int kLane = 16;         // channels in a block
constexpr int kTiles = 12;        // tiles in a block
constexpr int kFrequencies = 36;
constexpr int kPanel = kTiles * kLane;  // floats of one channel block of one tile block

// Samples of some channels at one frequency for one block of tiles: [blocks][kTiles][kLane].
struct Segment {
    const float* samples;
    int blocks;
};

// What is added to a convolution's result, sample by sample, each with its factor.
struct Residual {
    const float* pixels;  // the tile's first pixel
    ptrdiff_t row;        // floats from one row to the next
    ptrdiff_t column;
    float factor;
};

// Where a tile of results goes, and which part of it is wanted.
struct Target {
    float* pixels;
    ptrdiff_t row;
    ptrdiff_t column;
    int top, bottom, right;  // rows top to bottom - 1 and columns 0 to right - 1 are written
    const Residual* residuals;
    int residual_count;
};

struct Kernels {
    const char* name;

    // One tile of 6 x 6 pixels to 36 frequencies. Sample (i, j) of channel c lies at
    // rows[i][columns[j] + c]; frequency f of channel block b goes to
    // frequencies + f * per_frequency + b * kPanel.
    void (*transform_input)(const float* const* rows, const ptrdiff_t* columns, int blocks,
                            float* frequencies, ptrdiff_t per_frequency);

    // One frequency of one block of tiles: products[o][t][16] = sum over all channels of the
    // segments. `weights` holds panels of 32 results (16 in an odd last one): [channel][32].
    void (*multiply)(const Segment* segments, int segment_count, const float* weights,
                     float* products, int tiles, int out_blocks);

    // 36 frequencies back to 4 x 4 pixels; then bias, activation (a slope for negative values for
    // each channel: 1 is none, 0 is ReLU) and residuals.
    void (*transform_output)(const float* products, ptrdiff_t per_frequency, int out_blocks,
                             const float* bias, const float* slope, const Target* target);
};

// Null where this build or this processor has no such instructions.
const Kernels* kernels_portable();
const Kernels* kernels_avx2();
const Kernels* kernels_avx512();

}  // namespace restoration
