// GDCM's pixels; it renders nothing.
#include "bench.hpp"
#include <gdcmImageReader.h>
#include <gdcmTrace.h>
#include <numeric>

namespace {

std::vector<char> decode(std::string const & path, bool & words) {
    gdcm::ImageReader reader;
    reader.SetFileName(path.c_str());
    if (!reader.Read()) throw std::runtime_error("cannot read");
    auto const & image = reader.GetImage();
    words = image.GetPixelFormat().GetBitsAllocated() == 16;
    std::vector<char> buffer(image.GetBufferLength());
    if (!image.GetBuffer(buffer.data())) throw std::runtime_error("cannot decode");
    return buffer;
}

long decoded(bench::Request const & request) {
    bool words = false;
    auto const buffer = decode(request.path, words);
    return static_cast<long>(buffer.size() / (words ? 2 : 1));
}

long sum(bench::Request const & request) {
    bool words = false;
    auto const buffer = decode(request.path, words);
    if (words) {
        auto const * samples = reinterpret_cast<std::uint16_t const *>(buffer.data());
        return std::accumulate(samples, samples + buffer.size() / 2, 0L);
    }
    auto const * samples = reinterpret_cast<std::uint8_t const *>(buffer.data());
    return std::accumulate(samples, samples + buffer.size(), 0L);
}

}  // namespace

int main() {
    gdcm::Trace::WarningOff();
    gdcm::Trace::ErrorOff();
    return bench::serve({{"decode", decoded}, {"sum", sum}});
}
