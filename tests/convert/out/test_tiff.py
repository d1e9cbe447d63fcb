"""TIFF, read back by tifffile and Pillow."""

import io

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

import filmless
from filmless.convert import from_dicom, to_dicom
from filmless.convert.notice import ConversionNotice
from filmless.dataset import Dataset
from filmless.errors import ConversionError
from filmless.pixels import decode, render, to_modality, transcode

_SIDES = st.integers(1, 12)
_SHAPES = st.one_of(st.tuples(_SIDES, _SIDES), st.tuples(_SIDES, _SIDES, st.just(3)))


def _as_tiff(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, array, photometric="rgb" if array.ndim == 3 else "minisblack")
    return stream.getvalue()


def _read(data: bytes) -> np.ndarray:
    return tifffile.imread(io.BytesIO(data))


@settings(max_examples=40)
@given(
    st.one_of(
        st.sampled_from([np.uint8, np.uint16]).flatmap(lambda dtype: arrays.arrays(dtype, _SHAPES)),
        arrays.arrays(np.int16, st.tuples(_SIDES, _SIDES)),
    )
)
def test_a_tiff_comes_back_exactly(array):
    depth = array.itemsize * 8
    found = _read(from_dicom(to_dicom(_as_tiff(array)), "tiff", depth=depth))
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found.reshape(array.shape), array)


@settings(max_examples=40)
@given(st.sampled_from([np.uint8, np.uint16]).flatmap(lambda dtype: arrays.arrays(dtype, _SHAPES)))
def test_a_png_comes_back_exactly_from_a_file(array):
    depth = array.itemsize * 8
    ds = filmless.read(io.BytesIO(filmless.file.encode(to_dicom(imagecodecs.png_encode(array)))).getvalue())
    np.testing.assert_array_equal(imagecodecs.png_decode(from_dicom(ds, "png", depth=depth)), array)


@pytest.mark.parametrize("compression", ["deflate", "lzw", "none"])
def test_pages_are_frames(compression, moving_grey, moving_colours):
    for ds in (moving_grey(), moving_colours()):
        data = from_dicom(ds, "tiff", compression=compression)
        expected = [render(ds, frame) for frame in range(5)]
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            assert len(file.pages) == 5
            for page, picture in zip(file.pages, expected, strict=True):
                np.testing.assert_array_equal(page.asarray(), picture)
        with Image.open(io.BytesIO(data)) as image:
            for frame, picture in enumerate(expected):
                image.seek(frame)
                np.testing.assert_array_equal(np.asarray(image), picture)


def test_stored_values():
    signed = np.array([[[-32768, 0, 5, 6, 32767]], [[1, 2, 3, 4, 5]]], np.int16)[:1]
    found = _read(from_dicom(to_dicom(signed[0]), "tiff", depth=16))
    assert found.dtype == np.int16
    np.testing.assert_array_equal(found, signed[0])
    ds = to_dicom(np.array([[0, 9, 4095]], np.uint16))
    ds.PhotometricInterpretation = "MONOCHROME1"
    with tifffile.TiffFile(io.BytesIO(from_dicom(ds, "tiff", depth=16))) as file:
        assert file.pages[0].photometric == tifffile.PHOTOMETRIC.MINISWHITE
        assert file.pages[0].asarray().tolist() == [[0, 9, 4095]]


def test_values_of_the_modality(pydicom_files):
    ds = filmless.read(next(path for path in pydicom_files if path.name == "CT_small.dcm"))
    data = from_dicom(ds, "tiff", depth=32)
    found = _read(data)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, to_modality(ds, decode(ds)))
    assert found.min() < -500  # Hounsfield units, and no stored values
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        assert page.resolutionunit == tifffile.RESUNIT.CENTIMETER
        assert page.get_resolution() == pytest.approx((10 / 0.661468, 10 / 0.661468), rel=1e-4)
        assert "Software" not in page.tags
        assert "DateTime" not in page.tags
        assert "ImageDescription" not in page.tags


def test_pixels_of_a_smaller_picture_are_larger(moving_grey):
    ds = moving_grey(1, PixelSpacing=[0.5, 0.25])
    with tifffile.TiffFile(io.BytesIO(from_dicom(ds, "tiff"))) as file:
        assert file.pages[0].get_resolution() == pytest.approx((40, 20))  # columns, rows per cm
    with tifffile.TiffFile(io.BytesIO(from_dicom(ds, "tiff", size=(20, 20)))) as file:
        page = file.pages[0]
        across, down = page.get_resolution()
        assert page.shape[1] / across == pytest.approx(17 * 0.025)
        assert page.shape[0] / down == pytest.approx(31 * 0.05)


@pytest.mark.parametrize("spacing", [[0, 0], [-1, 1], [1e300, 1], None])
def test_spacing_that_cannot_be(spacing, moving_grey):
    ds = moving_grey(1)
    if spacing:
        ds.PixelSpacing = spacing
    with tifffile.TiffFile(io.BytesIO(from_dicom(ds, "tiff"))) as file:
        assert file.pages[0].resolutionunit == tifffile.RESUNIT.NONE


def test_a_large_file_is_a_big_tiff(moving_grey, monkeypatch):
    assert from_dicom(moving_grey(), "tiff")[2] == 42
    monkeypatch.setattr("filmless.convert.out.tiff._CLASSIC_BYTES", 2000)
    data = from_dicom(moving_grey(), "tiff")
    assert data[2] == 43
    np.testing.assert_array_equal(_read(data)[4], render(moving_grey(), 4))


@pytest.mark.parametrize(
    "options", [{"depth": 12}, {"compression": "jpeg"}, {"depth": 32, "window": (1, 2)}, {"depth": 16, "size": 5}]
)
def test_what_is_not_written(options, moving_grey):
    with pytest.raises(ConversionError):
        from_dicom(moving_grey(), "tiff", **options)


def test_colours_that_a_codec_gives_as_rgb(photo, encode):
    ds = to_dicom(encode(photo, "JPEG"))
    assert ds.PhotometricInterpretation == "YBR_FULL_422"
    with pytest.raises(ConversionError, match="YBR_FULL of 8 bits is not written with 16"):
        from_dicom(ds, "tiff", depth=16)
    ds = transcode(to_dicom(np.asarray(photo)), "1.2.840.10008.1.2.4.90")
    np.testing.assert_array_equal(_read(from_dicom(ds, "tiff", depth=16)), np.asarray(photo))


def test_colours_have_no_values_of_the_modality(moving_colours):
    with pytest.raises(ConversionError, match="RGB has no values of the modality"):
        from_dicom(moving_colours(), "tiff", depth=32)


def _of_32_bits(values: list[int]) -> Dataset:
    ds = to_dicom(np.zeros((2, 2), np.uint16))
    ds.BitsAllocated = ds.BitsStored = 32
    ds.HighBit = 31
    ds.PixelData = np.array(values, np.uint32).tobytes()
    return ds


def test_values_that_a_float_cannot_tell_apart_are_told():
    notices: list[ConversionNotice] = []
    data = from_dicom(_of_32_bits([(1 << 32) - 128, 5, 6, 7]), "tiff", depth=32, notices=notices)
    assert _read(data).max() == 1 << 32
    assert [notice.code for notice in notices] == ["rounded"]
    for values in ([1 << 24, 0, 1, 2], [1 << 31, 0, 1, 2]):
        notices.clear()
        data = from_dicom(_of_32_bits(values), "tiff", depth=32, notices=notices)
        assert _read(data).ravel().tolist() == values
        assert notices == []


@pytest.mark.parametrize("name", ["tiff", "png", "jpeg-2000"])
def test_what_else_holds_more_than_16_bits(name):
    ds = _of_32_bits([1, 2, 3, 4])
    with pytest.raises(ConversionError, match="grey of 32 bits is not written with 16") as caught:
        from_dicom(ds, name, depth=16)
    assert caught.value.hint == "tiff of depth 32, or npy"
