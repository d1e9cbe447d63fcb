// The loop around one peer's tasks: a request a line on stdin, an answer a line on stdout.
//   request:  task <tab> repetitions <tab> path <tab> tags (hexadecimal, parted by commas)
//   answer:   seconds <tab> what the last repetition counted     or: error <tab> why <tab> seconds until then
// The clock runs around the repetitions only, so neither process start nor the pipe is measured.
#pragma once
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

constexpr std::uint32_t pixel_data = 0x7FE00010;

struct Request {
    std::string path;
    std::vector<std::uint32_t> tags;
};

using Task = std::function<long(Request const &)>;

inline std::vector<std::string> split(std::string const & text, char separator) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
    return parts;
}

// A task for one file becomes a task for a list of files, named by a file with a path a line.
inline Task over_list(Task const & one) {
    return [one](Request const & request) {
        std::ifstream list(request.path);
        long total = 0;
        Request each{"", request.tags};
        while (std::getline(list, each.path)) total += one(each);
        return total;
    };
}

// Seconds on the clock that is asked for: of the wall, or of this process alone.
inline double now() {
    static char const * const clock = std::getenv("FILMLESS_BENCHMARK_CLOCK");
    static bool const processor = clock && std::string(clock) == "processor";
    if (!processor) return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    std::timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

inline int serve(std::map<std::string, Task> const & tasks) {
    std::cout << "ready" << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        auto const fields = split(line, '\t');
        double start = now();
        auto const elapsed = [&start] { return now() - start; };
        try {
            Request request{fields.at(2), {}};
            if (fields.size() > 3)
                for (auto const & tag : split(fields[3], ',')) request.tags.push_back(std::stoul(tag, nullptr, 16));
            if (!tasks.count(fields.at(0))) throw std::runtime_error("not offered");
            auto const & task = tasks.at(fields.at(0));
            long const repetitions = std::stol(fields.at(1));
            long counted = 0;
            start = now();
            for (long n = 0; n < repetitions; ++n) counted = task(request);
            double const seconds = elapsed();
            std::cout << seconds << '\t' << counted << std::endl;
        } catch (std::exception const & error) {
            std::cout << "error\t" << error.what() << '\t' << elapsed() << std::endl;
        }
    }
    return 0;
}

}  // namespace bench
