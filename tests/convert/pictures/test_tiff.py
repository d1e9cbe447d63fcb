"""TIFF of every layout, bit for bit what tifffile and Pillow decode."""

import io
import struct

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from filmless.convert.pictures.tiff_segments import decode_segments
from filmless.errors import ConversionError

_GREY = ["uint8", "uint16", "uint32", "int8", "int16", "int32", "float32", "float64"]


def _written(array, **options):
    stream = io.BytesIO()
    options.setdefault("photometric", "rgb" if array.ndim == 3 and array.shape[2] in (3, 4) else "minisblack")
    tifffile.imwrite(stream, array, metadata=None, **options)
    return stream.getvalue()


def _by_hand(columns, rows, bits, body, *, order="<", photometric=1, compression=1, samples=1, extra=()):
    """A TIFF of one strip; `extra` are entries of tag, type, and numbers."""
    entries = {
        256: (4, [columns]), 257: (4, [rows]), 258: (3, [bits] * samples), 259: (3, [compression]),
        262: (3, [photometric]), 273: (4, [8]), 277: (3, [samples]), 278: (4, [rows]), 279: (4, [len(body)]),
    }  # fmt: skip
    entries |= {tag: (kind, values) for tag, kind, values in extra}
    body += b"\0" * (len(body) % 2)
    directory, values, at = b"", b"", 8 + len(body) + 6 + 12 * len(entries)
    for tag, (kind, numbers) in sorted(entries.items()):
        coded = struct.pack(f"{order}{len(numbers)}{ {1: 'B', 3: 'H', 4: 'I'}[kind] }", *numbers)
        if len(coded) > 4:
            values += coded + b"\0" * (len(coded) % 2)
            coded = struct.pack(f"{order}I", at + len(values) - len(coded) - len(coded) % 2)
        directory += struct.pack(f"{order}HHI", tag, kind, len(numbers)) + coded.ljust(4, b"\0")
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8 + len(body))
    return head + body + struct.pack(f"{order}H", len(entries)) + directory + bytes(4) + values


def _packed(samples, bits):
    rows = ["".join(f"{value:0{bits}b}" for value in row) for row in samples.reshape(len(samples), -1)]
    return b"".join(int(row.ljust(-(-len(row) // 8) * 8, "0"), 2).to_bytes(-(-len(row) // 8), "big") for row in rows)


@pytest.fixture
def array(rng):
    def array(dtype, *shape):
        if np.dtype(dtype).kind == "f":
            return rng.normal(0, 1000, shape).astype(dtype)
        limits = np.iinfo(dtype)
        return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)

    return array


@pytest.mark.parametrize("layout", [{}, {"rowsperstrip": 5}, {"tile": (16, 32)}], ids=["strip", "strips", "tiles"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("dtype", _GREY)
def test_grey_of_every_type(dtype, byteorder, layout, array, reading):
    samples = array(dtype, 31, 17)
    kind = np.dtype(dtype)
    for compression in (None, "lzw", "deflate", "zstd", "packbits"):
        for predictor in (False, True) if compression in ("lzw", "deflate", "zstd") else (False,):
            data = _written(samples, byteorder=byteorder, compression=compression, predictor=predictor, **layout)
            found = reading(data)
            np.testing.assert_array_equal(found.samples, samples, strict=True)
            assert (found.picture.signed, found.picture.is_float) == (kind.kind == "i", kind.kind == "f")
            assert found.picture.bits_stored == kind.itemsize * 8
            assert found.codes == []


def test_half_floats_become_single(array, reading):
    samples = array("float16", 9, 8)
    np.testing.assert_array_equal(reading(_written(samples)).samples, samples.astype(np.float32), strict=True)


@pytest.mark.parametrize("layout", [{}, {"rowsperstrip": 5}, {"tile": (16, 32)}], ids=["strip", "strips", "tiles"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_colour(dtype, planar, layout, array, reading):
    samples = array(dtype, 31, 17, 3)
    stored = np.moveaxis(samples, 2, 0) if planar == "separate" else samples
    for compression in (None, "lzw", "deflate"):
        for byteorder in "<>":
            data = _written(
                stored, planarconfig=planar, compression=compression, predictor=bool(compression), byteorder=byteorder,
                photometric="rgb", bigtiff=byteorder == "<", **layout,
            )  # fmt: skip
            np.testing.assert_array_equal(reading(data).samples, samples, strict=True)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("fill_order", [1, 2])
@pytest.mark.parametrize("bits", [1, 2, 3, 4, 6, 8, 10, 12, 14, 16])
def test_bits(bits, fill_order, order, rng, reading):
    samples = rng.integers(0, 1 << bits, (5, 11))
    body = samples.astype(f"{order}u2").tobytes() if bits == 16 else _packed(samples, bits)
    if fill_order == 2:
        body = bytes(int(f"{byte:08b}"[::-1], 2) for byte in body)
    for photometric in (0, 1):
        data = _by_hand(11, 5, bits, body, order=order, photometric=photometric, extra=[(266, 3, [fill_order])])
        found = reading(data)
        expected = samples if photometric == 1 or bits >= 8 else (1 << bits) - 1 - samples
        assert found.picture.photometric_interpretation == f"MONOCHROME{2 if photometric == 1 or bits < 8 else 1}"
        if bits < 8:
            expected = expected * 255 // ((1 << bits) - 1)
        np.testing.assert_array_equal(found.samples, expected)
        assert found.picture.bits_stored == max(8, bits)
        assert found.picture.bits_allocated == (8 if bits <= 8 else 16)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_palettes(bits, rng, reading):
    samples = rng.integers(0, 1 << bits, (5, 11))
    palette = rng.integers(0, 65536, (3, 1 << bits))
    body = samples.astype("<u2").tobytes() if bits == 16 else _packed(samples, bits)
    data = _by_hand(11, 5, bits, body, photometric=3, extra=[(320, 3, palette.reshape(-1).tolist())])
    np.testing.assert_array_equal(reading(data).samples, (palette.T >> 8)[samples])
    if bits in (4, 8):
        np.testing.assert_array_equal(reading(data).samples, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
    greys = np.stack([palette[0]] * 3)
    data = _by_hand(11, 5, bits, body, photometric=3, extra=[(320, 3, greys.reshape(-1).tolist())])
    np.testing.assert_array_equal(reading(data).samples, (palette[0] >> 8)[samples])
    small = palette >> 8
    data = _by_hand(11, 5, bits, body, photometric=3, extra=[(320, 3, small.reshape(-1).tolist())])
    np.testing.assert_array_equal(reading(data).samples, small.T[samples])
    with pytest.raises(ConversionError, match="palette"):
        reading(_by_hand(11, 5, bits, body, photometric=3))


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt", "packbits", "tiff_lzw", "raw"])
def test_single_bits_of_fax(compression, photo, encode, reading):
    picture = photo.convert("1")
    data = encode(picture, "TIFF", compression=compression)
    np.testing.assert_array_equal(reading(data).samples, np.asarray(picture.convert("L")))


@pytest.mark.parametrize("mode", ["CMYK", "LAB", "YCbCr", "RGBX"])
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_other_colours_are_as_pillow_converts_them(mode, compression, photo, encode, reading):
    picture = photo.convert(mode) if mode != "LAB" else Image.frombytes("LAB", photo.size, photo.tobytes())
    data = encode(picture, "TIFF", compression=compression)
    np.testing.assert_array_equal(reading(data).samples, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))


def test_inks_of_16_bits(array, reading):
    inks = array("uint16", 5, 7, 4)
    data = _written(inks, photometric="separated")
    expected = (65535 - inks[..., :3].astype(float)) * (65535 - inks[..., 3:].astype(float)) / 65535
    assert np.abs(reading(data).samples - expected).max() <= 1


@pytest.mark.parametrize(
    ("compression", "photometric", "method"),
    [("jpeg", "minisblack", "ISO_10918_1"), ("jpeg", "rgb", "ISO_10918_1"), ("jpeg", "ycbcr", "ISO_10918_1"),
     ("jpeg2000", "rgb", None), ("jpeg2000", "minisblack", None), ("webp", "rgb", None)],
)  # fmt: skip
@pytest.mark.parametrize("layout", [{}, {"tile": (16, 32)}], ids=["strip", "tiles"])
def test_coded_pictures(compression, photometric, method, layout, photo, reading):
    samples = np.asarray(photo) if photometric != "minisblack" else np.asarray(photo)[..., 0]
    if method is None:
        options = {"compressionargs": {"reversible": True} if compression == "jpeg2000" else {"lossless": True}}
    else:
        options = {"compressionargs": {"level": 90}}
    data = _written(samples, compression=compression, photometric=photometric, **options, **layout)
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        theirs = tiff.pages.first.asarray()
    found = reading(data)
    np.testing.assert_array_equal(found.samples, theirs)
    assert found.picture.lossy_method == method
    assert (found.picture.lossy_bytes is None) == (method is None)
    if method is None:
        np.testing.assert_array_equal(found.samples, samples)


def test_lossy_jpeg_2000_and_webp_say_so(photo, reading):
    samples = np.asarray(photo)
    data = _written(samples, compression="jpeg2000", compressionargs={"reversible": False, "level": 30})
    assert reading(data).picture.lossy_method == "ISO_15444_1"
    data = _written(samples, compression="webp", compressionargs={"lossless": False, "level": 50})
    assert reading(data).picture.lossy_method == "RFC_6386"


def test_jpeg_of_libtiff(photo, encode, reading):
    data = encode(photo, "TIFF", compression="jpeg", quality=90)
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        np.testing.assert_array_equal(reading(data).samples, tiff.pages.first.asarray())


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("kind", [1, 2])
def test_alpha(bits, kind, rng, reading):
    top = (1 << bits) - 1
    samples = rng.integers(0, top, (4, 6, 4), endpoint=True)
    samples[0, :, 3], samples[1, :, 3] = 0, top
    if kind == 1:
        samples[..., :3] = samples[..., :3] * samples[..., 3:] // top
    body = samples.astype("<u2").tobytes() if bits == 16 else _packed(samples, bits)
    data = _by_hand(6, 4, bits, body, photometric=2, samples=4, extra=[(338, 3, [kind])])
    found = reading(data, background=0)
    assert found.codes == ["alpha"]
    scale = (255 if bits == 8 else 65535) / top
    expected = samples[..., :3] * (1 if kind == 1 else samples[..., 3:] / top) * scale
    assert np.abs(found.samples - expected).max() <= 1 + scale
    assert (found.samples[0] == 0).all()
    np.testing.assert_array_equal(found.samples[1], np.rint(samples[1, :, :3] * scale))


@pytest.mark.parametrize("photometric", ["rgb", "minisblack", "miniswhite"])
@pytest.mark.parametrize("dtype", ["uint8", ">u2"])
def test_colours_that_alpha_was_multiplied_into(dtype, photometric, rng, reading):
    """Nothing is divided: over black, they are what is shown."""
    top = np.iinfo(dtype).max
    alpha = rng.integers(0, top, (31, 17, 1))
    colours = (rng.random((31, 17, 3 if photometric == "rgb" else 1)) * alpha).astype(int)
    stored = np.dstack([alpha - colours if photometric == "miniswhite" else colours, alpha]).astype(dtype)
    found = reading(_written(stored, photometric=photometric, extrasamples=["assocalpha"]), background=0)
    assert found.codes == (["inverted", "alpha"] if photometric == "miniswhite" else ["alpha"])
    np.testing.assert_array_equal(np.atleast_3d(found.samples), colours)


def test_samples_that_are_neither_colour_nor_alpha(array, reading):
    samples = array("uint8", 5, 7, 5)
    found = reading(_written(samples, photometric="rgb", extrasamples=["unspecified", "unspecified"]))
    assert found.codes == ["extra-samples"]
    np.testing.assert_array_equal(found.samples, samples[..., :3])


@pytest.mark.parametrize("layout", [{}, {"rowsperstrip": 9}, {"tile": (16, 32)}], ids=["strip", "strips", "tiles"])
@pytest.mark.parametrize("compression", ["lzw", "deflate"])
@pytest.mark.parametrize("dtype", ["uint8", "int8", ">u2", "<u2", "<i2", ">u4", "<f4", ">f4", ">f8"])
@pytest.mark.parametrize("shape", [(31, 17), (31, 17, 3), (3, 31, 17), (1, 1), (200, 300)])
def test_segments_equal_what_tifffile_decodes(shape, dtype, compression, layout, rng):
    samples = np.cumsum(rng.integers(0, 5, shape), axis=1).astype(dtype)
    order = ">" if dtype.startswith(">") else "<"
    colours = (
        {"photometric": "rgb", "planarconfig": "separate" if shape[0] == 3 else "contig"} if len(shape) == 3 else {}
    )
    for predictor in (False, True):
        data = _written(samples, byteorder=order, compression=compression, predictor=predictor, **colours, **layout)
        with tifffile.TiffFile(io.BytesIO(data)) as tiff:
            page = tiff.pages.first
            ours = decode_segments(page, data)
            assert ours is not None
            np.testing.assert_array_equal(ours.reshape(page.shape), page.asarray(), strict=True)


@pytest.mark.parametrize("fill_order", [1, 2])
@pytest.mark.parametrize("bits", [1, 4, 12])
def test_packed_bits_of_lzw(bits, fill_order, rng, reading):
    samples = rng.integers(0, 1 << bits, (5, 11))
    body = imagecodecs.lzw_encode(_packed(samples, bits))
    if fill_order == 2:
        body = bytes(int(f"{byte:08b}"[::-1], 2) for byte in body)
    data = _by_hand(11, 5, bits, body, compression=5, extra=[(266, 3, [fill_order])])
    scale = 255 // ((1 << bits) - 1) if bits < 8 else 1
    np.testing.assert_array_equal(reading(data).samples, samples * scale)


def test_segments_that_hold_more_are_read(rng, reading):
    samples = rng.integers(0, 256, (5, 11))
    for compression, encode in ((5, imagecodecs.lzw_encode), (8, imagecodecs.zlib_encode)):
        body = encode(_packed(samples, 8) + bytes(99))
        np.testing.assert_array_equal(reading(_by_hand(11, 5, 8, body, compression=compression)).samples, samples)
        body = encode(_packed(samples, 8)[:-1])
        with pytest.raises(ConversionError, match="ends early"):
            reading(_by_hand(11, 5, 8, body, compression=compression))


def test_the_rest_is_decoded_by_tifffile(array):
    for options in ({}, {"compression": "zstd"}, {"compression": "packbits"}):
        data = _written(array("uint8", 31, 17), **options)
        with tifffile.TiffFile(io.BytesIO(data)) as tiff:
            assert decode_segments(tiff.pages.first, data) is None


def test_resolution(array, reading):
    data = _written(array("uint8", 5, 7), resolution=(100, 50), resolutionunit="CENTIMETER")
    resolution = reading(data).picture.resolution
    assert (round(resolution.x), round(resolution.y), resolution.absolute) == (254, 127, True)
    data = _written(array("uint8", 5, 7), resolution=(2, 1), resolutionunit="NONE")
    assert not reading(data).picture.resolution.absolute


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"compression": "lzma"}, "compression 34925"),
        ({"compression": "png"}, "compression 34933"),
        ({"photometric": "cfa"}, "photometric 32803"),
    ],
)
def test_kinds_that_are_not_converted(options, message, array, reading):
    with pytest.raises(ConversionError, match=message):
        reading(_written(array("uint8", 16, 16), **options))


@pytest.mark.parametrize("dtype", ["complex64", "int64", "uint64"])
def test_samples_that_dicom_has_no_place_for(dtype, reading):
    with pytest.raises(ConversionError, match="is not converted"):
        reading(_written(np.ones((5, 7), dtype)))
    with pytest.raises(ConversionError, match="is not converted"):
        reading(_written(np.ones((5, 7, 3), np.float32)))
