// A convolution over a grid of tiles: samples to frequencies, products, results.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels.h"
#include "memory.h"
#include "pool.h"
#include "weights.h"

namespace restoration {

// Rows of an image in memory, channels last. Pixels outside top..bottom and left..right are zero:
// that is the network's zero padding where it is the image's border.
struct Window {
    float* pixels = nullptr;
    int blocks = 0;        // of 16 channels
    int first_row = 0;     // the image's row and column at `pixels`
    int first_column = 0;
    int columns = 0;       // in memory
    int ring = 0;          // rows in memory, used in turn; 0 where they simply follow each other
    int top = 0, bottom = 0, left = 0, right = 0;
    bool doubled = false;  // seen at twice its size, each pixel four times; the bounds too

    ptrdiff_t column_step() const { return static_cast<ptrdiff_t>(blocks) * kLane; }
    ptrdiff_t row_step() const { return column_step() * columns; }
    float* row(int y) const {
        if (doubled) y >>= 1;
        y -= first_row;
        return pixels + (ring > 0 ? y % ring : y) * row_step();
    }
    ptrdiff_t column(int x) const {
        if (doubled) x >>= 1;
        return (x - first_column) * column_step();
    }
};

struct Addend {
    Window window;
    float factor;
};

// One group of channels at all frequencies, for some rows of tiles that are used in turn:
// [tile row][block of tiles][frequency][channel block][tile][channel].
struct Spectrum {
    float* samples = nullptr;  // null: the scratch memory of the thread at work
    int blocks = 0;
    int ring = 0;  // tile rows

    ptrdiff_t per_block() const { return static_cast<ptrdiff_t>(kFrequencies) * blocks * kPanel; }
};

// A convolution of some rows of tiles. Tile (r, c) begins at image row y + 4 r and column x + 4 c.
struct Convolve {
    const Kernels* kernels;
    const Convolution* convolution;
    Window source;                  // of the last group of channels, whose spectrum is computed
    std::vector<Spectrum> spectra;  // of all groups
    Window result;                  // its bounds are what is written
    std::vector<Addend> addends;
    int y, x;
    int tile_columns;
    int first_tile_row, last_tile_row;

    int blocks_per_row() const { return (tile_columns + kTiles - 1) / kTiles; }
    // Of equal size: a block of few tiles would not fill the registers.
    int tiles_per_block() const {
        return (tile_columns + blocks_per_row() - 1) / blocks_per_row();
    }
    int block_count() const { return (last_tile_row - first_tile_row) * blocks_per_row(); }
};

// Memory of one thread, for one block of tiles: small enough to stay in a second-level cache
// beside the weights of 64 channels.
struct Scratch {
    Floats spectrum, products, patch;
};

// What `convolve` needs of each thread for such a convolution.
void provide(Scratch& scratch, const Convolution& convolution);

void convolve(Pool& pool, std::vector<Scratch>& scratch, const Convolve& job);

}  // namespace restoration
