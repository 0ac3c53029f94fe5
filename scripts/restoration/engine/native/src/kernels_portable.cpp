// Any processor: vectors of four, which the compiler turns into SSE2, NEON or plain arithmetic.
#define LANES 4
#define TILES_AT_ONCE 6
#define COLUMNS_AT_ONCE 2
#include "kernels_impl.h"

namespace restoration {
const Kernels* kernels_portable() {
    static const Kernels kernels = {"portable", transform_input, multiply, transform_output};
    return &kernels;
}
}  // namespace restoration
