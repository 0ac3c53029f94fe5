#include "tiles.h"

#include <algorithm>

namespace restoration {
namespace {

void transform_tile(const Convolve& job, Scratch& scratch, int y, int x, float* to) {
    const Window& source = job.source;
    const float* rows[6];
    ptrdiff_t columns[6];
    const int top = y - 1, left = x - 1;
    const bool inside = top >= source.top && top + 6 <= source.bottom && left >= source.left &&
                        left + 6 <= source.right;
    if (inside) {
        for (int i = 0; i < 6; ++i) {
            rows[i] = source.row(top + i);
            columns[i] = source.column(left + i);
        }
    } else {
        const ptrdiff_t step = source.column_step();
        float* patch = scratch.patch.data();
        for (int i = 0; i < 6; ++i) {
            rows[i] = patch + i * 6 * step;
            columns[i] = i * step;
            const bool row_exists = top + i >= source.top && top + i < source.bottom;
            const float* row = row_exists ? source.row(top + i) : nullptr;
            for (int j = 0; j < 6; ++j) {
                float* pixel = patch + (i * 6 + j) * step;
                const bool exists =
                    row_exists && left + j >= source.left && left + j < source.right;
                if (exists)
                    std::memcpy(pixel, row + source.column(left + j), step * sizeof(float));
                else
                    std::memset(pixel, 0, step * sizeof(float));
            }
        }
    }
    job.kernels->transform_input(rows, columns, source.blocks, to,
                                 static_cast<ptrdiff_t>(source.blocks) * kPanel);
}

void write_tile(const Convolve& job, int y, int x, const float* products) {
    const Window& result = job.result;
    Target target;
    target.top = std::max(0, result.top - y);
    target.bottom = std::min(4, result.bottom - y);
    target.right = std::min(4, result.right - x);
    if (target.top >= target.bottom || target.right <= 0 || x < result.left) return;
    // A ring's turn never falls inside a tile: its length is a multiple of 4, and so is a tile's
    // distance from its start. Rows above `top` may lie before the window; they are not touched.
    const int row = y + target.top;
    target.pixels = result.row(row) + result.column(x) - target.top * result.row_step();
    target.row = result.row_step();
    target.column = result.column_step();
    Residual residuals[4];
    target.residual_count = 0;
    for (const Addend& addend : job.addends) {
        const Window& w = addend.window;
        residuals[target.residual_count++] = {
            w.row(row) + w.column(x) - target.top * w.row_step(), w.row_step(), w.column_step(),
            addend.factor};
    }
    target.residuals = residuals;
    const Convolution& convolution = *job.convolution;
    job.kernels->transform_output(
        products, static_cast<ptrdiff_t>(convolution.out_blocks) * kPanel, convolution.out_blocks,
        convolution.bias.data(), convolution.slope.data(), &target);
}

void convolve_block(const Convolve& job, Scratch& scratch, int index) {
    const int per_row = job.blocks_per_row(), per_block = job.tiles_per_block();
    const int tile_row = job.first_tile_row + index / per_row, block = index % per_row;
    const int tiles = std::min(per_block, job.tile_columns - per_block * block);
    const int y = job.y + 4 * tile_row, x = job.x + 4 * per_block * block;
    const Convolution& convolution = *job.convolution;
    const ptrdiff_t per_frequency = static_cast<ptrdiff_t>(convolution.out_blocks) * kPanel;
    const auto spectrum = [&](const Spectrum& group) {
        if (group.samples == nullptr) return scratch.spectrum.data();
        const ptrdiff_t place = static_cast<ptrdiff_t>(tile_row % group.ring) * per_row + block;
        return group.samples + place * group.per_block();
    };
    float* to = spectrum(job.spectra.back());
    for (int t = 0; t < tiles; ++t) transform_tile(job, scratch, y, x + 4 * t, to + t * kLane);

    Segment segments[8];
    const int groups = static_cast<int>(job.spectra.size());
    for (int g = 0; g < groups; ++g)
        segments[g] = {spectrum(job.spectra[g]), job.spectra[g].blocks};
    float* products = scratch.products.data();
    for (int f = 0; f < kFrequencies; ++f) {
        job.kernels->multiply(segments, groups, convolution.at_frequency(f),
                              products + f * per_frequency, tiles, convolution.out_blocks);
        for (int g = 0; g < groups; ++g)
            segments[g].samples += static_cast<ptrdiff_t>(segments[g].blocks) * kPanel;
    }
    for (int t = 0; t < tiles; ++t) write_tile(job, y, x + 4 * t, products + t * kLane);
}

}  // namespace

void provide(Scratch& scratch, const Convolution& convolution) {
    const auto grow = [](Floats& floats, size_t count) {
        if (floats.size() < count) floats = Floats(count);
    };
    const size_t block = static_cast<size_t>(kFrequencies) * kPanel;
    grow(scratch.spectrum, block * convolution.in_blocks);
    grow(scratch.products, block * convolution.out_blocks);
    grow(scratch.patch, static_cast<size_t>(kFrequencies) * kLane * convolution.in_blocks);
}

void convolve(Pool& pool, std::vector<Scratch>& scratch, const Convolve& job) {
    pool.run(job.block_count(),
             [&](int index, int thread) { convolve_block(job, scratch[thread], index); });
}

}  // namespace restoration
