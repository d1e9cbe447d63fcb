"""Arrays written as pixel data come back, here and in pydicom, in every dtype and shape."""

import io
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from filmless import Dataset, pixels, read
from filmless.errors import UnsupportedError
from filmless.file import encode
from filmless.pixels.authoring import set_pixels

_INTEGERS = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8"]


def blank(syntax: str | None = None) -> Dataset:
    ds = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7", "SOPInstanceUID": "1.2.3"})
    if syntax is not None:
        ds.file_meta.TransferSyntaxUID = syntax
    return ds


def pydicoms(ds: Dataset) -> np.ndarray:
    return pydicom.dcmread(io.BytesIO(encode(ds))).pixel_array


@st.composite
def images(draw: st.DrawFn) -> tuple[np.ndarray, dict[str, Any]]:
    """An array, and what has to be said of it."""
    dtype = draw(st.sampled_from(["?", *_INTEGERS, ">i2", "f4", "f8"]))
    colour = dtype not in {"?", "f4", "f8"} and draw(st.booleans())
    size = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    frames = draw(st.sampled_from([(), (1,), (2,), (9,)]))
    shape = (*frames, *size, *((3,) if colour else ()))
    array = draw(arrays.arrays(dtype, shape, elements={"allow_nan": False} if "f" in dtype else None))
    if colour:
        return array, {"photometric_interpretation": draw(st.sampled_from(["RGB", "YBR_FULL"]))}
    grey = ["MONOCHROME1", "MONOCHROME2"] + (["PALETTE COLOR"] if array.dtype.kind == "u" else [])
    return array, {"photometric_interpretation": draw(st.sampled_from(grey))}


@given(
    images(), st.sampled_from([None, "ImplicitVRLittleEndian", "ExplicitVRBigEndian", "DeflatedImageFrameCompression"])
)
def test_an_array_comes_back(image, syntax):
    array, options = image
    if syntax == "DeflatedImageFrameCompression" and array.dtype.kind == "f":
        syntax = "DeflatedExplicitVRLittleEndian"
    ds = blank()
    set_pixels(ds, array, transfer_syntax=syntax, **options)
    back = read(encode(ds))
    expected = array[0] if array.ndim > 2 + (back.SamplesPerPixel == 3) and len(array) == 1 else array
    for written in (ds, back):
        decoded = pixels.decode(written, as_rgb=False)
        assert decoded.dtype == (np.uint8 if array.dtype.kind == "b" else array.dtype.newbyteorder("="))
        np.testing.assert_array_equal(decoded, expected)


@pytest.mark.parametrize("dtype", ["?", *_INTEGERS, "f4", "f8"])
@pytest.mark.parametrize("shape", [(3, 5), (3, 3, 5), (2, 5, 7, 3), (4, 5, 3)])
@pytest.mark.parametrize("syntax", ["ExplicitVRLittleEndian", "ImplicitVRLittleEndian"])
def test_pydicom_reads_what_is_written(dtype, shape, syntax):
    if shape[-1] == 3 and dtype in {"?", "f4", "f8"}:
        with pytest.raises(ValueError, match="in colour"):
            set_pixels(blank(), np.zeros(shape, dtype), photometric_interpretation="RGB")
        return
    rng = np.random.default_rng(1)
    array = rng.integers(0, 2 if dtype == "?" else 128, shape).astype(dtype)
    ds = blank()
    set_pixels(ds, array, transfer_syntax=syntax, photometric_interpretation="RGB" if shape[-1] == 3 else None)
    np.testing.assert_array_equal(pydicoms(ds), array)


@pytest.mark.parametrize("dtype", ["u1", "u2", "i2"])
@pytest.mark.parametrize("syntax", ["RLELossless", "JPEG2000Lossless", "JPEGLSLossless"])
def test_compressed_at_once(dtype, syntax):
    array = np.arange(2 * 20 * 30).reshape(2, 20, 30).astype(dtype)
    ds = blank()
    set_pixels(ds, array, transfer_syntax=syntax)
    back = read(encode(ds))
    assert back.file_meta.TransferSyntaxUID.keyword == syntax
    np.testing.assert_array_equal(pixels.decode(back), array)
    np.testing.assert_array_equal(pydicoms(ds), array)


def test_a_loss_is_put_on_record():
    ds = blank()
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    set_pixels(ds, np.full((16, 16), 7, np.uint8), transfer_syntax="JPEGBaseline8Bit")
    assert (ds.LossyImageCompression, ds.LossyImageCompressionMethod) == ("01", "ISO_10918_1")
    assert ds.ImageType[0] == "ORIGINAL"
    assert ds.SOPInstanceUID == "1.2.3"
    assert (pixels.decode(ds) == 7).all()
    set_pixels(ds, np.full((16, 16), 7, np.uint8), transfer_syntax="ExplicitVRLittleEndian")
    assert ds.LossyImageCompression == "01"


def test_what_described_other_pixels_goes(image):
    ds = image(bytes(6), BitsStored=7, HighBit=6, NumberOfFrames=1, SmallestImagePixelValue=0, PixelPaddingValue=5)
    ds.LargestImagePixelValue = 0
    ds.RedPaletteColorLookupTableDescriptor = [1, 0, 8]
    ds.RedPaletteColorLookupTableData = b"\0\0"
    ds.ExtendedOffsetTable = bytes(8)
    ds.add_new(0x6000_0100, "US", 8)
    ds.add_new(0x6000_0102, "US", 7)
    ds.add_new(0x6002_3000, "OW", bytes(2))
    ds.PatientName = "Doe^Jane"
    set_pixels(ds, np.zeros((4, 5), np.float32))
    assert [element.keyword or hex(element.tag) for element in ds] == [
        "SOPClassUID",
        "SOPInstanceUID",
        "PatientName",
        "SamplesPerPixel",
        "PhotometricInterpretation",
        "NumberOfFrames",
        "Rows",
        "Columns",
        "BitsAllocated",
        "OverlayData",
        "FloatPixelData",
    ]
    set_pixels(ds, np.zeros((4, 5), np.int16))
    assert "FloatPixelData" not in ds
    assert (ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation) == (16, 16, 15, 1)
    assert ds["PixelData"].VR == "OW"


def test_padding_follows_the_sign(image):
    ds = image(bytes(12), vr="OW", BitsAllocated=16, PixelRepresentation=0, PixelPaddingValue=2000)
    set_pixels(ds, np.zeros((2, 3), np.int16))
    assert (ds["PixelPaddingValue"].VR, ds.PixelPaddingValue) == ("SS", 2000)
    ds.PixelPaddingValue = -2000
    set_pixels(ds, np.zeros((2, 3), np.int16))
    assert ds.PixelPaddingValue == -2000
    set_pixels(ds, np.zeros((2, 3), np.uint16))
    assert "PixelPaddingValue" not in ds


def test_the_transfer_syntax_stays_when_it_can(pydicom_files):
    for name, keyword in [
        ("MR_small_implicit.dcm", "ImplicitVRLittleEndian"),
        ("MR_small_bigendian.dcm", "ExplicitVRBigEndian"),
        ("MR_small_RLE.dcm", "ExplicitVRLittleEndian"),
    ]:
        ds = read(next(path for path in pydicom_files if path.name == name))
        array = np.arange(64 * 64, dtype=np.int16).reshape(64, 64)
        set_pixels(ds, array)
        back = read(encode(ds))
        assert back.file_meta.TransferSyntaxUID.keyword == keyword
        np.testing.assert_array_equal(pixels.decode(back), array)
        np.testing.assert_array_equal(pydicoms(ds), array)


def test_a_shape_that_can_be_read_in_two_ways(image):
    array = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    with pytest.raises(ValueError, match="give `photometric_interpretation` or `frames`"):
        set_pixels(blank(), array)
    for options in ({"photometric_interpretation": "MONOCHROME2"}, {"frames": 4}):
        ds = blank()
        set_pixels(ds, array, **options)
        assert (ds.NumberOfFrames, ds.Rows, ds.Columns, ds.SamplesPerPixel) == (4, 5, 3, 1)
    for options in ({"photometric_interpretation": "RGB"}, {"frames": 1}):
        ds = blank()
        set_pixels(ds, array, **options)
        assert (ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.PlanarConfiguration) == (4, 5, 3, 0)
        assert "NumberOfFrames" not in ds
    ds = image(bytes(60), Rows=4, Columns=5, SamplesPerPixel=3, PhotometricInterpretation="YBR_FULL")
    set_pixels(ds, array)
    assert ds.PhotometricInterpretation == "RGB"
    ds = image(bytes(15), Rows=5, Columns=3)
    set_pixels(ds, array)
    assert ds.NumberOfFrames == 4


def test_bits_stored():
    ds = blank()
    set_pixels(ds, np.array([[-2048, 2047]], np.int16), bits_stored=12)
    assert (ds.BitsAllocated, ds.BitsStored, ds.HighBit) == (16, 12, 11)
    for array, bits, message in [
        (np.array([[-2049]], np.int16), 12, "does not|do not hold"),
        (np.array([[4096]], np.uint16), 12, "do not hold"),
        (np.array([[1]], np.uint16), 17, "expected 1 to 16"),
        (np.array([[1]], np.uint16), 0, "expected 1 to 16"),
        (np.array([[1]], np.float32), 12, "not for floating point"),
    ]:
        with pytest.raises(ValueError, match=message):
            set_pixels(ds, array, bits_stored=bits)
    assert ds.BitsStored == 12


@pytest.mark.parametrize(
    ("array", "options", "message"),
    [
        (np.zeros(4, np.uint8), {}, "has shape"),
        (np.zeros((0, 4), np.uint8), {}, "has shape"),
        (np.zeros((2, 3, 4, 4), np.uint8), {}, "does not fit three samples"),
        (np.zeros((3, 4, 4), np.uint8), {"photometric_interpretation": "RGB"}, "does not fit RGB"),
        (np.zeros((4, 4), np.uint8), {"photometric_interpretation": "RGB"}, "does not fit RGB"),
        (np.zeros((2, 4, 4, 3), np.uint8), {"photometric_interpretation": "MONOCHROME2"}, "does not fit MONOCHROME2"),
        (np.zeros((2, 4, 4), np.uint8), {"frames": 3}, "does not fit `frames` 3"),
        (np.zeros((4, 4), np.uint8), {"photometric_interpretation": "YBR_FULL_422"}, "is none of MONOCHROME1"),
        (np.zeros((4, 4), np.float16), {}, "expected bool, integers"),
        (np.zeros((4, 4), np.complex64), {}, "expected bool, integers"),
        (np.zeros((1, 70_000), np.uint8), {}, "at most 65535"),
        (np.zeros((4, 4), np.uint8), {"transfer_syntax": "JPEG 7"}, "no transfer syntax"),
    ],
)
def test_wrong_arguments_change_nothing(array, options, message):
    ds = blank()
    before = ds.copy()
    with pytest.raises(ValueError, match=message):
        set_pixels(ds, array, **options)
    assert ds == before


def test_what_a_transfer_syntax_cannot_hold():
    with pytest.raises(UnsupportedError, match="cannot hold floating point") as caught:
        set_pixels(blank(), np.zeros((4, 4), np.float32), transfer_syntax="RLELossless")
    assert "ExplicitVRLittleEndian" in caught.value.hint
