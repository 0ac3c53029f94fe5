// AVX-512: 12 x 32 results in 24 of 32 registers.
#if defined(__AVX512F__)
#define LANES 16
#define TILES_AT_ONCE 12
#define COLUMNS_AT_ONCE 2
#include "kernels_impl.h"

namespace restoration {
const Kernels* kernels_avx512() {
    static const Kernels kernels = {"avx512", transform_input, multiply, transform_output};
    return __builtin_cpu_supports("avx512f") ? &kernels : nullptr;
}
}  // namespace restoration

#else  // a processor or a compiler without them
#include "kernels.h"

namespace restoration {
const Kernels* kernels_avx512() { return nullptr; }
}  // namespace restoration
#endif
