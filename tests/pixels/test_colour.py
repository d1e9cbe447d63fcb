"""Colours to RGB, and RGB to sRGB."""

import numpy as np
import pytest
from PIL import Image, ImageCms

from filmless import Dataset, pixels
from filmless.errors import DicomError, PixelError, UnsupportedError
from filmless.pixels.colour import apply_icc, icc_profile_of, to_rgb, ybr_to_rgb

# PS3.3 C.7.6.3.1.2
FULL = np.array([[0.2990, 0.5870, 0.1140], [-0.1687, -0.3313, 0.5000], [0.5000, -0.4187, -0.0813]])
PARTIAL = np.array([[0.2568, 0.5041, 0.0979], [-0.1482, -0.2910, 0.4392], [0.4392, -0.3678, -0.0714]])


def _colours(bits, count=500):
    return np.random.default_rng(3).integers(0, 1 << bits, (count, 3))


@pytest.fixture
def colour(image):
    def colour(samples, photometric, bits=8):
        samples = np.asarray(samples)
        more = {"SamplesPerPixel": 3, "PhotometricInterpretation": photometric, "PlanarConfiguration": 0}
        allocated = 8 if bits <= 8 else 16
        data = samples.astype(f"<u{allocated // 8}").tobytes()
        return image(data, Rows=1, Columns=samples.size // 3, BitsAllocated=allocated, BitsStored=bits, **more)

    return colour


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize(
    ("kind", "matrix", "offsets"), [("full", FULL, (0, 128, 128)), ("partial", PARTIAL, (16, 128, 128))]
)
def test_what_the_standard_encodes_is_undone(kind, matrix, offsets, bits):
    rgb, step = _colours(bits), 1 << (bits - 8)
    # Its matrices are for 8 bits; studio range is a part of all values, and shifted by the further bits.
    part = 255 * step / ((1 << bits) - 1) if kind == "partial" else 1
    ybr = np.floor(rgb @ matrix.T * part + np.array(offsets) * step + 0.5).clip(0, (1 << bits) - 1)
    back = ybr_to_rgb(ybr.astype("u1" if bits == 8 else "u2"), kind=kind, bits=bits)
    # Its coefficients have four digits.
    assert np.abs(back.astype(int) - rgb).max() <= 2 + step / 8


def test_as_libjpeg():
    """Pillow converts by libjpeg's tables; every luminance with a grid of the differences."""
    grid = np.stack(np.meshgrid(np.arange(256), np.arange(0, 256, 5), np.arange(0, 256, 5)), -1).astype(np.uint8)
    theirs = np.asarray(Image.fromarray(grid.reshape(256, -1, 3), "YCbCr").convert("RGB")).reshape(grid.shape)
    assert np.abs(ybr_to_rgb(grid).astype(int) - theirs).max() <= 1


@pytest.mark.parametrize("bits", [8, 10, 16])
def test_reversible(bits):
    red, green, blue = _colours(bits - 1).T  # whose differences fit
    half = 1 << (bits - 1)
    ybr = np.stack([(red + 2 * green + blue) // 4, blue - green + half, red - green + half], -1)
    back = ybr_to_rgb(ybr.astype("u1" if bits == 8 else "u2"), kind="reversible", bits=bits)
    assert back.tolist() == np.stack([red, green, blue], -1).tolist()


def test_not_contiguous_and_other_byte_order():
    samples = np.random.default_rng(1).integers(0, 256, (6, 4, 3), dtype=np.uint8)
    planes = np.ascontiguousarray(samples.transpose(2, 0, 1)).transpose(1, 2, 0)
    assert ybr_to_rgb(planes).tolist() == ybr_to_rgb(samples).tolist()
    wide = samples.astype("u2")
    assert ybr_to_rgb(wide.astype(">u2"), bits=8).tolist() == ybr_to_rgb(wide, bits=8).tolist()
    with pytest.raises(UnsupportedError, match="signed"):
        ybr_to_rgb(samples.astype(np.int8))


@pytest.mark.parametrize(
    ("photometric", "pixel", "expected"),
    [
        ("RGB", [1, 2, 3], [1, 2, 3]),
        ("YBR_FULL", [76, 85, 255], [254, 0, 0]),
        ("YBR_ICT", [76, 85, 255], [254, 0, 0]),
        ("YBR_RCT", [75, 78, 178], [125, 75, 25]),
    ],
)
def test_photometric_interpretations(colour, photometric, pixel, expected):
    ds = colour([pixel] * 2, photometric)
    assert pixels.render(ds)[0].tolist() == [expected] * 2
    assert to_rgb(ds, np.array([pixel], "u1")).tolist() == [expected]


def test_subsampled(image):
    more = {"SamplesPerPixel": 3, "PlanarConfiguration": 0, "Rows": 2, "Columns": 2}
    full = image(bytes([76, 76, 85, 255] * 2), PhotometricInterpretation="YBR_FULL_422", **more)
    assert pixels.render(full).tolist() == [[[254, 0, 0]] * 2] * 2
    partial = image(bytes([16, 235, 128, 128] * 2), PhotometricInterpretation="YBR_PARTIAL_422", **more)
    assert pixels.render(partial).tolist() == [[[0] * 3, [255] * 3]] * 2
    partial = image(bytes([16, 235, 16, 235, 128, 128]), PhotometricInterpretation="YBR_PARTIAL_420", **more)
    assert pixels.render(partial).tolist() == [[[0] * 3, [255] * 3]] * 2


def test_16_bits(colour):
    assert pixels.render(colour([0, 0x1234, 0xFFFF], "RGB", 16))[0, 0].tolist() == [0, 0x12, 0xFF]
    assert pixels.render(colour([0, 0x123, 0xFFF], "RGB", 12))[0, 0].tolist() == [0, 0x12, 0xFF]
    assert pixels.render(colour([0, 5, 15], "RGB", 4))[0, 0].tolist() == [0, 85, 255]
    ybr = colour([19595, 21709, 65535], "YBR_FULL", 16)
    assert to_rgb(ybr, pixels.decode(ybr, as_rgb=False))[0, 0].tolist() == [65534, 1, 0]
    assert pixels.render(ybr)[0, 0].tolist() == [255, 0, 0]


def test_what_has_no_colours(image, colour):
    with pytest.raises(UnsupportedError, match="MONOCHROME2 cannot be shown in colour"):
        to_rgb(image(bytes(6)), np.zeros((2, 3), "u1"))
    ds = colour([1, 2, 3], "RGB")
    ds.PixelRepresentation = 1
    with pytest.raises(PixelError, match="colour samples are signed"):
        pixels.render(ds)
    ds.PixelRepresentation, ds.PhotometricInterpretation, ds.SamplesPerPixel = 0, "CMYK", 4
    ds.PixelData = bytes(4)
    with pytest.raises(DicomError, match=r"CMYK|4 samples"):
        pixels.render(ds)


def test_icc(colour):
    ds = colour([[200, 30, 60]] * 2, "RGB")
    assert icc_profile_of(ds) is None
    assert pixels.render(ds, icc=True).tolist() == pixels.render(ds).tolist()
    ds.ICCProfile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.abs(pixels.render(ds, icc=True).astype(int) - pixels.render(ds)).max() <= 1
    ds.ICCProfile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    with pytest.raises(PixelError, match="expected a profile of RGB"):
        pixels.render(ds, icc=True)
    ds.ICCProfile = b"\0" * 200
    with pytest.raises(PixelError, match="ICCProfile cannot be applied"):
        pixels.render(ds, icc=True)
    assert pixels.render(ds).shape == (1, 2, 3)
    ds.OpticalPathSequence = [Dataset({"ICCProfile": b"of the path"})]
    assert icc_profile_of(ds) == b"\0" * 200
    del ds.ICCProfile
    assert icc_profile_of(ds).rstrip(b"\0") == b"of the path"
    grey = np.zeros((2, 2, 3), np.uint8)
    assert apply_icc(Dataset(), grey) is grey
