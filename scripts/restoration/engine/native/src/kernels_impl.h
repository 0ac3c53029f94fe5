// The inner loops in terms of vectors of LANES floats; each kernels_*.cpp includes this once.
//
// Vector extensions of GCC and Clang, no intrinsics: the same lines become AVX-512, AVX2, SSE2 or
// NEON by the flags of the file that includes them. No standard header is included: an inline
// function of one, compiled here with AVX, could be the copy that the linker keeps for all.
//
// Every result is summed in one fixed order, whatever tile of whatever block it is.

#include "kernels.h"

namespace restoration {
namespace {

typedef float Vector __attribute__((vector_size(LANES * 4), may_alias));

constexpr int kParts = kLane / LANES;

inline Vector load(const float* from) { return *reinterpret_cast<const Vector*>(from); }
inline void store(float* to, Vector value) { *reinterpret_cast<Vector*>(to) = value; }

constexpr float kSqrtHalf = 0.70710678118654752f;
constexpr float kSqrtTwo = 1.41421356237309505f;

// B^T d: six samples to six frequencies.
inline void to_frequencies(const Vector d[6], Vector v[6]) {
    const Vector even_a = d[4] - 2.0f * d[2], odd_a = d[3] - 2.0f * d[1];
    const Vector even_b = d[4] - 0.5f * d[2], odd_b = d[3] - 0.5f * d[1];
    v[0] = d[0] + (d[4] - 2.5f * d[2]);
    v[1] = even_a + kSqrtHalf * odd_a;
    v[2] = even_a - kSqrtHalf * odd_a;
    v[3] = even_b + kSqrtTwo * odd_b;
    v[4] = even_b - kSqrtTwo * odd_b;
    v[5] = d[1] + (d[5] - 2.5f * d[3]);
}

// A^T m: six frequencies to four results.
inline void from_frequencies(const Vector m[6], Vector y[4]) {
    const Vector sum_a = m[1] + m[2], difference_a = m[1] - m[2];
    const Vector sum_b = m[3] + m[4], difference_b = m[3] - m[4];
    y[0] = m[0] + (sum_a + sum_b);
    y[1] = kSqrtHalf * difference_a + kSqrtTwo * difference_b;
    y[2] = 0.5f * sum_a + 2.0f * sum_b;
    y[3] = m[5] + (0.5f * kSqrtHalf * difference_a + 2.0f * kSqrtTwo * difference_b);
}

void transform_input(const float* const* rows, const ptrdiff_t* columns, int blocks,
                     float* frequencies, ptrdiff_t per_frequency) {
    for (int part = 0; part < blocks * kParts; ++part) {
        const ptrdiff_t channel = part * LANES;
        float* out = frequencies + (part / kParts) * kPanel + (part % kParts) * LANES;
        Vector half[6][6];
#pragma GCC unroll 6
        for (int j = 0; j < 6; ++j) {
            Vector d[6], v[6];
#pragma GCC unroll 6
            for (int i = 0; i < 6; ++i) d[i] = load(rows[i] + columns[j] + channel);
            to_frequencies(d, v);
#pragma GCC unroll 6
            for (int i = 0; i < 6; ++i) half[i][j] = v[i];
        }
#pragma GCC unroll 6
        for (int i = 0; i < 6; ++i) {
            Vector v[6];
            to_frequencies(half[i], v);
#pragma GCC unroll 6
            for (int j = 0; j < 6; ++j) {
                store(out + (i * 6 + j) * per_frequency, v[j]);
                // The next tile's place: 36 places far apart are more than the processor foresees.
                __builtin_prefetch(out + (i * 6 + j) * per_frequency + kLane, 1);
            }
        }
    }
}

// TILES x (COLUMNS * LANES) results in registers, summed over all channels.
template <int TILES, int COLUMNS>
void product(const Segment* segments, int segment_count, const float* weights,
             ptrdiff_t weights_row, int tile, float* products, ptrdiff_t per_out_block,
             int first_lane) {
    Vector sum[TILES][COLUMNS];
#pragma GCC unroll 12
    for (int t = 0; t < TILES; ++t)
#pragma GCC unroll 4
        for (int n = 0; n < COLUMNS; ++n) sum[t][n] = Vector{};
    for (int s = 0; s < segment_count; ++s) {
        const float* samples = segments[s].samples + tile * kLane;
        for (int b = 0; b < segments[s].blocks; ++b, samples += kPanel) {
#pragma GCC unroll 4
            for (int c = 0; c < kLane; ++c, weights += weights_row) {
                Vector w[COLUMNS];
#pragma GCC unroll 4
                for (int n = 0; n < COLUMNS; ++n) w[n] = load(weights + n * LANES);
#pragma GCC unroll 12
                for (int t = 0; t < TILES; ++t) {
                    const float sample = samples[t * kLane + c];
#pragma GCC unroll 4
                    for (int n = 0; n < COLUMNS; ++n) sum[t][n] += sample * w[n];
                }
            }
        }
    }
#pragma GCC unroll 12
    for (int t = 0; t < TILES; ++t)
#pragma GCC unroll 4
        for (int n = 0; n < COLUMNS; ++n) {
            const int lane = first_lane + n * LANES;
            store(products + (lane / kLane) * per_out_block + (tile + t) * kLane + lane % kLane,
                  sum[t][n]);
        }
}

template <int TILES, int COLUMNS>
void product_of(int tiles, const Segment* segments, int segment_count, const float* weights,
                ptrdiff_t weights_row, int tile, float* products, int first_lane) {
    if constexpr (TILES > 1) {
        if (tiles < TILES) {
            product_of<TILES - 1, COLUMNS>(tiles, segments, segment_count, weights, weights_row,
                                           tile, products, first_lane);
            return;
        }
    }
    product<TILES, COLUMNS>(segments, segment_count, weights, weights_row, tile, products, kPanel,
                            first_lane);
}

void multiply(const Segment* segments, int segment_count, const float* weights, float* products,
              int tiles, int out_blocks) {
    ptrdiff_t channels = 0;
    for (int s = 0; s < segment_count; ++s) channels += segments[s].blocks * kLane;
    for (int block = 0; block < out_blocks; block += 2) {
        const int width = out_blocks - block >= 2 ? 2 * kLane : kLane;
        float* out = products + block * kPanel;
        int lane = 0;
        for (; lane + COLUMNS_AT_ONCE * LANES <= width; lane += COLUMNS_AT_ONCE * LANES)
            for (int tile = 0; tile < tiles; tile += TILES_AT_ONCE)
                product_of<TILES_AT_ONCE, COLUMNS_AT_ONCE>(tiles - tile, segments, segment_count,
                                                           weights + lane, width, tile, out, lane);
        for (; lane < width; lane += LANES)
            for (int tile = 0; tile < tiles; tile += TILES_AT_ONCE)
                product_of<TILES_AT_ONCE, 1>(tiles - tile, segments, segment_count, weights + lane,
                                             width, tile, out, lane);
        weights += channels * width;
    }
}

void transform_output(const float* products, ptrdiff_t per_frequency, int out_blocks,
                      const float* bias, const float* slope, const Target* target) {
    for (int part = 0; part < out_blocks * kParts; ++part) {
        const ptrdiff_t channel = part * LANES;
        const float* in = products + (part / kParts) * kPanel + (part % kParts) * LANES;
        const Vector offset = load(bias + channel), gain = load(slope + channel);
        Vector half[4][6];
#pragma GCC unroll 6
        for (int j = 0; j < 6; ++j) {
            Vector m[6], y[4];
#pragma GCC unroll 6
            for (int i = 0; i < 6; ++i) m[i] = load(in + (i * 6 + j) * per_frequency);
            from_frequencies(m, y);
#pragma GCC unroll 4
            for (int i = 0; i < 4; ++i) half[i][j] = y[i];
        }
        for (int i = target->top; i < target->bottom; ++i) {
            Vector y[4];
            from_frequencies(half[i], y);
            float* out = target->pixels + i * target->row + channel;
#pragma GCC unroll 4
            for (int j = 0; j < 4; ++j) {
                if (j >= target->right) break;
                Vector value = y[j] + offset;
                // Not maximum and minimum, which lose NaN on some processors.
                value = value > 0.0f ? value : gain * value;
                for (int k = 0; k < target->residual_count; ++k) {
                    const Residual& r = target->residuals[k];
                    value += r.factor * load(r.pixels + i * r.row + j * r.column + channel);
                }
                store(out + j * target->column, value);
            }
        }
    }
}

}  // namespace
}  // namespace restoration
