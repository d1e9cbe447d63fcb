// DCMTK's library. It leaves values above 4 KiB (here: the pixel data) in the file until they are asked for.
#include "bench.hpp"
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmdata/dcjson.h>
#include <dcmtk/oflog/oflog.h>
#include <stdexcept>

namespace {

void check(OFCondition const & condition) {
    if (condition.bad()) throw std::runtime_error(condition.text());
}

void load(DcmFileFormat & file, std::string const & path) {
    check(file.loadFileUntilTag(path.c_str(), EXS_Unknown, EGL_noChange, DCM_MaxReadLength, ERM_autoDetect, DCM_PixelData));
}

long tags(bench::Request const & request) {
    DcmFileFormat file;
    load(file, request.path);
    long found = 0;
    OFString value;
    for (auto tag : request.tags)
        found += file.getDataset()->findAndGetOFStringArray(DcmTagKey(tag >> 16, tag & 0xFFFF), value).good();
    return found;
}

// Numbers as numbers, DS and IS converted, other text as a string.
void value_of(DcmElement & element) {
    Uint8 * bytes; Uint16 * us; Sint16 * ss; Uint32 * ul; Sint32 * sl; Float32 * fl; Float64 * fd;
    OFString text;
    switch (element.ident()) {
        case EVR_US: check(element.getUint16Array(us)); break;
        case EVR_SS: check(element.getSint16Array(ss)); break;
        case EVR_UL: check(element.getUint32Array(ul)); break;
        case EVR_SL: check(element.getSint32Array(sl)); break;
        case EVR_FL: check(element.getFloat32Array(fl)); break;
        case EVR_FD: check(element.getFloat64Array(fd)); break;
        case EVR_AT: check(element.getUint16Array(us)); break;
        case EVR_OB: case EVR_UN: check(element.getUint8Array(bytes)); break;
        case EVR_DS: {
            OFVector<Float64> numbers;
            check(static_cast<DcmDecimalString &>(element).getFloat64Vector(numbers));
            break;
        }
        case EVR_IS: {
            Sint32 number;
            for (unsigned long n = 0; n < element.getVM(); ++n) check(element.getSint32(number, n));
            break;
        }
        default: check(element.getOFStringArray(text));
    }
}

long touch(DcmItem & item) {
    long count = 0;
    for (DcmObject * object = nullptr; (object = item.nextInContainer(object));) {
        ++count;
        if (object->ident() == EVR_SQ) {
            auto & sequence = static_cast<DcmSequenceOfItems &>(*object);
            DcmObject * child = nullptr;
            while ((child = sequence.nextInContainer(child))) count += touch(static_cast<DcmItem &>(*child));
        } else {
            value_of(static_cast<DcmElement &>(*object));
        }
    }
    return count;
}

long touched(bench::Request const & request) {
    DcmFileFormat file;
    load(file, request.path);
    return touch(*file.getDataset());
}

long json(bench::Request const & request) {
    DcmFileFormat file;
    load(file, request.path);
    std::ostringstream out;
    DcmJsonFormatCompact format(OFFalse);
    check(file.getDataset()->writeJson(out, format));
    return out.str().size() > 0;
}

long rewrite(bench::Request const & request) {
    DcmFileFormat file;
    check(file.loadFile(request.path.c_str()));
    check(file.getDataset()->putAndInsertString(DCM_PatientID, "CHANGED-42"));
    check(file.saveFile((request.path + ".dcmtk").c_str(), EXS_LittleEndianExplicit));
    return 1;
}

long whole(bench::Request const & request) {
    DcmFileFormat file;
    check(file.loadFile(request.path.c_str()));
    return 1;
}

}  // namespace

int main() {
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);
    return bench::serve({{"tags", tags}, {"touch", touched}, {"json", json}, {"rewrite", rewrite},
                         {"index", bench::over_list(tags)}, {"open", whole}, {"whole", whole}});
}
