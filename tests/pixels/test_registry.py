"""Every transfer syntax of the registry that has pixels: one frame decodes, and encodes where that is said."""

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import imagecodecs
import numpy as np
import pytest

from filmless import Dataset, _core, pixels
from filmless.errors import CodecError, UnsupportedError
from filmless.file import encode, read
from filmless.pixels.codecs import EncodeOptions, codec_of
from filmless.pixels.description import PixelDescription

_ROWS = [row for row in _core.transfer_syntaxes() if row["codec"] != "unsupported"]
_WITHOUT = [row for row in _core.transfer_syntaxes() if row["codec"] == "unsupported"]
_HIERARCHICAL = [row for row in _ROWS if "Hierarchical" in row["keyword"].replace("NonHierarchical", "")]
_SHAPE = (24, 40)

# What the issue wants written; the others are retired, or made by encoders of video.
_WRITTEN = {
    "ImplicitVRLittleEndian", "ExplicitVRLittleEndian", "EncapsulatedUncompressedExplicitVRLittleEndian",
    "DeflatedExplicitVRLittleEndian", "ExplicitVRBigEndian", "RLELossless", "DeflatedImageFrameCompression",
    "JPEGBaseline8Bit",
    "JPEGExtended12Bit", "JPEGLossless", "JPEGLosslessSV1", "JPEGLSLossless", "JPEGLSNearLossless", "JPEG2000Lossless",
    "JPEG2000", "HTJ2KLossless", "HTJ2KLosslessRPCL", "HTJ2K", "JPEGXLLossless", "JPEGXLJPEGRecompression", "JPEGXL",
}  # fmt: skip


def _ramp(bits):
    y, x = np.mgrid[: _SHAPE[0], : _SHAPE[1]]
    return ((x + 2 * y) * ((1 << bits) - 1) // 90).clip(0, (1 << bits) - 1).astype(np.uint8 if bits <= 8 else np.uint16)


def _data_set(image, uid, bits, value, **more):
    deep = {"BitsAllocated": 8 if bits <= 8 else 16, "BitsStored": bits}
    attributes = {"Rows": _SHAPE[0], "Columns": _SHAPE[1]} | deep | more
    return image(value, syntax=uid, vr="OB" if bits <= 8 else "OW", **attributes)


def _stream(make_jpeg, row, samples, bits):
    """Make a stream of a transfer syntax by other means than the codecs' own where there are some."""
    keyword, family = row["keyword"], row["codec"]
    if family == "jpeg":
        spectral = "SpectralSelection" in keyword
        if spectral or "FullProgression" in keyword:
            return make_jpeg.progressive(samples, successive=not spectral)
        return bytes(imagecodecs.jpeg8_encode(samples, 100, colorspace="GRAYSCALE", bitspersample=bits))
    if family == "jpeg-lossless":
        return make_jpeg.lossless(samples, bits, predictor=1 if keyword == "JPEGLosslessSV1" else 4)
    if family == "jpeg-2000":
        return bytes(imagecodecs.jpeg2k_encode(samples, 0, codecformat="j2k", reversible=True, bitspersample=bits))
    target = codec_of("HTJ2KLossless" if family == "htj2k" else row["uid"])
    description = _description(row["uid"] if family != "htj2k" else "1.2.840.10008.1.2.4.201", bits)
    return target.encode_frame(samples, description, 0, EncodeOptions()).data


def _description(uid, bits, *, samples=1, signed=False, allocated=None):
    ds = Dataset()
    ds.Rows, ds.Columns = _SHAPE
    ds.BitsAllocated = allocated or (8 if bits <= 8 else 16 if bits <= 16 else 32)
    ds.BitsStored, ds.SamplesPerPixel, ds.PixelRepresentation = bits, samples, int(signed)
    ds.PhotometricInterpretation = "RGB" if samples == 3 else "MONOCHROME2"
    ds.file_meta.TransferSyntaxUID = uid
    return PixelDescription.of(ds)


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: row["keyword"])
def test_a_frame_decodes(row, image, encapsulate, make_jpeg):
    if row["codec"] == "video":
        return _test_video(row, image, encapsulate)
    least, most = row["bits"]
    bits = 8 if least <= 8 <= most and not row["big_endian_pixels"] else most if most < 16 else 12
    samples = _ramp(bits)
    if row["big_endian_pixels"] and not row["big_endian"]:  # which nobody writes
        ds = read(encode(_data_set(image, row["uid"], bits, samples.byteswap().tobytes())))
    elif not row["encapsulated"]:
        ds = read(encode(_data_set(image, "1.2.840.10008.1.2.1", bits, samples.tobytes()), transfer_syntax=row["uid"]))
    else:
        ds = _data_set(image, row["uid"], bits, encapsulate(_stream(make_jpeg, row, samples, bits)))
    samples = _ramp(bits)
    decoded = pixels.decode(ds)
    if row["codec"] == "jpeg" or row["keyword"] == "JPEGXLJPEGRecompression" or row["lossy"]:
        assert np.abs(decoded.astype(int) - samples).max() <= 6
    elif row["lossless"]:
        np.testing.assert_array_equal(decoded, samples)
    else:
        assert np.abs(decoded.astype(int) - samples).max() <= 10
    return None


def _test_video(row, image, encapsulate):
    """The streams themselves are tested in test_codec_video.py; here that each row comes to FFmpeg."""
    name = "mpeg2video" if "MPEG2" in row["keyword"] else "libx265" if "HEVC" in row["keyword"] else "libx264"
    deep = row["bits"] == (10, 10)
    target = io.BytesIO()
    form = {"mpeg2video": "mpeg2video", "libx265": "hevc", "libx264": "h264"}[name]
    with av.open(target, "w", format=form) as container:
        options = {"x265-params": "log-level=none"} if name == "libx265" else {}
        stream = container.add_stream(name, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p10le" if deep else "yuv420p"
        for number in range(3):
            picture = np.full((64, 64, 3), 60 * (number + 1), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    attributes = {"Rows": 64, "Columns": 64, "NumberOfFrames": 3, "SamplesPerPixel": 3, "PlanarConfiguration": 0}
    attributes |= {"PhotometricInterpretation": "YBR_PARTIAL_420"}
    attributes |= {"BitsAllocated": 16, "BitsStored": 10, "HighBit": 9} if deep else {}
    decoded = pixels.decode(image(encapsulate(target.getvalue()), syntax=row["uid"], **attributes))
    assert np.abs((decoded >> 2 * deep).mean(axis=(1, 2, 3)) - [60, 120, 180]).max() < 4


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: row["keyword"])
def test_a_frame_encodes_where_it_is_said(row):
    codec = codec_of(row["uid"])
    assert (codec.encodes is not None) == (row["keyword"] in _WRITTEN)
    assert (codec.encodes is None) == (codec.encode_frame is None)
    if codec.encodes is None:
        return
    (least, most), allowed, signed = codec.encodes
    assert row["bits"][0] <= least <= most <= row["bits"][1]
    for bits in {least, max(8, least), min(most, 12), min(most, 16)}:
        for samples in allowed:
            for is_signed in {False, signed}:
                description = _description(row["uid"], bits, samples=samples, signed=is_signed)
                values = _ramp(bits).astype(np.int64) - (1 << bits - 1) * is_signed
                values = np.repeat(values[..., None], 3, axis=2) if samples == 3 else values
                values = values.astype(description.dtype)
                encoded = codec.encode_frame(values, description, 0, EncodeOptions())
                back = replace(description, photometric_interpretation=encoded.photometric_interpretation)
                decoded = codec.decode_frame(encoded.data, back, 0)
                assert decoded.samples.dtype == description.dtype
                assert decoded.findings == () or row["codec"] == "htj2k"  # which takes whole bytes
                if row["lossless"]:
                    np.testing.assert_array_equal(decoded.samples, values)
                elif samples == 1:
                    assert np.abs(decoded.samples.astype(int) - values).max() <= max(2, (1 << bits) // 12)


@pytest.mark.parametrize("row", _WITHOUT, ids=lambda row: row["keyword"])
def test_what_has_no_pixels_says_so(row):
    with pytest.raises(UnsupportedError):
        codec_of(row["uid"])


@pytest.mark.parametrize("row", _HIERARCHICAL, ids=lambda row: row["keyword"])
def test_hierarchical_streams_are_not_supported(row, image, encapsulate):
    """A picture of half the size, and another frame: no library decodes that."""
    samples = _ramp(8)
    stream = bytes(imagecodecs.jpeg8_encode(samples, 90, colorspace="GRAYSCALE"))
    at = stream.index(b"\xff\xc0")
    hierarchical = b"\xff\xd8\xff\xde" + stream[at + 2 : at + 2 + 11] + stream[2:-2] + stream[at:]
    with pytest.raises(UnsupportedError, match="hierarchical"):
        pixels.decode(_data_set(image, row["uid"], 8, encapsulate(hierarchical)))
    with pytest.raises(CodecError, match="second frame header"):
        pixels.decode(_data_set(image, "1.2.840.10008.1.2.4.50", 8, encapsulate(hierarchical)))


@pytest.mark.parametrize("row", [row for row in _ROWS if row["keyword"] in _WRITTEN], ids=lambda row: row["keyword"])
def test_options_of_others_are_refused(row):
    known = {"JPEGBaseline8Bit": {"quality"}, "JPEGExtended12Bit": {"quality"}, "JPEGXLJPEGRecompression": {"quality"},
             "JPEGXL": {"quality"}, "HTJ2K": {"quality"}, "JPEG2000": {"quality", "ratio"},
             "JPEGLSNearLossless": {"max_error"}}  # fmt: skip
    bits = max(8, codec_of(row["uid"]).encodes.bits[0])
    description = _description(row["uid"], bits)
    for name, value in {"quality": 50, "ratio": 4, "max_error": 1}.items():
        encode_frame = codec_of(row["uid"]).encode_frame
        if name in known.get(row["keyword"], ()):
            assert encode_frame(_ramp(bits), description, 0, EncodeOptions(**{name: value})).data
        else:
            with pytest.raises(ValueError, match=f"`{name}` means nothing"):
                encode_frame(_ramp(bits), description, 0, EncodeOptions(**{name: value}))


@pytest.mark.parametrize("given", [{"quality": 0}, {"quality": 101}, {"max_error": -1}, {"ratio": 0.5}])
def test_options_that_mean_nothing(given):
    with pytest.raises(ValueError, match=next(iter(given))):
        EncodeOptions(**given)


def test_the_table_in_the_documentation_is_current():
    tool = Path(__file__).parents[2] / "tools" / "generate_codec_table.py"
    subprocess.run([sys.executable, tool, "--check"], check=True)
