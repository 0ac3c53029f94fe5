// What Python sees: C functions, numbers and pointers. Errors are kept as text.

#include <cstring>
#include <exception>
#include <memory>
#include <string>

#include "stream.h"

#if defined(_WIN32)
#define EXPORTED extern "C" __declspec(dllexport)
#else
#define EXPORTED extern "C" __attribute__((visibility("default")))
#endif

namespace {

using namespace restoration;

struct NetworkHandle {
    std::shared_ptr<Network> network;
};

struct StreamHandle {
    std::unique_ptr<Stream> stream;
};

thread_local std::string failure;

// The result, or `otherwise` and the reason in `failure`.
template <typename Result, typename Work>
Result guarded(Result otherwise, const Work& work) {
    try {
        return work();
    } catch (const std::bad_alloc&) {
        failure = "out of memory";
    } catch (const std::exception& error) {
        failure = error.what();
    }
    return otherwise;
}

const Kernels* kernels_of(const char* name) {
    for (const Kernels* kernels : {kernels_avx512(), kernels_avx2(), kernels_portable()})
        if (kernels != nullptr && std::strcmp(kernels->name, name) == 0) return kernels;
    return nullptr;
}

std::vector<Term> terms_of(int count, const int* tensors, const float* factors) {
    std::vector<Term> terms;
    for (int i = 0; i < count; ++i) terms.push_back({tensors[i], factors[i]});
    return terms;
}

}  // namespace

EXPORTED const char* restoration_error() { return failure.c_str(); }

EXPORTED int restoration_has_kernels(const char* name) { return kernels_of(name) != nullptr; }

EXPORTED void* restoration_network(int channels, int fold) {
    return guarded<void*>(nullptr, [&] {
        return new NetworkHandle{std::make_shared<Network>(channels, fold)};
    });
}

EXPORTED void restoration_network_free(void* handle) {
    delete static_cast<NetworkHandle*>(handle);
}

EXPORTED int restoration_convolution(void* handle, int source, int doubled, int results,
                                     const float* weights, const float* bias, const float* slope,
                                     float factor, int term_count, const int* term_tensors,
                                     const float* term_factors) {
    return guarded(-1, [&] {
        Network& network = *static_cast<NetworkHandle*>(handle)->network;
        Convolution packed = pack(weights, bias, slope, results,
                                  {network.tensors.at(source).channels}, factor);
        return network.convolve(source, doubled != 0, std::move(packed), results,
                                terms_of(term_count, term_tensors, term_factors));
    });
}

// `results[k]` are those of convolution k; `factor` belongs to the last one.
EXPORTED int restoration_dense(void* handle, int source, int count, const int* results,
                               const float* const* weights, const float* const* bias,
                               const float* const* slope, float factor, int term_count,
                               const int* term_tensors, const float* term_factors) {
    return guarded(-1, [&] {
        Network& network = *static_cast<NetworkHandle*>(handle)->network;
        std::vector<int> groups{network.tensors.at(source).channels};
        std::vector<Convolution> convolutions;
        for (int k = 0; k < count; ++k) {
            const bool last = k == count - 1;
            convolutions.push_back(
                pack(weights[k], bias[k], slope[k], results[k], groups, last ? factor : 1.0f));
            if (!last) groups.push_back(results[k]);
        }
        return network.dense(source, std::move(convolutions), std::move(groups),
                             results[count - 1],
                             terms_of(term_count, term_tensors, term_factors));
    });
}

EXPORTED int restoration_begin_tail(void* handle) {
    return guarded(-1, [&] {
        static_cast<NetworkHandle*>(handle)->network->begin_tail();
        return 0;
    });
}

EXPORTED int restoration_finish(void* handle, int tensor, int channels, int unfold, int around) {
    return guarded(-1, [&] {
        static_cast<NetworkHandle*>(handle)->network->finish(tensor, channels, unfold, around != 0);
        return 0;
    });
}

EXPORTED void* restoration_stream(void* handle, const char* kernels, int height, int width,
                                  int threads) {
    return guarded<void*>(nullptr, [&]() -> void* {
        const Kernels* chosen = kernels_of(kernels);
        if (chosen == nullptr) throw std::invalid_argument("no such kernels on this processor");
        if (threads < 1) throw std::invalid_argument("at least one thread is needed");
        auto& network = static_cast<NetworkHandle*>(handle)->network;
        return new StreamHandle{
            std::make_unique<Stream>(network, *chosen, height, width, threads)};
    });
}

EXPORTED void restoration_stream_free(void* handle) { delete static_cast<StreamHandle*>(handle); }

EXPORTED int restoration_lag(void* handle) {
    return guarded(-1, [&] {
        return Stream::lag(*static_cast<NetworkHandle*>(handle)->network);
    });
}

EXPORTED int restoration_stream_room(void* handle) {
    return static_cast<StreamHandle*>(handle)->stream->room();
}

EXPORTED size_t restoration_stream_bytes(void* handle) {
    return static_cast<StreamHandle*>(handle)->stream->bytes();
}

EXPORTED int restoration_stream_push(void* handle, const float* pixels, int rows) {
    return guarded(-1, [&] {
        static_cast<StreamHandle*>(handle)->stream->push(pixels, rows);
        return 0;
    });
}

EXPORTED int restoration_stream_due(void* handle, int announced) {
    return static_cast<StreamHandle*>(handle)->stream->due(announced);
}

EXPORTED int restoration_stream_step(void* handle, float* output) {
    return guarded(-1, [&] {
        static_cast<StreamHandle*>(handle)->stream->step(output);
        return 0;
    });
}
