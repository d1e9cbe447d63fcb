// DCMTK's pixels: decoded by its codecs, rendered by DicomImage.
#include "bench.hpp"
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmimgle/dcmimage.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpls/djdecode.h>
#include <dcmtk/oflog/oflog.h>
#include <memory>
#include <numeric>

namespace {

void check(OFCondition const & condition) {
    if (condition.bad()) throw std::runtime_error(condition.text());
}

struct Samples {
    DcmFileFormat file;
    Uint16 * words = nullptr;
    Uint8 * bytes = nullptr;
    unsigned long count = 0;
};

void decode(std::string const & path, Samples & samples) {
    check(samples.file.loadFile(path.c_str()));
    auto & set = *samples.file.getDataset();
    check(set.chooseRepresentation(EXS_LittleEndianExplicit, nullptr));
    Uint16 allocated = 0, rows = 0, columns = 0;
    check(set.findAndGetUint16(DCM_BitsAllocated, allocated));
    check(set.findAndGetUint16(DCM_Rows, rows));
    check(set.findAndGetUint16(DCM_Columns, columns));
    samples.count = static_cast<unsigned long>(rows) * columns;
    DcmElement * pixels = nullptr;
    check(set.findAndGetElement(DCM_PixelData, pixels));
    if (allocated == 16) {
        check(pixels->getUint16Array(samples.words));
    } else if (pixels->getVR() == EVR_OW) {
        // 8-bit samples that stay packed in words: the machine is little endian, so they are in order.
        check(pixels->getUint16Array(samples.words));
        samples.bytes = reinterpret_cast<Uint8 *>(samples.words);
        samples.words = nullptr;
    } else {
        check(pixels->getUint8Array(samples.bytes));
    }
}

long decoded(bench::Request const & request) {
    Samples samples;
    decode(request.path, samples);
    return static_cast<long>(samples.count);
}

long sum(bench::Request const & request) {
    Samples samples;
    decode(request.path, samples);
    if (samples.words) return std::accumulate(samples.words, samples.words + samples.count, 0L);
    return std::accumulate(samples.bytes, samples.bytes + samples.count, 0L);
}

// The image is loaded, decoded and rescaled once; what is timed is the window and the 8 bits.
DicomImage & image(std::string const & path) {
    static std::map<std::string, std::unique_ptr<DicomImage>> images;
    auto & image = images[path];
    if (!image) image = std::make_unique<DicomImage>(path.c_str(), CIF_UsePartialAccessToPixelData);
    if (image->getStatus() != EIS_Normal) throw std::runtime_error(DicomImage::getString(image->getStatus()));
    if (!image->setWindow(0)) throw std::runtime_error("no window");
    return *image;
}

Uint8 const * picture(DicomImage & image) {
    auto const * pixels = static_cast<Uint8 const *>(image.getOutputData(8));
    if (!pixels) throw std::runtime_error("no picture");
    return pixels;
}

long rendered(bench::Request const & request) {
    auto & loaded = image(request.path);
    picture(loaded);
    return static_cast<long>(loaded.getWidth() * loaded.getHeight());
}

long sum_rendered(bench::Request const & request) {
    auto & loaded = image(request.path);
    auto const * pixels = picture(loaded);
    return std::accumulate(pixels, pixels + loaded.getWidth() * loaded.getHeight(), 0L);
}

}  // namespace

int main() {
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);
    DcmRLEDecoderRegistration::registerCodecs();
    DJDecoderRegistration::registerCodecs();
    DJLSDecoderRegistration::registerCodecs();
    return bench::serve({{"decode", decoded}, {"sum", sum}, {"render", rendered}, {"sum rendered", sum_rendered}});
}
