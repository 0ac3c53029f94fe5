// A dense block: five convolutions that share the spectra of what they see.
//
// Each group of channels (the block's input, and the four results in between) is carried to its
// frequencies once and used by all convolutions that follow: 192 channels instead of 640 for
// RRDBNet. All five therefore use one grid of tiles. The results in between are needed one tile
// beyond the block's own result on each side; there they are computed again by the next step.
//
// The convolutions advance together down the band, each one row of tiles behind the one before
// it, so that the spectra in use stay in the cache; a wide image is cut into panels of columns
// for the same reason. Nothing outside a panel's or a band's tiles is looked at (it reads as
// zero), and both lie at fixed places of the image, so that the result depends on nothing else.

#include <algorithm>

#include "stream.h"

namespace restoration {
namespace {

constexpr int kPanelTiles = 48;

struct Grid {
    int first_column, last_column;  // tile columns of the panel's results
    int left, right;                // and with one more on each side
    int rows_at_once;               // tile rows that each convolution computes in turn
};

}  // namespace

void Stream::run_dense(const Operation& operation, int n, int rows) {
    const Tensor& result = network_->tensors[operation.result];
    const int count = static_cast<int>(operation.convolutions.size());
    const int height = height_of(result), width = width_ * result.scale;
    const int start = scaled_stop(result, n);
    const int band = rows * result.scale;
    // Tile row r begins at image row y + 4 r; the first and the last are the ones beyond.
    const int y = start - 4, tile_rows = band / 4 + 2;
    const int first_row = std::max(0, (-y) / 4);
    const int last_row = std::min(tile_rows, (height - y + 3) / 4);
    const int tile_columns = (width + 3) / 4;
    const int panels = (tile_columns + kPanelTiles - 1) / kPanelTiles;

    spectra_.resize(std::max<size_t>(spectra_.size(), count));
    between_.resize(std::max<size_t>(between_.size(), count));
    for (int panel = 0; panel < panels; ++panel) {
        Grid grid;
        grid.first_column = tile_columns * panel / panels;
        grid.last_column = tile_columns * (panel + 1) / panels;
        grid.left = std::max(0, grid.first_column - 1);
        grid.right = std::min(tile_columns, grid.last_column + 1);
        const int local_columns = grid.right - grid.left;
        const int blocks_per_row = (local_columns + kTiles - 1) / kTiles;
        // Enough blocks for every thread to have four between two waits for the others.
        const int wanted = 4 * pool_.threads();
        grid.rows_at_once = std::min(tile_rows, (wanted + blocks_per_row - 1) / blocks_per_row);

        std::vector<Spectrum> spectra;
        std::vector<Window> between;
        for (int g = 0; g < count; ++g) {
            Spectrum s;
            s.blocks = blocks_of(operation.groups[g]);
            // From the last convolution's first row in this turn to the reader's last.
            s.ring = grid.rows_at_once + count - 1 - g;
            const size_t floats =
                static_cast<size_t>(s.ring) * blocks_per_row * s.per_block();
            if (spectra_[g].size() < floats) spectra_[g] = Floats(floats, Pages::huge);
            s.samples = spectra_[g].data();
            spectra.push_back(s);
            if (g == 0) {
                between.push_back(window(operation.source, n + rows));
                continue;
            }
            Window w;
            w.blocks = s.blocks;
            w.first_row = y;
            w.first_column = w.left = 4 * grid.left;
            w.columns = 4 * local_columns;
            w.ring = 4 * (grid.rows_at_once + 2);
            w.top = std::max(0, y);
            w.bottom = std::min(height, y + 4 * tile_rows);
            w.right = std::min(width, 4 * grid.right);
            const size_t pixels = static_cast<size_t>(w.ring) * w.row_step();
            if (between_[g].size() < pixels) between_[g] = Floats(pixels, Pages::huge);
            w.pixels = between_[g].data();
            between.push_back(w);
        }

        const int turns =
            (last_row - first_row + count - 1 + grid.rows_at_once - 1) / grid.rows_at_once;
        for (int turn = 0; turn < turns; ++turn)
            for (int k = 0; k < count; ++k) {
                Convolve job;
                job.kernels = &kernels_;
                job.convolution = &operation.convolutions[k];
                job.source = between[k];
                job.spectra.assign(spectra.begin(), spectra.begin() + k + 1);
                const bool last = k == count - 1;
                job.result = last ? window(operation.result, n + rows) : between[k + 1];
                int from = first_row + turn * grid.rows_at_once - k;
                int to = from + grid.rows_at_once;
                if (last) {
                    job.result.top = std::max(0, start);
                    job.result.left = 4 * grid.first_column;
                    job.result.right = std::min(width, 4 * grid.last_column);
                    for (const Term& term : operation.terms)
                        job.addends.push_back({window(term.tensor, n + rows), term.factor});
                    from = std::max(from, 1);
                    to = std::min(to, tile_rows - 1);
                }
                job.y = y;
                job.x = 4 * grid.left;
                job.tile_columns = local_columns;
                job.first_tile_row = std::max(from, first_row);
                job.last_tile_row = std::min(to, last_row);
                convolve(pool_, scratch_, job);
            }
    }
}

}  // namespace restoration
