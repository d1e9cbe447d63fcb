"""Every kind of picture comes out of pydicom with the pixels that went in."""

import io

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from filmless import pixels
from filmless.convert import convert_many, from_dicom, to_dicom
from filmless.convert.content import composite
from filmless.convert.options import ReadOptions
from filmless.convert.pictures import gif
from filmless.convert.pictures.array import read_array, read_image
from filmless.errors import ConversionError


def _codes(source, **options):
    notices = []
    to_dicom(source, notices=notices, **options)
    return [notice.code for notice in notices]


@pytest.mark.parametrize("format_name", ["PNG", "BMP", "TIFF"])
def test_colour_is_kept(format_name, rgb, encode, through_file):
    ds = through_file(encode(rgb, format_name))
    assert ds.PhotometricInterpretation == "RGB"
    assert ds.PlanarConfiguration == 0
    assert ds.SOPClassUID == "1.2.840.10008.5.1.4.1.1.7"
    np.testing.assert_array_equal(ds.pixel_array, rgb)


@pytest.mark.parametrize("format_name", ["PNG", "BMP", "TIFF", "GIF"])
def test_grey_stays_grey(format_name, grey, encode, through_file):
    ds = through_file(encode(grey, format_name))
    assert (ds.PhotometricInterpretation, ds.BitsAllocated) == ("MONOCHROME2", 8)
    assert "WindowCenter" not in ds
    np.testing.assert_array_equal(ds.pixel_array, grey)


@pytest.mark.parametrize("format_name", ["PNG", "TIFF"])
def test_16_bits_stay_16_bits(format_name, grey16, encode, through_file):
    ds = through_file(encode(grey16, format_name))
    assert (ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation) == (16, 16, 15, 0)
    np.testing.assert_array_equal(ds.pixel_array, grey16)
    low, high = int(grey16.min()), int(grey16.max())
    assert ds.WindowWidth == high - low + 1
    assert ds.WindowCenter == (high + low + 1) / 2


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_become_8(bits, through_file):
    """PNG of 1, 2 and 4 bits, made by hand: black is 0 and white 255."""
    import struct
    import zlib

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    per_byte = 8 // bits
    values = np.arange(16).reshape(2, 8) % (1 << bits)
    packed = b""
    for row in values:
        packed += b"\0"
        for start in range(0, 8, per_byte):
            byte = 0
            for value in row[start : start + per_byte]:
                byte = byte << bits | int(value)
            packed += bytes([byte])
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 2, bits, 0, 0, 0, 0))
    data += chunk(b"IDAT", zlib.compress(packed)) + chunk(b"IEND", b"")
    ds = through_file(data)
    assert ds.BitsAllocated == 8
    np.testing.assert_array_equal(ds.pixel_array, values * (255 // ((1 << bits) - 1)))


@pytest.mark.parametrize("format_name", ["PNG", "BMP", "TIFF", "GIF"])
def test_palettes_become_rgb(format_name, photo, encode, through_file):
    picture = photo.quantize(40)
    ds = through_file(encode(picture, format_name))
    assert ds.PhotometricInterpretation == "RGB"
    np.testing.assert_array_equal(ds.pixel_array, np.asarray(picture.convert("RGB")))


@pytest.mark.parametrize(("background", "expected"), [(255, 255), (0, 0), (40, 40)])
def test_alpha_is_laid_over_the_background(background, expected, encode, through_file, grey):
    alpha = np.full_like(grey, 255)
    alpha[:5] = 0
    alpha[5:8] = 100
    data = encode(Image.merge("LA", [Image.fromarray(grey), Image.fromarray(alpha)]), "PNG")
    shown = through_file(data, background=background).pixel_array
    np.testing.assert_array_equal(shown[8:], grey[8:])
    assert (shown[:5] == expected).all()
    blend = grey[5:8].astype(float) * 100 / 255 + expected * 155 / 255
    assert np.abs(shown[5:8] - blend).max() <= 0.5
    assert _codes(data) == ["alpha"]


def test_alpha_is_laid_over_as_the_formula_has_it(rng):
    shades, alphas = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    deep = rng.integers(0, 65536, (300, 500, 4), dtype=np.uint16)
    deep[0], deep[1, :, 3], deep[2, :, 3], deep[3, :, :3] = 65535, 65535, 0, 65535
    for samples in (np.dstack([shades, alphas]), deep, deep[..., 2:], deep[:1]):
        top = int(np.iinfo(samples.dtype).max)
        colours, alpha = samples[..., :-1].astype(object), samples[..., -1:].astype(object)
        for background in (0, 77, 255):
            behind = background * (top // 255) * (top - alpha)
            straight = (colours * alpha + behind + top // 2) // top
            laid = np.atleast_3d(composite(samples, background))
            np.testing.assert_array_equal(laid, straight.astype(samples.dtype))
            multiplied = (np.minimum(colours, alpha) * top + behind + top // 2) // top
            laid = np.atleast_3d(composite(samples, background, premultiplied=True))
            np.testing.assert_array_equal(laid, multiplied.astype(samples.dtype))


def test_coloured_background_makes_grey_colour(encode, through_file):
    data = encode(Image.new("LA", (3, 2), (9, 0)), "PNG")
    ds = through_file(data, background=(10, 20, 30))
    assert ds.pixel_array.reshape(-1, 3).tolist() == [[10, 20, 30]] * 6


@pytest.mark.parametrize("background", [-1, 256, (1, 2), "white", (0, 0, 300)])
def test_wrong_background(background, grey):
    with pytest.raises(ValueError, match="background"):
        to_dicom(grey, background=background)


def test_transparent_colours_of_png(encode, through_file):
    grey = np.array([[0, 7], [7, 200]], dtype=np.uint8)
    assert through_file(encode(grey, "PNG", transparency=7)).pixel_array.tolist() == [[0, 255], [255, 200]]
    deep = grey.astype(np.uint16) * 256
    data = encode(deep, "PNG", transparency=7 * 256)
    assert through_file(data).pixel_array.tolist() == [[0, 65535], [65535, 200 * 256]]
    single = encode(Image.fromarray(grey > 5).convert("1"), "PNG", transparency=0)
    assert (through_file(single).pixel_array == 255).all()


@pytest.mark.parametrize("samples", [2, 3, 4])
def test_16_bit_colour_and_alpha_of_png(samples, rng, through_file):
    array = rng.integers(0, 65536, (9, 7, samples), dtype=np.uint16)
    if samples != 3:
        array[..., -1] = 65535
    ds = through_file(imagecodecs.png_encode(array))
    assert ds.BitsAllocated == 16
    colours = array[..., 0] if samples == 2 else array[..., :3]
    np.testing.assert_array_equal(ds.pixel_array, colours)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "lzw", "deflate"])
def test_16_bit_tiff(byteorder, compression, grey16, rgb, through_file):
    for array in (grey16, rgb.astype(np.uint16) * 257):
        stream = io.BytesIO()
        photometric = "rgb" if array.ndim == 3 else "minisblack"
        tifffile.imwrite(stream, array, byteorder=byteorder, compression=compression, photometric=photometric)
        np.testing.assert_array_equal(through_file(stream.getvalue()).pixel_array, array)


def test_tiff_by_plane_and_signed(rng, grey16, through_file):
    def tiff(array, **options):
        stream = io.BytesIO()
        tifffile.imwrite(stream, array, **options)
        return stream.getvalue()

    planes = rng.integers(0, 65536, (3, 8, 9), dtype=np.uint16)
    data = tiff(planes, photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(through_file(data).pixel_array, planes.transpose(1, 2, 0))
    signed = grey16.astype(np.int16)
    ds = through_file(tiff(signed, photometric="minisblack"))
    assert ds.PixelRepresentation == 1
    np.testing.assert_array_equal(ds.pixel_array, signed)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "uint32"])
def test_white_is_zero(dtype, rng, through_file):
    """The values stay what they are where the SOP class has MONOCHROME1, and are inverted and told elsewhere."""
    array = rng.integers(0, 100, (9, 8)).astype(dtype)
    stream = io.BytesIO()
    tifffile.imwrite(stream, array, photometric="miniswhite")
    notices = []
    ds = through_file(stream.getvalue(), notices=notices, PresentationLUTShape="IDENTITY")
    assert (ds.PhotometricInterpretation, ds.PresentationLUTShape, notices) == ("MONOCHROME1", "INVERSE", [])
    np.testing.assert_array_equal(ds.pixel_array, array)
    if dtype != "uint8":
        assert float(ds.WindowWidth) == int(array.max()) - int(array.min()) + 1
    if dtype == "uint8":
        ds = through_file(stream.getvalue(), notices=notices, Modality="XC")
        assert (ds.PhotometricInterpretation, [one.code for one in notices]) == ("MONOCHROME2", ["inverted"])
        np.testing.assert_array_equal(ds.pixel_array, 255 - array)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_white_is_zero_of_several_pages(dtype, rng, through_file):
    array = rng.integers(0, 100, (3, 9, 8)).astype(dtype)
    stream = io.BytesIO()
    tifffile.imwrite(stream, array, photometric="miniswhite", metadata=None)
    notices = []
    ds = through_file(stream.getvalue(), notices=notices)
    assert (ds.PhotometricInterpretation, ds.PresentationLUTShape) == ("MONOCHROME2", "IDENTITY")
    assert [one.code for one in notices] == ["inverted"]
    np.testing.assert_array_equal(ds.pixel_array, np.iinfo(dtype).max - array)


def test_monochrome1_comes_back_from_tiff(grey16, tmp_path):
    stream = io.BytesIO()
    tifffile.imwrite(stream, grey16, photometric="miniswhite")
    ds = to_dicom(stream.getvalue())
    from_dicom(ds, "tiff", tmp_path / "again.tif", depth=16)
    again = to_dicom(tmp_path / "again.tif")
    assert again.PhotometricInterpretation == ds.PhotometricInterpretation == "MONOCHROME1"
    assert bytes(again.PixelData) == bytes(ds.PixelData)


def test_alpha_of_16_bit_tiff(through_file):
    array = np.full((4, 5, 4), 65535, dtype=np.uint16)
    array[0, :, 3] = 0
    array[..., 0] = 1000
    stream = io.BytesIO()
    tifffile.imwrite(stream, array, photometric="rgb", extrasamples=["unassalpha"])
    shown = through_file(stream.getvalue(), background=0).pixel_array
    assert (shown[0] == 0).all()
    assert shown[1, 0].tolist() == [1000, 65535, 65535]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_name", ["PNG", "TIFF", "JPEG"])
def test_orientation_is_applied(format_name, orientation, photo, encode, through_file):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"tiffinfo": {0x0112: orientation}} if format_name == "TIFF" else {"exif": exif}
    data = encode(photo, format_name, **options)
    turned = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # PIL's Transpose by orientation
    expected = photo if orientation == 1 else photo.transpose(Image.Transpose(turned[orientation]))
    ds = through_file(data)
    assert ds.Rows == expected.height
    if format_name == "JPEG":
        upright = orientation == 1
        assert ds.file_meta.TransferSyntaxUID == ("1.2.840.10008.1.2.4.50" if upright else "1.2.840.10008.1.2.1")
        assert ds.LossyImageCompression == "01"
        assert np.abs(ds.pixel_array.astype(int) - np.asarray(expected)).max() < 20
    else:
        np.testing.assert_array_equal(ds.pixel_array, np.asarray(expected))


def test_orientation_of_16_bit_tiff(grey16, through_file):
    stream = io.BytesIO()
    tifffile.imwrite(stream, grey16, extratags=[(274, "H", 1, 6, True)])
    np.testing.assert_array_equal(through_file(stream.getvalue()).pixel_array, np.rot90(grey16, -1))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I;16"])
def test_pil_images(mode, photo, through_file):
    image = Image.fromarray(np.asarray(photo)[..., 0].astype(np.uint16)) if mode == "I;16" else photo.convert(mode)
    expected = np.asarray(image if mode == "I;16" else image.convert("L" if mode in ("1", "L", "LA") else "RGB"))
    np.testing.assert_array_equal(through_file(image).pixel_array, expected)


def test_pil_images_of_jpeg_were_lossy(photo, encode, tmp_path):
    data = encode(photo, "JPEG")
    (tmp_path / "photo.jpg").write_bytes(data)
    ratio = float(f"{photo.width * photo.height * 3 / len(data):.4g}")
    loaded = Image.open(tmp_path / "photo.jpg")
    loaded.load()
    for image in (Image.open(io.BytesIO(data)), loaded):
        ds = to_dicom(image)
        assert (ds.LossyImageCompression, ds.LossyImageCompressionMethod) == ("01", "ISO_10918_1")
        assert ds.LossyImageCompressionRatio == ratio
        np.testing.assert_array_equal(ds.pixel_array, np.asarray(image))
    nameless, notices = Image.open(io.BytesIO(data)), []
    nameless.load()
    assert "LossyImageCompression" not in to_dicom(nameless, notices=notices)
    assert [notice.code for notice in notices] == ["lossy"]
    assert "LossyImageCompression" not in to_dicom(photo)


def test_pil_images_of_other_modes():
    for value, dtype in ((40000, np.uint16), (70000, np.int32), (-1, np.int32)):
        picture = read_image(Image.new("I", (2, 3), value), ReadOptions())
        np.testing.assert_array_equal(picture.pixels, np.full((1, 3, 2), value, dtype), strict=True)
    picture = read_image(Image.new("F", (2, 3), 0.1), ReadOptions())
    assert picture.is_float
    np.testing.assert_array_equal(picture.pixels, np.full((1, 3, 2), 0.1, np.float32), strict=True)
    for mode in ("I;16L", "I;16B"):
        swapped = Image.new(mode, (2, 3), 770)
        np.testing.assert_array_equal(read_image(swapped, ReadOptions()).pixels, np.full((1, 3, 2), 770, np.uint16))


@pytest.mark.parametrize(("mode", "color"), [("La", (40, 80)), ("RGBa", (10, 20, 30, 40)), ("LA", (9, 0))])
def test_pil_images_with_alpha(mode, color):
    options = ReadOptions(background=100)
    image = Image.new(mode, (2, 3), color)
    straight = image.convert({"La": "LA", "RGBa": "RGBA"}.get(mode, mode))
    expected = Image.new("RGBA", (2, 3), (100, 100, 100, 255))
    expected.alpha_composite(straight.convert("RGBA"))
    shown = np.asarray(expected)[..., 0 if straight.mode == "LA" else slice(3)].astype(int)
    assert np.abs(read_image(image, options).pixels[0] - shown).max() <= 1
    assert [notice.code for notice in options.notices] == ["alpha"]


@pytest.mark.parametrize("dtype", ["uint32", "int32", "float32", "float64", "float16", ">i4", ">f8"])
def test_deep_and_float_arrays(dtype, rng):
    array = rng.integers(0, 100, (2, 5, 4, 1)).astype(dtype)
    picture = read_array(array, ReadOptions())
    native = np.float32 if dtype == "float16" else np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(picture.pixels, array[..., 0].astype(native), strict=True)
    assert (picture.is_float, picture.signed) == (array.dtype.kind == "f", array.dtype.kind == "i")
    assert picture.bits_stored == picture.bits_allocated == np.dtype(native).itemsize * 8


def test_icc_profile(rgb, grey, encode, through_file):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for format_name in ("PNG", "TIFF", "JPEG"):
        ds = through_file(encode(rgb, format_name, icc_profile=profile))
        assert ds.ICCProfile[: len(profile)] == profile
    assert "ICCProfile" not in through_file(encode(rgb, "PNG", icc_profile=lab))
    assert _codes(encode(rgb, "PNG", icc_profile=lab)) == ["icc-dropped"]
    assert "ICCProfile" not in through_file(encode(rgb, "PNG", icc_profile=b"no profile"))
    assert "ICCProfile" not in through_file(encode(grey, "PNG", icc_profile=profile))


def test_aspect_and_spacing(grey, encode, through_file):
    square, oblong = encode(grey, "PNG", dpi=(300, 300)), encode(grey, "PNG", dpi=(200, 100))
    for data in (square, encode(grey, "PNG")):
        ds = through_file(data)
        assert "PixelAspectRatio" not in ds
        assert "NominalScannedPixelSpacing" not in ds
    assert list(through_file(oblong).PixelAspectRatio) == [2, 1]
    ds = through_file(oblong, ConversionType="DF")
    assert ds.NominalScannedPixelSpacing == pytest.approx([0.254, 0.127], rel=1e-3)
    assert "PixelAspectRatio" not in ds
    assert "PixelAspectRatio" not in through_file(oblong, PixelSpacing=[1, 1])
    turned = Image.Exif()
    turned[0x0112] = 6
    assert list(through_file(encode(grey, "PNG", dpi=(200, 100), exif=turned)).PixelAspectRatio) == [1, 2]


@pytest.mark.parametrize(
    ("shape", "dtype", "sop_class", "frames"),
    [
        ((5, 6), "uint8", "7", None),
        ((5, 6), "int16", "7", None),
        ((5, 6), "int8", "7", None),
        ((5, 6, 3), "uint16", "7", None),
        ((1, 5, 6), "uint16", "7", None),
        ((4, 5, 6), "uint8", "7.2", 4),
        ((4, 5, 6, 1), "uint16", "7.3", 4),
        ((4, 5, 6, 3), "uint8", "7.4", 4),
        ((5, 6), "bool", "7", None),
        ((5, 6), ">u2", "7", None),
    ],
)
def test_arrays(shape, dtype, sop_class, frames, rng, through_file):
    array = rng.integers(0, 2 if dtype == "bool" else 100, shape).astype(dtype)
    ds = through_file(array)
    assert ds.SOPClassUID == f"1.2.840.10008.5.1.4.1.1.{sop_class}"
    assert ds.get("NumberOfFrames") == frames
    expected = array.astype(np.uint8) * 255 if dtype == "bool" else array
    np.testing.assert_array_equal(ds.pixel_array, expected.squeeze())


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4), np.int64),
        np.zeros((4, 4), np.complex64),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4, 3), np.uint32),
        np.zeros(4, np.uint8),
        np.zeros((0, 4), np.uint8),
        np.zeros((4, 4, 3), np.int16),
        np.zeros((2, 4, 4), np.int16),
        np.zeros((2, 4, 4, 3), np.uint16),
        np.zeros((70000, 1), np.uint8),
        np.zeros((2, 2, 2, 2, 2), np.uint8),
        np.zeros((4, 4), "datetime64[s]"),
    ],
)
def test_arrays_that_fit_nowhere(array):
    with pytest.raises(ConversionError):
        to_dicom(array)


def test_sources(tmp_path, rgb, encode):
    data = encode(rgb, "PNG")
    path = tmp_path / "picture.jpg"  # the name lies: what counts is the content
    path.write_bytes(data)
    pixels = {
        to_dicom(s).PixelData for s in (path, str(path), data, bytearray(data), memoryview(data), io.BytesIO(data))
    }
    assert len(pixels) == 1
    for wrong in (io.StringIO("text"), 42, None):
        with pytest.raises(TypeError, match="source"):
            to_dicom(wrong)
    with pytest.raises(FileNotFoundError):
        to_dicom(tmp_path / "absent.png")


@pytest.mark.parametrize(
    ("dtype", "shape", "photometric"),
    [("uint32", (3, 9, 8), "minisblack"), ("int16", (3, 9, 8), "minisblack"), ("uint16", (3, 9, 8, 3), "rgb")],
)
def test_frames_that_no_multi_frame_object_holds_become_objects(dtype, shape, photometric, rng, tmp_path):
    array = rng.integers(0, 100, shape).astype(dtype)
    tifffile.imwrite(tmp_path / "pages.tif", array, photometric=photometric, metadata=None)
    found = list(convert_many(tmp_path / "pages.tif"))
    assert {notice.code for notice in found[0].notices} == {"apart"}
    for ds, frame in zip([conversion.dataset for conversion in found], array, strict=True):
        assert "NumberOfFrames" not in ds
        np.testing.assert_array_equal(pixels.decode(ds), frame)
    with pytest.raises(ConversionError, match="becomes 3 objects, expected one: no SOP class holds"):
        to_dicom(tmp_path / "pages.tif")
    with pytest.raises(ConversionError, match="does not hold the 3 frames"):
        to_dicom(tmp_path / "pages.tif", sop_class="Secondary Capture Image Storage")


def test_frames_of_16_bit_colour_stay_together_where_a_class_takes_them(rng):
    array = rng.integers(0, 100, (3, 9, 8, 3)).astype(np.uint16)
    ds = to_dicom(
        array, Modality="OP", ImageLaterality="L", AcquisitionDateTime="20200101",
        AcquisitionDeviceTypeCodeSequence=[{"CodeValue": "1", "CodingSchemeDesignator": "99A", "CodeMeaning": "a"}],
    )  # fmt: skip
    assert ds.NumberOfFrames == 3


def test_a_last_axis_of_one_is_grey(rng):
    array = rng.integers(0, 255, (9, 8, 1), dtype=np.uint8)
    ds = to_dicom(array)
    assert (ds.Rows, ds.Columns, "NumberOfFrames" in ds) == (9, 8, False)
    np.testing.assert_array_equal(pixels.decode(ds), array[..., 0])
    assert to_dicom(array[np.newaxis].repeat(3, 0)).NumberOfFrames == 3


def test_a_masked_array_is_refused():
    masked = np.ma.masked_array(np.zeros((4, 5), np.uint8), mask=True)
    with pytest.raises(ConversionError, match="masked") as caught:
        to_dicom(masked)
    assert "filled" in str(caught.value.hint)
    assert to_dicom(masked.filled(0)).Rows == 4


def test_too_many_frames_are_refused_before_they_are_decoded(monkeypatch):
    """The frames are no GIF's: whoever decodes one says that it is damaged."""
    frame = b"\x2c\0\0\0\0\1\0\1\0\0\x02\x02\xff\xff\0"
    data = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff" + frame * 10_001 + b";"
    decoded = []
    monkeypatch.setattr(gif, "frames_of_image", lambda *_, **__: decoded.append(1) or np.zeros((10_001, 1, 1), "u1"))
    with pytest.raises(ConversionError, match="10001 frames are too many to number") as caught:
        to_dicom(data)
    assert "apart" in str(caught.value.hint)
    assert not decoded
    assert to_dicom(data, FrameTime="40").NumberOfFrames == 10_001
