// A network as a list of operations on tensors, and how far each lags behind the input.
#pragma once

#include <stdexcept>
#include <vector>

#include "weights.h"

namespace restoration {

struct Term {  // what is added to a result
    int tensor;
    float factor;
};

struct Tensor {
    int channels;
    int scale;  // rows and columns for one of the input
    int lag;    // when input rows below n are there, its rows below scale * n - lag can be
    int keep = 0;  // rows that later steps still need
    int first = 0, last = -1;  // the operations that make it and that need it last
};

// One convolution, or the convolutions of a dense block: each sees the source and all results
// before it; the last one's result is the block's.
struct Operation {
    int source, result;
    bool doubled;  // the source is first enlarged to twice its size
    std::vector<Convolution> convolutions;
    std::vector<int> groups;  // channels of the source and of each result in between
    std::vector<Term> terms;

    bool dense() const { return convolutions.size() > 1; }
};

// The last tensor, its channels taken apart into blocks of pixels; to it the input is added,
// enlarged likewise, where `around` is set.
struct Output {
    int tensor = -1;
    int channels = 3;
    int unfold = 1;
    bool around = false;
};

class Network {
public:
    // `fold`: blocks of fold x fold input pixels become channels.
    Network(int channels, int fold);

    // All return the new tensor. Errors are std::invalid_argument.
    int convolve(int source, bool doubled, Convolution convolution, int results,
                 std::vector<Term> terms);
    int dense(int source, std::vector<Convolution> convolutions, std::vector<int> groups,
              int results, std::vector<Term> terms);
    // Operations from here on run on few rows at a time: at a larger scale rows are expensive.
    void begin_tail();
    void finish(int tensor, int channels, int unfold, bool around);

    int input_channels, fold;
    int tail = -1;  // first operation of the tail; the number of operations where there is none
    std::vector<Tensor> tensors;
    std::vector<Operation> operations;
    Output output;

private:
    int add(Operation operation, int results, int scale, int lag);
    void needed(int tensor, int keep);
};

}  // namespace restoration
