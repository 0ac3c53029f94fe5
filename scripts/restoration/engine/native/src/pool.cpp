#include "pool.h"

#include <chrono>
#include <stdexcept>

namespace restoration {
namespace {

using Clock = std::chrono::steady_clock;

// The next list of jobs mostly comes within microseconds, and waking a thread takes longer than
// that; but a thread that waits too long takes the processor from others, or from its own fellows.
constexpr auto kPatience = std::chrono::microseconds(50);

constexpr int kBits = 20;  // of an index
constexpr uint64_t kMask = (uint64_t{1} << kBits) - 1;

inline uint64_t packed(uint32_t round, int end, int next) {
    return uint64_t{round} << (2 * kBits) | static_cast<uint64_t>(end) << kBits |
           static_cast<uint64_t>(next);
}

inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

template <typename Condition>
bool soon(const Condition& reached) {
    const auto until = Clock::now() + kPatience;
    do {
        for (int i = 0; i < 32; ++i) {
            if (reached()) return true;
            pause();
        }
    } while (Clock::now() < until);
    return reached();
}

}  // namespace

Pool::Pool(int threads) : shares_(threads) {
    for (int i = 1; i < threads; ++i) others_.emplace_back([this, i] { serve(i); });
}

Pool::~Pool() {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        ending_ = true;
        ++round_;
    }
    wake_.notify_all();
    for (std::thread& other : others_) other.join();
}

void Pool::run(int count, const Job& job) {
    if (count <= 0) return;
    if (others_.empty() || count == 1) {
        for (int i = 0; i < count; ++i) job(i, 0);
        return;
    }
    if (static_cast<uint64_t>(count) > kMask) throw std::length_error("more jobs than can be told");
    job_ = &job;
    remaining_ = count;
    // A round's number has as many bits as the word leaves.
    const uint32_t round = (round_ + 1) & ((uint32_t{1} << (64 - 2 * kBits)) - 1);
    const int shares = static_cast<int>(shares_.size());
    for (int i = 0; i < shares; ++i) {
        const auto edge = [&](int k) { return static_cast<int>(int64_t{count} * k / shares); };
        shares_[i].state.store(packed(round, edge(i + 1), edge(i)), std::memory_order_release);
    }
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        round_.store(round, std::memory_order_release);
    }
    wake_.notify_all();
    work(0, round);
    const auto done = [this] { return remaining_.load(std::memory_order_acquire) == 0; };
    if (!soon(done)) {
        std::unique_lock<std::mutex> lock(mutex_);
        done_.wait(lock, done);
    }
}

void Pool::serve(int thread) {
    uint32_t seen = 0;
    for (;;) {
        const auto called = [this, seen] { return round_.load(std::memory_order_acquire) != seen; };
        if (!soon(called)) {
            std::unique_lock<std::mutex> lock(mutex_);
            wake_.wait(lock, called);
        }
        seen = round_.load(std::memory_order_acquire);
        if (ending_) return;
        work(thread, seen);
    }
}

// The next index of a share, or -1.
int Pool::take(Share& share, uint32_t round) {
    uint64_t state = share.state.load(std::memory_order_acquire);
    for (;;) {
        const uint64_t next = state & kMask, end = state >> kBits & kMask;
        if (state >> (2 * kBits) != round || next >= end) return -1;
        if (share.state.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel))
            return static_cast<int>(next);
    }
}

void Pool::work(int thread, uint32_t round) {
    const int shares = static_cast<int>(shares_.size());
    for (int k = 0; k < shares; ++k) {
        Share& share = shares_[(thread + k) % shares];
        for (int index = take(share, round); index >= 0; index = take(share, round)) {
            (*job_)(index, thread);
            if (remaining_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
                // Under the lock: the caller may be about to wait.
                { const std::lock_guard<std::mutex> lock(mutex_); }
                done_.notify_one();
            }
        }
    }
}

}  // namespace restoration
