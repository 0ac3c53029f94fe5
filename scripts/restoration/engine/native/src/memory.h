// Memory that is taken once and kept: page faults are half of the time of a network that gives
// every layer's activations back to the system.
#pragma once

#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace restoration {

enum class Pages { usual, huge };

// Uninitialised floats on a cache line's border; in huge pages, where the system has them and it
// is asked for, which rounds them up to 2 MiB.
class Floats {
public:
    Floats() = default;
    explicit Floats(size_t count, Pages pages = Pages::usual) : count_(count) {
        if (count == 0) return;
        const size_t huge = size_t{2} << 20, line = 64;
        const size_t border =
            pages == Pages::huge && count * sizeof(float) >= huge ? huge : line;
        const size_t bytes = (count * sizeof(float) + border - 1) / border * border;
        values_ = static_cast<float*>(std::aligned_alloc(border, bytes));
        if (values_ == nullptr) throw std::bad_alloc();
#if defined(__linux__) && defined(MADV_HUGEPAGE)
        if (border == huge) madvise(values_, bytes, MADV_HUGEPAGE);
#endif
    }
    Floats(Floats&& other) noexcept { swap(other); }
    Floats& operator=(Floats&& other) noexcept {
        swap(other);
        return *this;
    }
    Floats(const Floats&) = delete;
    Floats& operator=(const Floats&) = delete;
    ~Floats() { std::free(values_); }

    float* data() { return values_; }
    const float* data() const { return values_; }
    size_t size() const { return count_; }
    void zero() {
        if (count_ > 0) std::memset(values_, 0, count_ * sizeof(float));
    }

private:
    void swap(Floats& other) noexcept {
        std::swap(values_, other.values_);
        std::swap(count_, other.count_);
    }
    float* values_ = nullptr;
    size_t count_ = 0;
};

}  // namespace restoration
