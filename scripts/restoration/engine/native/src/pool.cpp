#include "pool.h"

#include <chrono>

namespace restoration {
namespace {

using Clock = std::chrono::steady_clock;

// The next list of jobs mostly comes within microseconds; waking a thread takes longer than that.
constexpr auto kAlert = std::chrono::microseconds(200);

inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

template <typename Condition>
bool await(const Condition& reached, std::chrono::microseconds patience) {
    const auto until = Clock::now() + patience;
    do {
        for (int i = 0; i < 64; ++i) {
            if (reached()) return true;
            pause();
        }
    } while (Clock::now() < until);
    return reached();
}

}  // namespace

Pool::Pool(int threads) {
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

void Pool::run(int count, const std::function<void(int, int)>& job) {
    if (count <= 0) return;
    if (others_.empty() || count == 1) {
        for (int i = 0; i < count; ++i) job(i, 0);
        return;
    }
    job_ = &job;
    count_ = count;
    next_ = 0;
    busy_ = static_cast<int>(others_.size());
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        ++round_;
    }
    wake_.notify_all();
    work(0);
    const auto done = [this] { return busy_.load(std::memory_order_acquire) == 0; };
    while (!await(done, kAlert)) std::this_thread::yield();
}

void Pool::serve(int thread) {
    unsigned seen = 0;
    for (;;) {
        const auto called = [this, seen] { return round_.load(std::memory_order_acquire) != seen; };
        if (!await(called, kAlert)) {
            std::unique_lock<std::mutex> lock(mutex_);
            wake_.wait(lock, called);
        }
        seen = round_.load(std::memory_order_acquire);
        if (ending_) return;
        work(thread);
        busy_.fetch_sub(1, std::memory_order_release);
    }
}

void Pool::work(int thread) {
    for (int i = next_.fetch_add(1); i < count_; i = next_.fetch_add(1)) (*job_)(i, thread);
}

}  // namespace restoration
