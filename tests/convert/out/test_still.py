"""Pictures of one frame, read back by Pillow and imagecodecs."""

import io

import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms

from filmless.convert import from_dicom, to_dicom
from filmless.errors import ConversionError
from filmless.pixels import decode, render


def _opened(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


@pytest.mark.parametrize("name", ["png", "bmp", "jpeg-2000", "webp", "apng", "tiff", "gif"])
@pytest.mark.parametrize("frame", [0, 3])
def test_lossless_pictures_are_what_render_gives(name, frame, moving_grey, moving_colours):
    for ds in (moving_grey(), moving_colours(colours=8)):
        picture = _opened(from_dicom(ds, name, frame=frame))
        expected = render(ds, frame)
        if name in ("webp", "gif"):  # which know no grey, or indices alone
            with Image.open(io.BytesIO(from_dicom(ds, name, frame=frame))) as image:
                picture = np.asarray(image.convert("L" if expected.ndim == 2 else "RGB"))
        np.testing.assert_array_equal(picture, expected)


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (1, 40), (40, 1, 3), (3, 3)])
@pytest.mark.parametrize("name", ["png", "bmp", "jpeg", "jpeg-2000", "jpeg-xl", "webp", "apng", "tiff", "gif", "mp4"])
def test_the_smallest(name, shape):
    ds = to_dicom(np.full(shape, 77, np.uint8))
    data = from_dicom(ds, name)
    if name == "mp4":
        return
    if name == "jpeg-xl":
        assert imagecodecs.jpegxl_decode(data).shape[:2] == shape[:2]
    else:
        assert _opened(data).shape[:2] == shape[:2]


def test_options_of_rendering(moving_grey):
    ds = moving_grey()
    for options in ({"window": (90, 60)}, {"window": "minmax"}, {"size": 9}):
        for name in ("png", "bmp", "tiff"):
            np.testing.assert_array_equal(_opened(from_dicom(ds, name, frame=1, **options)), render(ds, 1, **options))


def test_jpeg_quality_and_subsampling(moving_colours):
    ds = moving_colours()
    expected = render(ds).astype(int)
    sizes, errors = [], []
    for quality in (30, 90, 100):
        data = from_dicom(ds, "jpeg", quality=quality)
        sizes.append(len(data))
        errors.append(np.abs(_opened(data) - expected).mean())
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1
    assert from_dicom(ds, "jpeg") == from_dicom(ds, "jpeg", quality=90, subsampling="4:4:4")
    for subsampling, factors in (("4:4:4", 0x11), ("4:2:2", 0x21), ("4:2:0", 0x22)):
        data = from_dicom(ds, "jpeg", subsampling=subsampling)
        frame = data.index(b"\xff\xc0")  # baseline
        assert data[frame + 11] == factors
    grey = from_dicom(to_dicom(np.full((9, 9), 50, np.uint8)), "jpg")
    with Image.open(io.BytesIO(grey)) as image:
        assert (image.mode, image.getpixel((0, 0))) == ("L", 50)


def test_jpeg_xl(moving_colours):
    ds = moving_colours()
    np.testing.assert_array_equal(imagecodecs.jpegxl_decode(from_dicom(ds, "jpeg-xl")), render(ds))
    lossy = imagecodecs.jpegxl_decode(from_dicom(ds, "jxl", quality=80)).astype(int)
    assert 0 < np.abs(lossy - render(ds)).mean() < 6
    assert len(from_dicom(ds, "jxl", quality=10)) < len(from_dicom(ds, "jxl", quality=80))


@pytest.mark.parametrize("name", ["png", "jpeg-2000", "jpeg-xl"])
def test_stored_values_of_16_bits(name, grey16):
    decoders = {
        "png": imagecodecs.png_decode,
        "jpeg-2000": imagecodecs.jpeg2k_decode,
        "jpeg-xl": imagecodecs.jpegxl_decode,
    }
    for array in (grey16, grey16 >> 4, np.dstack([grey16, grey16[::-1], grey16 // 3])):
        found = decoders[name](from_dicom(to_dicom(array), name, depth=16))
        assert found.dtype == np.uint16
        np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize(("bits", "said"), [(16, 16), (12, 12), (9, 9), (8, 16)])
def test_jpeg_2000_says_how_many_bits_are_used(bits, said, grey16):
    ds = to_dicom(grey16 >> (16 - bits))
    ds.BitsStored, ds.HighBit = bits, bits - 1
    data = from_dicom(ds, "jpeg-2000", depth=16)
    size = data.index(b"\xff\x4f\xff\x51")
    assert data[size + 42] + 1 == said
    np.testing.assert_array_equal(imagecodecs.jpeg2k_decode(data), grey16 >> (16 - bits))


def test_webp_of_a_quality(moving_colours):
    ds = moving_colours(1)
    lossy = from_dicom(ds, "webp", quality=50)
    assert 0 < np.abs(_opened(lossy).astype(int) - render(ds)).mean() < 12
    np.testing.assert_array_equal(_opened(from_dicom(ds, "webp", quality=50, lossless=True)), render(ds))


@pytest.mark.parametrize("name", ["png", "jpeg", "tiff", "webp", "apng"])
def test_the_profile_goes_along(name, rgb):
    ds = to_dicom(rgb)
    ds.ICCProfile = profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    with Image.open(io.BytesIO(from_dicom(ds, name))) as image:
        assert image.info["icc_profile"] == profile
    with Image.open(io.BytesIO(from_dicom(ds, name, icc=True))) as image:
        assert "icc_profile" not in image.info


def test_a_profile_that_cannot_go_along_is_told_of(rgb):
    ds = to_dicom(rgb)
    ds.ICCProfile = b"profile!"
    for name in ("jpeg-2000", "jpeg-xl"):
        notices = []
        from_dicom(ds, name, notices=notices)
        assert [notice.code for notice in notices] == ["icc-dropped"]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("jpeg", {"quality": 0}),
        ("jpeg", {"quality": 101}),
        ("jpeg", {"quality": "high"}),
        ("jpeg", {"subsampling": "4:1:1"}),
        ("jpeg-2000", {"depth": 12}),
        ("jpeg-xl", {"depth": 16, "window": (1, 2)}),
        ("webp", {"quality": -1}),
        ("jpeg", {"depth": 16}),
        ("bmp", {"level": 1}),
    ],
)
def test_values_that_options_do_not_have(name, options, rgb, tmp_path):
    with pytest.raises(ConversionError):
        from_dicom(to_dicom(rgb), name, tmp_path / "out", **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "most"), [("jpeg", 65500), ("webp", 16382)])
def test_pictures_that_are_too_large_for_a_format(name, most):
    ds = to_dicom(np.zeros((1, most + 1), np.uint8))
    with pytest.raises(ConversionError, match=str(most)):
        from_dicom(ds, name)
    from_dicom(to_dicom(np.zeros((1, most), np.uint8)), name)


def test_values_of_more_than_16_bits_are_refused(moving_grey):
    ds = moving_grey(1)
    ds.BitsAllocated = ds.BitsStored = 32
    ds.HighBit, ds.Columns, ds.PixelData = 31, 17, bytes(31 * 17 * 4)
    assert decode(ds).dtype == np.uint32
    for name in ("png", "tiff", "jpeg-2000"):
        with pytest.raises(ConversionError, match="32 bits"):
            from_dicom(ds, name, depth=16)


def test_a_quality_that_is_no_whole_number(moving_colours):
    with pytest.raises(
        ConversionError, match=r"^quality 92\.5 of JPEG is not taken, expected a whole number from 1 to 100$"
    ):
        from_dicom(moving_colours(1), "jpeg", quality=92.5)
