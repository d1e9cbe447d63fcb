"""What users give beside the picture, with each kind of object; and coded streams of each transfer syntax."""

import io

import pydicom
import pytest
from pydicom.encaps import generate_frames

from filmless import pixels
from filmless.convert.content import Stream
from filmless.convert.header import HeaderRules, value_of_text
from filmless.file import encode

from .made import DOCUMENTS, jpeg, picture, video

_TIMED = {"frame_times_ms": (40.0, 40.0, 40.0)}
_KINDS = {
    "sc": (None, picture()),
    "frames": (None, picture(3)),
    "word": (None, picture(3, bits=16)),
    "xc": ("XC", jpeg()),
    "video": ("XC", video()),
    "us": ("US", jpeg()),
    "us-frames": ("US", jpeg(3, **_TIMED)),
    "dms": ("DMS", jpeg()),
    "map": (None, picture(bits=32, kind="f")),
    "pdf": (None, DOCUMENTS["PDF"]),
    "cda": (None, DOCUMENTS["CDA"]),
    "stl": (None, DOCUMENTS["STL"]),
}
_GIVEN = [
    {"PixelSpacing": ["0.5", "0.5"], "PixelSpacingCalibrationType": "FIDUCIAL", "WindowCenter": "5", "WindowWidth": "9"}
    | {"PixelSpacingCalibrationDescription": "a ruler", "PatientOrientation": ["L", "P"]},
    {"Laterality": "L", "BodyPartExamined": "HAND", "ConversionType": "SD"},
    {"ImageLaterality": "L", "AnatomicRegionSequence": value_of_text("AnatomicRegionSequence", "85562004^SCT^Hand")},
    {"BodyPartExamined": "HEAD", "BurnedInAnnotation": "NO", "AcquisitionDateTime": "20200101"},
    {"AnatomicRegionSequence": value_of_text("AnatomicRegionSequence", "69536005^SCT^Head")},
    {"FrameOfReferenceUID": "1.2.3", "ImageType": ["ORIGINAL", "PRIMARY"], "BodyPartExamined": "KNEE"},
]


@pytest.mark.parametrize("kind", _KINDS)
def test_dciodvfy_finds_no_error(kind, errors_of, tmp_path):
    modality, content = _KINDS[kind]
    paths = []
    for number, values in enumerate(_GIVEN):
        paths.append(tmp_path / f"{number}.dcm")
        HeaderRules(values=values | ({"Modality": modality} if modality else {})).data_set(content).save_as(paths[-1])
    found = errors_of(paths)
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "syntax", ["JPEG2000Lossless", "JPEG2000", "JPEGLSLossless", "JPEGLossless", "RLELossless", "JPEGBaseline8Bit"]
)
def test_streams_of_each_syntax(syntax, errors_of, tmp_path):
    """HTJ2K and JPEG XL are newer than Debian's dciodvfy."""
    paths = []
    for frames, samples in ((1, 1), (1, 3), (3, 1), (3, 3)):
        times = (40.0,) * frames if frames > 1 else ()
        content = picture(frames, samples=samples, frame_times_ms=times)
        coded = pydicom.dcmread(io.BytesIO(encode(pixels.transcode(HeaderRules().data_set(content), syntax))))
        content = picture(
            *(frames,),
            samples=samples,
            frame_times_ms=times,
            photometric_interpretation=coded.PhotometricInterpretation,
            stream=Stream(
                coded.file_meta.TransferSyntaxUID,
                tuple(generate_frames(coded.PixelData, number_of_frames=frames)),
                coded.get("LossyImageCompressionMethod"),
            ),
        )
        for modality in ("OT", "XC", "US"):
            paths.append(tmp_path / f"{modality}-{frames}-{samples}.dcm")
            ds = HeaderRules(values={"Modality": modality}).data_set(content)
            assert (ds.get("LossyImageCompression") == "01") is (content.stream.lossy_method is not None)
            ds.save_as(paths[-1])
            again = pydicom.dcmread(paths[-1])
            assert list(generate_frames(again.PixelData, number_of_frames=frames)) == list(content.stream.frames)
    assert {name: lines for name, lines in errors_of(paths).items() if lines} == {}
