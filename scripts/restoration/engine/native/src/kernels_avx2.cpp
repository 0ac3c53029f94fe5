// AVX2 and FMA: 6 x 16 results in 12 of 16 registers.
#if defined(__AVX2__) && defined(__FMA__)
#define LANES 8
#define TILES_AT_ONCE 6
#define COLUMNS_AT_ONCE 2
#include "kernels_impl.h"

namespace restoration {
const Kernels* kernels_avx2() {
    static const Kernels kernels = {"avx2", transform_input, multiply, transform_output};
    const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    return has ? &kernels : nullptr;
}
}  // namespace restoration

#else  // a processor or a compiler without them
#include "kernels.h"

namespace restoration {
const Kernels* kernels_avx2() { return nullptr; }
}  // namespace restoration
#endif
