// odil's library. It decodes numbers (DS and IS too) while it reads; text stays text.
#include "bench.hpp"
#include <odil/DataSet.h>
#include <odil/Reader.h>
#include <odil/Writer.h>
#include <odil/json_converter.h>
#include <odil/registry.h>
#include <json/json.h>

namespace {

using Set = std::shared_ptr<odil::DataSet>;

std::pair<Set, Set> read(std::string const & path, bool pixels = false) {
    std::ifstream stream(path, std::ios::binary);
    if (!stream) throw std::runtime_error("cannot open");
    if (pixels) return odil::Reader::read_file(stream);
    return odil::Reader::read_file(stream, false, [](odil::Tag const & tag) { return tag == odil::registry::PixelData; });
}

long open(bench::Request const & request) {
    read(request.path);
    return 1;
}

long tags(bench::Request const & request) {
    auto const set = read(request.path).second;
    long found = 0;
    for (auto tag : request.tags) found += set->has(odil::Tag(tag >> 16, tag & 0xFFFF));
    return found;
}

long touch(odil::DataSet const & set) {
    long count = 0;
    for (auto const & pair : set) {
        ++count;
        if (pair.second.is_data_set())
            for (auto const & item : pair.second.as_data_set()) count += touch(*item);
        else {
            volatile auto size = pair.second.size();
            (void)size;
        }
    }
    return count;
}

long touched(bench::Request const & request) { return touch(*read(request.path).second); }

long json(bench::Request const & request) {
    Json::StreamWriterBuilder builder;
    builder["indentation"] = "";
    return Json::writeString(builder, odil::as_json(read(request.path).second)).size() > 0;
}

long rewrite(bench::Request const & request) {
    auto const file = read(request.path, true);
    file.second->as_string("PatientID") = {"CHANGED-42"};
    std::ofstream out(request.path + ".odil", std::ios::binary);
    // odil writes the meta information anew and refuses the one that was read.
    odil::Writer::write_file(file.second, out);
    return 1;
}

long whole(bench::Request const & request) {
    read(request.path, true);
    return 1;
}

}  // namespace

int main() {
    return bench::serve({{"tags", tags}, {"touch", touched}, {"json", json}, {"rewrite", rewrite},
                         {"index", bench::over_list(tags)}, {"open", open}, {"whole", whole}});
}
