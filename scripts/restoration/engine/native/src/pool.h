// A few threads that share a list of jobs. Which thread does which job changes no result.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace restoration {

class Pool {
public:
    explicit Pool(int threads);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    int threads() const { return static_cast<int>(others_.size()) + 1; }

    // Calls job(index, thread) for each index below `count`; returns when all are done.
    void run(int count, const std::function<void(int, int)>& job);

private:
    void serve(int thread);
    void work(int thread);

    std::vector<std::thread> others_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::atomic<unsigned> round_{0};
    std::atomic<int> next_{0};
    std::atomic<int> busy_{0};
    std::atomic<bool> ending_{false};
    const std::function<void(int, int)>* job_ = nullptr;
    int count_ = 0;
};

}  // namespace restoration
