#include "stream.h"

#include <algorithm>
#include <stdexcept>

namespace restoration {
namespace {

// Of a layer, for each thread: with 64 channels half of a second-level cache of 1 MiB.
constexpr int kCachedPixels = 2048;

inline int up_to(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

}  // namespace

Stream::Stream(std::shared_ptr<const Network> network, const Kernels& kernels, int height,
               int width, int threads)
    : network_(std::move(network)), kernels_(kernels), height_(height / network_->fold),
      width_(width / network_->fold), pool_(threads), scratch_(threads),
      states_(network_->tensors.size()) {
    if (height <= 0 || width <= 0 || height % network_->fold != 0 || width % network_->fold != 0)
        throw std::invalid_argument("the image's size is not a multiple of what the network folds");
    if (network_->output.tensor < 0) throw std::invalid_argument("the network is not finished");
    for (const Operation& operation : network_->operations)
        for (const Convolution& convolution : operation.convolutions)
            for (Scratch& scratch : scratch_) provide(scratch, convolution);
    bool dense = false;
    for (const Operation& operation : network_->operations) dense |= operation.dense();
    const int rows = kCachedPixels * threads / width_ / kSlice * kSlice;
    band_ = dense ? kBand : std::clamp(rows, 2 * kSlice, kBand);
    plan();
}

// Working memory: a tensor has it from the operation that makes it to the last that needs it;
// then another tensor takes it over.
void Stream::plan() {
    const Network& network = *network_;
    const int operations = static_cast<int>(network.operations.size());
    const auto floats = [&](const Tensor& t, int rows) {
        return static_cast<size_t>(rows) * t.scale * t.scale * width_ * blocks_of(t.channels) *
               kLane;
    };
    const Tensor& input = network.tensors[0];
    input_ = Floats(floats(input, input.keep + band_));
    input_.zero();  // padded channels stay zero
    states_[0].rows = input_.data();
    std::vector<size_t> sizes;
    std::vector<int> free_after;
    for (int i = 1; i < static_cast<int>(network.tensors.size()); ++i) {
        const Tensor& t = network.tensors[i];
        const bool in_tail = t.first >= network.tail;
        // What the tail needs lives as long as the tail: it runs several times.
        const int last = !in_tail && t.last >= network.tail ? operations : t.last;
        const int kept_rows = up_to(t.keep, t.scale) / t.scale;
        const size_t size = floats(t, kept_rows + (in_tail ? kSlice : band_));
        int best = -1;
        for (int s = 0; s < static_cast<int>(sizes.size()); ++s)
            if (free_after[s] < t.first && (best < 0 || sizes[s] > sizes[best])) best = s;
        if (best < 0) {
            best = static_cast<int>(sizes.size());
            sizes.push_back(0);
            free_after.push_back(0);
        }
        sizes[best] = std::max(sizes[best], size);
        free_after[best] = last;
        states_[i].slot = best;
        states_[i].kept = Floats(floats(t, kept_rows));
    }
    for (const size_t size : sizes) slots_.emplace_back(size, Pages::huge);
}

int Stream::clipped(const Tensor& tensor, int row) const {
    return std::clamp(row, 0, height_of(tensor));
}

int Stream::lag(const Network& network) {
    const Tensor& last = network.tensors.at(network.output.tensor);
    const int behind = (last.lag + last.scale - 1) / last.scale;
    return (behind + kBand) * network.fold;
}

int Stream::room() const {
    return (std::min(height_, done_ + band_) - taken_) * network_->fold;
}

void Stream::push(const float* pixels, int rows) {
    const Network& network = *network_;
    if (rows < 0 || rows > room() || rows % network.fold != 0)
        throw std::invalid_argument("rows that the stream has no room for");
    const int fold = network.fold, channels = network.input_channels;
    const ptrdiff_t step = blocks_of(network.tensors[0].channels) * kLane;
    for (int y = 0; y < rows; ++y) {
        float* row = input_.data() + (taken_ + y / fold - states_[0].first_row) * step * width_;
        for (int x = 0; x < width_ * fold; ++x)
            for (int c = 0; c < channels; ++c)
                row[x / fold * step + (c * fold + y % fold) * fold + x % fold] = *pixels++;
    }
    taken_ += rows / fold;
}

int Stream::due(int announced) const {
    if (announced / network_->fold < done_ + band_) return -1;
    if (taken_ < std::min(height_, done_ + band_)) return -1;
    const Tensor& last = network_->tensors[network_->output.tensor];
    const int from = clipped(last, scaled_stop(last, done_));
    return (clipped(last, scaled_stop(last, done_ + band_)) - from) * network_->output.unfold;
}

Window Stream::window(int tensor, int n) const {
    const Tensor& t = network_->tensors[tensor];
    Window w;
    w.pixels = states_[tensor].rows;
    w.blocks = blocks_of(t.channels);
    w.first_row = states_[tensor].first_row;
    w.columns = w.right = width_ * t.scale;
    w.top = w.first_row;
    w.bottom = clipped(t, scaled_stop(t, n));
    return w;
}

// What earlier steps have left, at the head of the working memory.
void Stream::load(int tensor, int n) {
    const Tensor& t = network_->tensors[tensor];
    State& state = states_[tensor];
    const int stop = scaled_stop(t, n);
    const int top = clipped(t, stop - t.keep), bottom = clipped(t, stop);
    state.rows = slots_[state.slot].data();
    state.first_row = top;
    const size_t row = static_cast<size_t>(width_) * t.scale * blocks_of(t.channels) * kLane;
    pool_.run(bottom - top, [&](int y, int) {
        std::memcpy(state.rows + y * row, state.kept.data() + y * row, row * sizeof(float));
    });
}

void Stream::save(int tensor, int n) {
    const Tensor& t = network_->tensors[tensor];
    State& state = states_[tensor];
    const int stop = scaled_stop(t, n);
    const int top = clipped(t, stop - t.keep), bottom = clipped(t, stop);
    const size_t row = static_cast<size_t>(width_) * t.scale * blocks_of(t.channels) * kLane;
    const float* from = state.rows + (top - state.first_row) * row;
    if (tensor == 0) {  // the input's working memory is its own
        std::memmove(state.rows, from, (bottom - top) * row * sizeof(float));
        state.first_row = top;
        return;
    }
    pool_.run(bottom - top, [&](int y, int) {
        std::memcpy(state.kept.data() + y * row, from + y * row, row * sizeof(float));
    });
}

void Stream::step(float* output) {
    const Network& network = *network_;
    const int operations = static_cast<int>(network.operations.size());
    for (int i = 0; i < network.tail; ++i) {
        run(i, done_, band_);
        for (int t = 1; t < static_cast<int>(network.tensors.size()); ++t)
            if (network.tensors[t].last == i) save(t, done_ + band_);
    }
    if (network.tail == operations) {
        emit(done_, band_, output);
    } else {
        for (int n = done_; n < done_ + band_; n += kSlice) {
            for (int i = network.tail; i < operations; ++i) {
                run(i, n, kSlice);
                for (int t = 1; t < static_cast<int>(network.tensors.size()); ++t) {
                    const Tensor& tensor = network.tensors[t];
                    if (tensor.first >= network.tail && tensor.last == i) save(t, n + kSlice);
                }
            }
            emit(n, kSlice, output);
        }
    }
    // What the tail needed of the body, and the last tensor.
    for (int t = 1; t < static_cast<int>(network.tensors.size()); ++t) {
        const Tensor& tensor = network.tensors[t];
        if (tensor.first < network.tail && tensor.last >= network.tail) save(t, done_ + band_);
    }
    done_ += band_;
    save(0, done_);
}

// Rows of the result that become due when the input goes from n to n + rows.
void Stream::run(int index, int n, int rows) {
    const Operation& operation = network_->operations[index];
    load(operation.result, n);
    const Tensor& result = network_->tensors[operation.result];
    const int start = scaled_stop(result, n), stop = scaled_stop(result, n + rows);
    if (clipped(result, start) == clipped(result, stop)) return;
    if (operation.dense()) {
        run_dense(operation, n, rows);
        return;
    }
    Convolve job;
    job.kernels = &kernels_;
    job.convolution = &operation.convolutions[0];
    job.source = window(operation.source, n + rows);
    if (operation.doubled) {
        job.source.doubled = true;
        job.source.top *= 2;
        job.source.bottom *= 2;
        job.source.right *= 2;
    }
    job.spectra = {Spectrum{nullptr, job.source.blocks, 0}};
    job.result = window(operation.result, n + rows);
    job.result.top = clipped(result, start);
    for (const Term& term : operation.terms)
        job.addends.push_back({window(term.tensor, n + rows), term.factor});
    job.y = start;
    job.x = 0;
    job.tile_columns = (width_ * result.scale + 3) / 4;
    // Tiles above or below the image are left out.
    job.first_tile_row = std::max(0, -start) / 4;
    job.last_tile_row = (std::min(stop, height_of(result)) - start + 3) / 4;
    convolve(pool_, scratch_, job);
}

void Stream::emit(int n, int rows, float*& output) {
    const Network& network = *network_;
    const Output& out = network.output;
    const Tensor& t = network.tensors[out.tensor];
    const Window from = window(out.tensor, n + rows);
    const Window around = window(0, done_ + band_);
    const int top = clipped(t, scaled_stop(t, n)), bottom = clipped(t, scaled_stop(t, n + rows));
    const int unfold = out.unfold, columns = from.columns;
    float* const pixels = output;
    const ptrdiff_t row_step = static_cast<ptrdiff_t>(columns) * unfold * out.channels;
    pool_.run(bottom - top, [&](int index, int) {
        const int y = top + index;
        float* to = pixels + index * unfold * row_step;
        for (int i = 0; i < unfold; ++i)
            for (int x = 0; x < columns; ++x) {
                const float* pixel = from.row(y) + from.column(x);
                const float* base = out.around ? around.row(y) + around.column(x) : nullptr;
                for (int j = 0; j < unfold; ++j)
                    for (int c = 0; c < out.channels; ++c) {
                        const float value = pixel[(c * unfold + i) * unfold + j];
                        *to++ = base == nullptr ? value : value + base[c];
                    }
            }
    });
    output += (bottom - top) * unfold * row_step;
}

size_t Stream::bytes() const {
    size_t floats = input_.size();
    for (const State& state : states_) floats += state.kept.size();
    for (const auto* many : {&slots_, &spectra_, &between_})
        for (const Floats& each : *many) floats += each.size();
    for (const Scratch& s : scratch_)
        floats += s.spectrum.size() + s.products.size() + s.patch.size();
    return floats * sizeof(float);
}

}  // namespace restoration
