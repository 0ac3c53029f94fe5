#include "network.h"

#include <algorithm>
#include <string>

namespace restoration {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw std::invalid_argument(why); }

}  // namespace

Network::Network(int channels, int fold_) : input_channels(channels), fold(fold_) {
    tensors.push_back({channels * fold * fold, 1, 0});
}

int Network::convolve(int source, bool doubled, Convolution convolution, int results,
                      std::vector<Term> terms) {
    const Tensor& from = tensors.at(source);
    if (convolution.in_blocks != blocks_of(from.channels)) refuse("a convolution's channels");
    const int factor = doubled ? 2 : 1;
    Operation operation{source, -1, doubled, {}, {from.channels}, std::move(terms)};
    operation.convolutions.push_back(std::move(convolution));
    return add(std::move(operation), results, factor * from.scale, factor * from.lag + 1);
}

int Network::dense(int source, std::vector<Convolution> convolutions, std::vector<int> groups,
                   int results, std::vector<Term> terms) {
    const Tensor& from = tensors.at(source);
    const int count = static_cast<int>(convolutions.size());
    // What the last convolution needs of the first reaches one tile beyond the result's, not two.
    if (count < 2 || count > 5) refuse("a dense block has two to five convolutions");
    if (static_cast<int>(groups.size()) != count || groups[0] != from.channels)
        refuse("a dense block's channels");
    Operation operation{source, -1, false, std::move(convolutions), std::move(groups),
                        std::move(terms)};
    return add(std::move(operation), results, from.scale, from.lag + count);
}

int Network::add(Operation operation, int results, int scale, int lag) {
    if (operation.terms.size() > 4) refuse("more than four terms are added to a result");
    for (const Term& term : operation.terms) {
        const Tensor& added = tensors.at(term.tensor);
        if (added.scale != scale || blocks_of(added.channels) != blocks_of(results))
            refuse("what is added to a result has another shape");
        lag = std::max(lag, added.lag);
    }
    const int index = static_cast<int>(operations.size());
    operation.result = static_cast<int>(tensors.size());
    const Tensor& from = tensors[operation.source];
    // The next step's first result row is scale * n - lag; the rows that it needs of others
    // are kept.
    const int reach = operation.dense() ? static_cast<int>(operation.convolutions.size()) : 1;
    const int keep = operation.doubled ? (lag + 2) / 2 - from.lag : lag + reach - from.lag;
    tensors[operation.source].last = index;
    needed(operation.source, keep);
    for (const Term& term : operation.terms) {
        needed(term.tensor, lag - tensors[term.tensor].lag);
        tensors[term.tensor].last = index;
    }
    tensors.push_back({results, scale, lag, 0, index, index});
    operations.push_back(std::move(operation));
    return operations.back().result;
}

void Network::needed(int tensor, int keep) {
    tensors[tensor].keep = std::max(tensors[tensor].keep, keep);
}

void Network::begin_tail() { tail = static_cast<int>(operations.size()); }

void Network::finish(int tensor, int channels, int unfold, bool around) {
    const Tensor& last = tensors.at(tensor);
    if (operations.empty()) refuse("a network without operations");
    if (last.channels != channels * unfold * unfold) refuse("the output's channels");
    if (around && (fold != 1 || last.scale != 1 || input_channels < channels))
        refuse("the input cannot be added to this output");
    if (tail < 0) tail = static_cast<int>(operations.size());
    output = {tensor, channels, unfold, around};
    if (around) needed(0, last.lag);
    tensors[tensor].last = static_cast<int>(operations.size());
}

}  // namespace restoration
