"""DICOM to PNG, and the circle picture to DICOM to picture."""

import io

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageCms

from filmless.convert import from_dicom, to_dicom
from filmless.errors import ConversionError, FormatError, PixelError
from filmless.pixels import render


def _png(ds, **options):
    stream = io.BytesIO()
    from_dicom(ds, "png", stream, **options)
    return np.asarray(Image.open(io.BytesIO(stream.getvalue())))


_SIDES = st.integers(1, 12)
_SHAPES = st.one_of(st.tuples(_SIDES, _SIDES), st.tuples(_SIDES, _SIDES, st.just(3)))


@given(arrays.arrays(np.uint8, _SHAPES))
def test_8_bit_pictures_come_back_exactly(array):
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, "PNG")
    np.testing.assert_array_equal(_png(to_dicom(stream.getvalue())), array)


@settings(max_examples=50)
@given(arrays.arrays(np.uint16, _SHAPES))
def test_16_bit_pictures_come_back_exactly(array):
    stream = io.BytesIO()
    from_dicom(to_dicom(imagecodecs.png_encode(array)), "png", stream, depth=16)
    np.testing.assert_array_equal(imagecodecs.png_decode(stream.getvalue()), array)


def test_16_bits_of_signed_and_inverted_values():
    array = np.array([[-32768, 0, 32767]], np.int16)
    ds = to_dicom(array)
    assert _png(ds, depth=16).tolist() == [[0, 32768, 65535]]
    ds.PhotometricInterpretation = "MONOCHROME1"
    assert _png(ds, depth=16).tolist() == [[65535, 32767, 0]]


def test_window_and_frame():
    array = np.array([[[0, 50, 100, 150]] * 2, [[200] * 4] * 2], np.uint16)[:, :, [0, 1, 2, 3, 3]]
    ds = to_dicom(array)
    assert _png(ds, frame=0)[0].tolist() == [0, 64, 128, 191, 191]  # our window runs over both frames
    assert _png(ds, frame=0, window="minmax")[0].tolist() == [0, 85, 170, 255, 255]
    assert _png(ds, frame=0, window=(75.5, 51))[0].tolist() == [0, 0, 255, 255, 255]
    assert (_png(ds, frame=1) == 255).all()
    with pytest.raises(PixelError, match="frame 2"):
        _png(ds, frame=2)


def test_path_is_written_whole_or_not_at_all(tmp_path):
    ds = to_dicom(np.full((4, 5), 7, np.uint8))
    ds.save_as(tmp_path / "in.dcm")
    from_dicom(tmp_path / "in.dcm", "png", tmp_path / "out.png")
    assert (np.asarray(Image.open(tmp_path / "out.png")) == 7).all()
    before = (tmp_path / "out.png").read_bytes()
    ds.PixelData = b"\0"
    with pytest.raises(PixelError):
        from_dicom(ds, "png", tmp_path / "out.png")
    assert (tmp_path / "out.png").read_bytes() == before
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OSError):  # noqa: PT011 - which one is the system's
        from_dicom(to_dicom(np.zeros((4, 5), np.uint8)), "png", tmp_path / "folder.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.png", "in.dcm", "out.png"]


def test_profile_goes_along(rgb):
    ds = to_dicom(rgb)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    ds.ICCProfile = profile + b"\0\0"
    stream = io.BytesIO()
    from_dicom(ds, "png", stream)
    assert Image.open(io.BytesIO(stream.getvalue())).info["icc_profile"] == profile


@pytest.mark.parametrize("name", ["png", "jpeg", "tiff", "webp", "apng", "pdf"])
def test_profile_of_other_colours_stays_behind(name, rgb):
    """A reader of PDF calls the file broken, one of PNG shows it grey."""
    ds = to_dicom(rgb)
    ds.ICCProfile = profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    notices = []
    data = from_dicom([ds, ds] if name == "pdf" else ds, name, notices=notices)
    assert profile[:64] not in data
    assert b"ICC" not in data
    assert {notice.code for notice in notices} == {"icc-dropped"}


def test_sources_are_what_can_be_read(rgb, tmp_path):
    ds = to_dicom(rgb)
    ds.save_as(tmp_path / "in.dcm")
    data = (tmp_path / "in.dcm").read_bytes()
    expected = from_dicom(ds, "pdf")
    assert from_dicom(data, "pdf") == from_dicom(memoryview(data), "pdf") == expected
    assert from_dicom(io.BytesIO(data), "pdf") == expected
    assert from_dicom((one for one in [ds, data]), "pdf") == from_dicom([ds, ds], "pdf")
    with pytest.raises(FormatError):
        from_dicom(b"none", "pdf")


@pytest.mark.parametrize(
    ("photometric", "samples"), [("PALETTE COLOR", 1), ("YBR_FULL", 3), ("MONOCHROME2", 1)], ids=str
)
def test_remedies_for_depths_that_cannot_be(photometric, samples):
    """What a hint proposes works."""
    ds = to_dicom(np.zeros((4, 5, samples), np.uint8).squeeze())
    ds.PhotometricInterpretation = photometric
    if photometric == "PALETTE COLOR":
        for colour in ("Red", "Green", "Blue"):
            ds[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
            ds[f"{colour}PaletteColorLookupTableData"] = np.arange(256, dtype="<u2").tobytes()
    if photometric == "MONOCHROME2":
        ds = to_dicom(np.array([[1 << 20, 5]], np.uint32))
        with pytest.raises(ConversionError, match="grey of 32 bits") as caught:
            from_dicom(ds, "tiff", depth=16)
        assert caught.value.hint.startswith("tiff of depth 32")
        from_dicom(ds, "tiff", depth=32)
    else:
        for depth in (16, 32):
            with pytest.raises(ConversionError) as caught:
                from_dicom(ds, "tiff", depth=depth)
            assert caught.value.hint.startswith("without `depth`")
        from_dicom(ds, "tiff")
    from_dicom(ds, "npy")


def test_colours_in_srgb_need_no_profile(rgb):
    ds = to_dicom(rgb)
    ds.ICCProfile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    stream = io.BytesIO()
    from_dicom(ds, "png", stream, icc=True)
    with Image.open(io.BytesIO(stream.getvalue())) as image:
        assert "icc_profile" not in image.info
        np.testing.assert_array_equal(np.asarray(image), render(ds, icc=True))
    ds.ICCProfile = b"profile!"
    with pytest.raises(PixelError, match="ICCProfile"):
        from_dicom(ds, "png", stream, icc=True)


@pytest.mark.parametrize(
    "options",
    [
        {"depth": 12},
        {"depth": 16, "window": (1, 2)},
        {"depth": 16, "size": 9},
        {"depth": 16, "icc": True},
        {"level": 13},
        {"level": -1},
    ],
)
def test_what_is_not_written(options, rgb):
    with pytest.raises(ConversionError):
        from_dicom(to_dicom(rgb), "png", io.BytesIO(), **options)


@pytest.mark.parametrize("option", [{"frame": 0.5}, {"frame": "0"}, {"frames": [0, 0.5]}, {"frames": ["0"]}])
def test_frames_are_whole_numbers(option, rgb):
    with pytest.raises(TypeError, match="integer"):
        from_dicom(to_dicom(rgb), "tiff", **option)


def test_numbers_of_numpy(rgb):
    ds = to_dicom(rgb)
    assert from_dicom(ds, "jpeg", quality=np.int64(80), frame=np.uint8(0)) == from_dicom(ds, "jpeg", quality=80)
    with pytest.raises(ConversionError, match="quality True"):
        from_dicom(ds, "jpeg", quality=True)
