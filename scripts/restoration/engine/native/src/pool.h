// A few threads that share a list of jobs. Which thread does which job changes no result.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace restoration {

class Pool {
public:
    using Job = std::function<void(int, int)>;

    explicit Pool(int threads);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    int threads() const { return static_cast<int>(others_.size()) + 1; }

    // Calls job(index, thread) for each index below `count`; returns when all are done. Each thread
    // begins with a share of its own, the same for the same count: what it wrote last time lies in
    // its cache. Then it helps the others, so that a thread that the system has put to sleep
    // between two jobs holds nobody up.
    void run(int count, const Job& job);

private:
    // The round, the share's end and the next index, in one word: a thread that comes late can
    // never take a job of another round.
    struct alignas(64) Share {
        std::atomic<uint64_t> state{0};
    };
    void serve(int thread);
    void work(int thread, uint32_t round);
    static int take(Share& share, uint32_t round);

    std::vector<Share> shares_;
    std::atomic<uint32_t> round_{0};
    std::atomic<int> remaining_{0};
    std::atomic<bool> ending_{false};
    const Job* job_ = nullptr;
    std::mutex mutex_;
    std::condition_variable wake_, done_;
    std::vector<std::thread> others_;
};

}  // namespace restoration
