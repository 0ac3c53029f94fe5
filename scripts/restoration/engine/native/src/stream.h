// A network over one image, from top to bottom: rows in, rows out, memory for a few rows of each
// layer.
//
// A step takes kBand rows of input through all layers; every layer then makes as many rows (times
// its scale), each a little behind the layer before it. Rows that later steps still need are
// kept: two for a convolution, ten for a dense block, which computes the borders of its four
// results in between again. For networks with dense blocks steps begin at multiples of kBand of the
// image, whatever pieces the rows come in, so that these pieces leave no trace in the result. To
// other networks steps of any length are the same; they take few rows, so that what one layer
// writes is still in the cache when the next one reads it.
#pragma once

#include <memory>

#include "network.h"
#include "pool.h"
#include "tiles.h"

namespace restoration {

constexpr int kBand = 128;  // input rows of a step, at most
constexpr int kSlice = 4;   // and of a step within the tail

class Stream {
public:
    // Width and height of the image in pixels: multiples of what the network folds.
    Stream(std::shared_ptr<const Network> network, const Kernels& kernels, int height, int width,
           int threads);

    // Image rows beyond the last that must be announced until the last output row has come.
    static int lag(const Network& network);
    // Rows that can be taken in before the next step.
    int room() const;
    void push(const float* pixels, int rows);
    // Output rows that the next step makes; -1 while rows are missing for it. Rows beyond the
    // image's end count: `announced` of them have been, in image rows.
    int due(int announced) const;
    void step(float* output);
    size_t bytes() const;

private:
    struct State {
        Floats kept;
        int slot = -1;
        float* rows = nullptr;  // while in work
        int first_row = 0;
    };
    int scaled_stop(const Tensor& tensor, int n) const { return tensor.scale * n - tensor.lag; }
    int height_of(const Tensor& tensor) const { return tensor.scale * height_; }
    int clipped(const Tensor& tensor, int row) const;
    Window window(int tensor, int n) const;
    void plan();
    void load(int tensor, int n);
    void save(int tensor, int n);
    void run(int operation, int n, int rows);
    void run_dense(const Operation& operation, int n, int rows);
    void emit(int n, int rows, float*& output);

    std::shared_ptr<const Network> network_;
    const Kernels& kernels_;
    int height_, width_;  // after folding
    int band_;            // input rows of a step
    int taken_ = 0;       // input rows, after folding
    int done_ = 0;        // a multiple of band_
    Pool pool_;
    std::vector<Scratch> scratch_;
    std::vector<State> states_;
    std::vector<Floats> slots_;
    Floats input_;
    std::vector<Floats> spectra_, between_;  // of dense blocks
};

}  // namespace restoration
