#include "tiles.h"

#include <algorithm>

namespace restoration {
namespace {

struct Place {
    int tile_row, block;
};

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
    job.kernels->transform_output(products, static_cast<ptrdiff_t>(job.convolution->out_blocks) * kPanel,
                                  job.convolution->out_blocks, job.convolution->bias.data(),
                                  job.convolution->slope.data(), &target);
}

void convolve_blocks(const Convolve& job, Scratch& scratch, int first, int last) {
    const int per_row = job.blocks_per_row(), count = last - first;
    const Convolution& convolution = *job.convolution;
    const ptrdiff_t per_frequency = static_cast<ptrdiff_t>(convolution.out_blocks) * kPanel;
    Place places[kBlocksAtOnce];
    int tiles[kBlocksAtOnce];
    for (int i = 0; i < count; ++i) {
        places[i] = {job.first_tile_row + (first + i) / per_row, (first + i) % per_row};
        tiles[i] = std::min(kTiles, job.tile_columns - places[i].block * kTiles);
    }
    const auto spectrum = [&](const Spectrum& group, int i) {
        if (group.samples == nullptr) return scratch.spectrum.data() + i * group.per_block();
        const ptrdiff_t block =
            static_cast<ptrdiff_t>(places[i].tile_row % group.ring) * per_row + places[i].block;
        return group.samples + block * group.per_block();
    };
    for (int i = 0; i < count; ++i) {
        float* to = spectrum(job.spectra.back(), i);
        const int y = job.y + 4 * places[i].tile_row, x = job.x + 4 * kTiles * places[i].block;
        for (int t = 0; t < tiles[i]; ++t)
            transform_tile(job, scratch, y, x + 4 * t, to + t * kLane);
    }
    const int groups = static_cast<int>(job.spectra.size());
    for (int f = 0; f < kFrequencies; ++f)
        for (int i = 0; i < count; ++i) {
            Segment segments[8];
            for (int g = 0; g < groups; ++g) {
                const Spectrum& group = job.spectra[g];
                segments[g] = {spectrum(group, i) +
                                   static_cast<ptrdiff_t>(f) * group.blocks * kPanel,
                               group.blocks};
            }
            float* to = scratch.products.data() + (i * kFrequencies + f) * per_frequency;
            job.kernels->multiply(segments, groups, convolution.at_frequency(f), to, tiles[i],
                                  convolution.out_blocks);
        }
    for (int i = 0; i < count; ++i) {
        const float* products = scratch.products.data() + i * kFrequencies * per_frequency;
        const int y = job.y + 4 * places[i].tile_row, x = job.x + 4 * kTiles * places[i].block;
        for (int t = 0; t < tiles[i]; ++t) write_tile(job, y, x + 4 * t, products + t * kLane);
    }
}

}  // namespace

void provide(Scratch& scratch, const Convolution& convolution) {
    const auto grow = [](Floats& floats, size_t count) {
        if (floats.size() < count) floats = Floats(count);
    };
    const size_t block = static_cast<size_t>(kBlocksAtOnce) * kFrequencies * kPanel;
    grow(scratch.spectrum, block * convolution.in_blocks);
    grow(scratch.products, block * convolution.out_blocks);
    grow(scratch.patch, static_cast<size_t>(kFrequencies) * kLane * convolution.in_blocks);
}

void convolve(Pool& pool, std::vector<Scratch>& scratch, const Convolve& job) {
    const int blocks = job.block_count();
    if (blocks <= 0) return;
    // Equal shares, as many for each thread.
    const int threads = pool.threads();
    int shares = (blocks + kBlocksAtOnce - 1) / kBlocksAtOnce;
    shares = std::min(blocks, (shares + threads - 1) / threads * threads);
    pool.run(shares, [&](int share, int thread) {
        const auto edge = [&](int k) {
            return static_cast<int>(static_cast<int64_t>(blocks) * k / shares);
        };
        convolve_blocks(job, scratch[thread], edge(share), edge(share + 1));
    });
}

}  // namespace restoration
