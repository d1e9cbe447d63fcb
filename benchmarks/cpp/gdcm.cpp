// GDCM's library. Its values are bytes; StringFilter makes text of the few that are asked for by tag.
#include "bench.hpp"
#include <gdcmJSON.h>
#include <gdcmReader.h>
#include <gdcmSequenceOfItems.h>
#include <gdcmStringFilter.h>
#include <gdcmTrace.h>
#include <gdcmWriter.h>
#include <stdexcept>

namespace {

void read(gdcm::Reader & reader, std::string const & path) {
    reader.SetFileName(path.c_str());
    // "Up to" includes the tag itself: without skipping it GDCM would load the pixels.
    gdcm::Tag const pixels(bench::pixel_data);
    if (!reader.ReadUpToTag(pixels, {pixels})) throw std::runtime_error("cannot read");
}

long open(bench::Request const & request) {
    gdcm::Reader reader;
    read(reader, request.path);
    return 1;
}

long tags(bench::Request const & request) {
    gdcm::Reader reader;
    read(reader, request.path);
    gdcm::StringFilter filter;
    filter.SetFile(reader.GetFile());
    auto const & set = reader.GetFile().GetDataSet();
    long found = 0;
    for (auto tag : request.tags)
        if (set.FindDataElement(gdcm::Tag(tag))) {
            volatile auto size = filter.ToString(gdcm::Tag(tag)).size();
            (void)size;
            ++found;
        }
    return found;
}

long touch(gdcm::DataSet const & set, unsigned char & sum) {
    long count = 0;
    for (auto const & element : set.GetDES()) {
        if (element.GetTag() == gdcm::Tag(bench::pixel_data)) continue;
        ++count;
        if (element.GetVR() == gdcm::VR::SQ) {
            auto const items = element.GetValueAsSQ();
            for (gdcm::SequenceOfItems::SizeType n = 1; items && n <= items->GetNumberOfItems(); ++n)
                count += touch(items->GetItem(n).GetNestedDataSet(), sum);
        } else if (auto const * bytes = element.GetByteValue()) {
            if (bytes->GetLength()) sum += static_cast<unsigned char>(*bytes->GetPointer());
        }
    }
    return count;
}

long touched(bench::Request const & request) {
    gdcm::Reader reader;
    read(reader, request.path);
    unsigned char sum = 0;
    long const count = touch(reader.GetFile().GetDataSet(), sum);
    volatile auto keep = sum;
    (void)keep;
    return count;
}

long json(bench::Request const & request) {
    gdcm::Reader reader;
    read(reader, request.path);
    std::ostringstream out;
    gdcm::JSON coder;
    if (!coder.Code(reader.GetFile().GetDataSet(), out)) throw std::runtime_error("no JSON in this build");
    return out.str().size() > 0;
}

long rewrite(bench::Request const & request) {
    gdcm::Reader reader;
    reader.SetFileName(request.path.c_str());
    if (!reader.Read()) throw std::runtime_error("cannot read");
    gdcm::DataElement patient(gdcm::Tag(0x0010, 0x0020), 0, gdcm::VR::LO);
    patient.SetByteValue("CHANGED-42", 10);
    reader.GetFile().GetDataSet().Replace(patient);
    gdcm::Writer writer;
    writer.SetFile(reader.GetFile());
    writer.SetFileName((request.path + ".gdcm").c_str());
    if (!writer.Write()) throw std::runtime_error("cannot write");
    return 1;
}

long whole(bench::Request const & request) {
    gdcm::Reader reader;
    reader.SetFileName(request.path.c_str());
    if (!reader.Read()) throw std::runtime_error("cannot read");
    return 1;
}

}  // namespace

int main() {
    gdcm::Trace::WarningOff();
    gdcm::Trace::ErrorOff();
    return bench::serve({{"tags", tags}, {"touch", touched}, {"json", json}, {"rewrite", rewrite},
                         {"index", bench::over_list(tags)}, {"open", open}, {"whole", whole}});
}
