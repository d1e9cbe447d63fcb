"""Uncompressed samples in every arrangement, and descriptions that cannot be right."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from filmless import pixels, read
from filmless.errors import GeometryError, PixelError, UnsupportedError
from filmless.file import encode

_COLOUR = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}


@pytest.mark.parametrize("dtype", ["u1", "i1", "<u2", "<i2", "<u4", "<i4"])
def test_grey(dtype, image):
    array = (np.arange(6).reshape(2, 3) * 20 - 50).astype(dtype)
    signed = int(array.dtype.kind == "i")
    ds = image(array.tobytes(), BitsAllocated=array.itemsize * 8, PixelRepresentation=signed)
    out = pixels.decode(ds)
    np.testing.assert_array_equal(out, array)
    assert out.dtype == array.dtype.newbyteorder("=")
    out[0, 0] = 1  # it is the caller's


@pytest.mark.parametrize(("bits", "vr"), [(8, "OB"), (8, "OW"), (16, "OW")])
def test_big_endian(bits, vr, image):
    array = (np.arange(6) * 40).reshape(2, 3).astype(f"<u{bits // 8}")
    ds = image(array.tobytes(), vr=vr, BitsAllocated=bits)
    swapped = read(encode(ds, transfer_syntax="ExplicitVRBigEndian"))
    assert (swapped.PixelData == ds.PixelData) == (vr == "OB")
    np.testing.assert_array_equal(pixels.decode(swapped), array)


@pytest.mark.parametrize("by_plane", [0, 1])
def test_colour_by_pixel_and_by_plane(by_plane, image):
    array = np.arange(2 * 2 * 3 * 3, dtype=np.uint8).reshape(2, 2, 3, 3)
    stored = array.transpose(0, 3, 1, 2) if by_plane else array
    ds = image(stored.tobytes(), NumberOfFrames=2, **_COLOUR | {"PlanarConfiguration": by_plane})
    np.testing.assert_array_equal(pixels.decode(ds), array)
    np.testing.assert_array_equal(pixels.decode(ds, frame=1), array[1])


@pytest.mark.parametrize(("bits", "high"), [(12, 11), (12, 15), (12, 13), (1, 0), (15, 14)])
@pytest.mark.parametrize("signed", [0, 1])
def test_bits_that_hold_no_sample_are_dropped(bits, high, signed, image):
    low = -(1 << bits - 1) if signed else 0
    values = np.array([[low, low + 1, 0], [(1 << bits) - 1 + low, 0, 0]], dtype=np.int32).clip(low)
    shift = high + 1 - bits
    mask = ((1 << bits) - 1) << shift
    stored = (((values << shift) & mask) | (~mask & 0xFFFF)).astype("<u2")  # all other bits are set
    ds = image(stored.tobytes(), BitsAllocated=16, BitsStored=bits, HighBit=high, PixelRepresentation=signed)
    np.testing.assert_array_equal(pixels.decode(ds), values)


@given(arrays.arrays(np.uint8, st.tuples(*[st.integers(1, 7)] * 3), elements=st.integers(0, 1)))
def test_single_bits_share_bytes(image, array):
    shape = array.shape
    stored = np.packbits(array.ravel(), bitorder="little").tobytes()
    ds = image(stored, BitsAllocated=1, NumberOfFrames=shape[0], Rows=shape[1], Columns=shape[2])
    np.testing.assert_array_equal(pixels.decode(ds), array[0] if shape[0] == 1 else array)
    for frame in range(shape[0]):
        np.testing.assert_array_equal(pixels.decode(ds, frame=frame), array[frame])


def test_subsampled_colour(image):
    colour = {**_COLOUR, "PhotometricInterpretation": "YBR_FULL_422", "Rows": 1}
    ds = image(bytes([10, 20, 100, 200, 30, 40, 110, 210]), Columns=3, **colour)
    expected = [[[10, 100, 200], [20, 100, 200], [30, 110, 210]]]
    assert pixels.decode(ds, as_rgb=False).tolist() == expected
    grey = image(bytes([10, 20, 128, 128, 30, 255, 128, 128]), Columns=4, **colour)
    assert pixels.decode(grey).tolist() == [[[value] * 3 for value in (10, 20, 30, 255)]]


def test_ybr_to_rgb_is_the_standards_equation():
    levels = np.arange(0, 256, 5, dtype=np.uint8)
    ybr = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1)
    y, cb, cr = (ybr[..., channel].astype(float) for channel in range(3))
    exact = np.stack(
        [y + 1.402 * (cr - 128), y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128), y + 1.772 * (cb - 128)], axis=-1
    )
    from filmless.pixels.colour import ybr_to_rgb

    assert np.abs(ybr_to_rgb(ybr) - exact.clip(0, 255)).max() <= 0.502


@pytest.mark.parametrize(
    ("attributes", "named"),
    [
        ({"Rows": 0}, "Rows is 0"),
        ({"Rows": None}, "Rows is absent"),
        ({"Columns": None}, r"Columns is absent or empty: \(0028,0011\)"),
        ({"BitsAllocated": 24}, "BitsAllocated is 24"),
        ({"BitsAllocated": 255}, "BitsAllocated is 255"),
        ({"BitsAllocated": 0, "BitsStored": 8}, "BitsAllocated is 0"),
        ({"BitsStored": 9}, "BitsStored is 9"),
        ({"SamplesPerPixel": 3}, "SamplesPerPixel does not fit"),
        ({"SamplesPerPixel": 0}, "SamplesPerPixel is 0"),
        ({"PixelRepresentation": 2}, "PixelRepresentation is 2"),
        ({"NumberOfFrames": -1}, "NumberOfFrames is -1"),
        ({"Rows": [2, 2]}, "Rows is not one whole number"),
    ],
)
def test_nonsense(attributes, named, image):
    with pytest.raises(GeometryError, match=named):
        pixels.decode(image(bytes(6), **attributes))


@pytest.mark.parametrize(
    "attributes",
    [
        {"Rows": 46_341, "Columns": 46_341},
        {"Rows": 65_535, "Columns": 65_535},
        {"Rows": 4096, "Columns": 4096, "BitsAllocated": 16, "NumberOfFrames": 128},
        {"Rows": 4096, "Columns": 4096, "BitsAllocated": 16, "NumberOfFrames": 129},
        {"Rows": 65_535, "Columns": 65_535, "BitsAllocated": 64, "NumberOfFrames": 2**31 - 1},
        {"Rows": 65_535, "Columns": 65_535, "BitsAllocated": 1, "NumberOfFrames": 2**31 - 1},
    ],
)
def test_sizes_that_wrap(attributes, image):
    with pytest.raises(PixelError, match="pixel data has 16 bytes, expected") as caught:
        pixels.decode(image(bytes(16), **attributes))
    assert caught.value.frame == 0


def test_truncated_data_names_the_frame_and_keeps_the_others(image):
    ds = image(bytes(range(14)), NumberOfFrames=3)
    with pytest.raises(PixelError) as caught:
        pixels.decode(ds)
    assert caught.value.frame == 2
    assert pixels.decode(ds, frame=1).tolist() == [[6, 7, 8], [9, 10, 11]]
    for frame in (-1, 3):
        with pytest.raises(PixelError, match="does not exist"):
            pixels.decode(ds, frame=frame)


def test_no_pixels(image):
    ds = image(b"")
    del ds.PixelData
    with pytest.raises(PixelError, match="no pixel data"):
        pixels.decode(ds)
    ds.FloatPixelData = np.arange(6, dtype="<f4").tobytes()
    assert pixels.decode(ds).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_unknown_transfer_syntax(image):
    with pytest.raises(UnsupportedError) as caught:
        pixels.decode(image(bytes(6), syntax="1.2.3"))
    assert caught.value.uid == "1.2.3"


@pytest.mark.parametrize("bits", [16, 32])
def test_words_in_ob_are_turned_around_with_the_byte_order(bits, image, tmp_path):
    import filmless

    array = np.arange(6, dtype=f"<u{bits // 8}").reshape(2, 3) * 1000
    ds = image(array.tobytes(), BitsAllocated=bits)
    filmless.write(ds, tmp_path / "big.dcm", transfer_syntax="ExplicitVRBigEndian")
    big = filmless.read(tmp_path / "big.dcm")
    np.testing.assert_array_equal(big.pixel_array, array)
    filmless.write(big, tmp_path / "little.dcm", transfer_syntax="ExplicitVRLittleEndian")
    np.testing.assert_array_equal(filmless.read(tmp_path / "little.dcm").pixel_array, array)
    assert filmless.read(tmp_path / "little.dcm").PixelData == ds.PixelData
