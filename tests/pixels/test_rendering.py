"""Modality values, windows, palettes, pictures."""

import io

import numpy as np
import pytest
from PIL import Image

from filmless import pixels
from filmless.dataset import Dataset
from filmless.errors import PixelError
from filmless.pixels.overlays import Overlay
from filmless.pixels.rendering import thumbnail


def test_rescale(image):
    ds = image(bytes(6), RescaleSlope="2.5", RescaleIntercept="-1000")
    assert pixels.to_modality(ds, np.array([0, 2])).tolist() == [-1000, -995]
    plain = np.array([1, 2])
    assert pixels.to_modality(image(bytes(6), RescaleSlope="1", RescaleIntercept="0"), plain) is plain


def test_modality_lut(image):
    item = Dataset()
    item.add_new(0x0028_3002, "US", [4, 10, 16])
    item.add_new(0x0028_3006, "OW", np.array([5, 50, 500, 5000], "<u2").tobytes())
    ds = image(bytes(6), ModalityLUTSequence=[item])
    assert pixels.to_modality(ds, np.array([-3, 10, 11, 13, 900])).tolist() == [5, 5, 50, 5000, 5000]
    item.LUTData = b"\0\0"
    with pytest.raises(PixelError, match="LUTData has 1 entries"):
        pixels.to_modality(ds, np.array([0]))


def _standard(x, center, width, y_max=255):
    """The pseudo-code of PS3.3 C.11.2.1.2.1."""
    if x <= center - 0.5 - (width - 1) / 2:
        return 0
    if x > center - 0.5 + (width - 1) / 2:
        return y_max
    return ((x - (center - 0.5)) / (width - 1) + 0.5) * y_max


@pytest.mark.parametrize(("center", "width"), [(2048, 4096), (40, 400), (2048, 1), (0, 100), (0, 1), (0.5, 3)])
def test_linear_window(center, width):
    values = np.arange(-100, 5000, 7)
    expected = [_standard(value, center, width) for value in values]
    np.testing.assert_allclose(pixels.to_voi(values, (center, width)), expected, atol=1e-9)


def test_other_functions():
    values = np.array([-1e9, 0, 50, 100, 1e9])
    exact = pixels.to_voi(values, (50, 100), function="LINEAR_EXACT")
    assert exact.tolist() == [0, 0, 127.5, 255, 255]
    sigmoid = pixels.to_voi(values, (50, 100), function="SIGMOID")
    np.testing.assert_allclose(sigmoid, [0, 255 / (1 + np.e**2), 127.5, 255 / (1 + np.e**-2), 255])


@pytest.mark.parametrize(("function", "width"), [("LINEAR", 0.5), ("LINEAR_EXACT", 0), ("SIGMOID", -1)])
def test_too_narrow(function, width):
    with pytest.raises(ValueError, match="too small"):
        pixels.to_voi(np.zeros(1), (0, width), function=function)


def test_plain_grey_comes_out_as_it_is(image):
    assert pixels.render(image(bytes(range(6)))).tolist() == [[0, 1, 2], [3, 4, 5]]
    inverted = image(bytes(range(6)), PhotometricInterpretation="MONOCHROME1")
    assert pixels.render(inverted).tolist() == [[255, 254, 253], [252, 251, 250]]
    few = image(bytes([0, 5, 15, 15, 10, 0]), BitsStored=4)
    assert pixels.render(few).tolist() == [[0, 85, 255], [255, 170, 0]]


def test_windows(image):
    stored = np.array([[0, 100, 200], [300, 400, 4095]], "<u2")
    ds = image(stored.tobytes(), BitsAllocated=16, BitsStored=12)
    assert pixels.render(ds)[1].tolist() == [19, 25, 255]  # the values that are there
    assert pixels.render(ds, window="full").tolist() == pixels.render(ds).tolist()
    assert pixels.render(ds, window=(200.5, 201)).tolist() == [[0, 0, 128], [255, 255, 255]]
    ds.WindowCenter, ds.WindowWidth = [200.5, 9], [201, 9]
    assert pixels.render(ds).tolist() == [[0, 0, 128], [255, 255, 255]]
    ds.VOILUTFunction = "SIGMOID"
    assert 0 < pixels.render(ds)[0, 0] < 20
    ds.RescaleSlope, ds.RescaleIntercept = "1", "-200"
    assert pixels.render(ds, window="full").tolist() == pixels.render(ds, window="minmax").tolist()


def test_constant_image(image):
    assert pixels.render(image(b"\7\0" * 6, BitsAllocated=16)).tolist() == [[0] * 3] * 2


def test_palette(image):
    ds = image(bytes([0, 10, 11, 12, 13, 255]), PhotometricInterpretation="PALETTE COLOR")
    for index, colour in enumerate(("Red", "Green", "Blue")):
        ds.add_new(0x0028_1101 + index, "US", [3, 10, 16])
        words = np.array([0x0100, 0x8000, 0xFF00], "<u2") + index * 256 * (index < 2)
        ds.add_new(0x0028_1201 + index, "OW", words.astype("<u2").tobytes())
        del colour
    out = pixels.render(ds)
    assert out[..., 0].tolist() == [[1, 1, 128], [255, 255, 255]]
    assert out[..., 2].tolist() == [[1, 1, 128], [255, 255, 255]]
    assert pixels.decode(ds).tolist() == [[0, 10, 11], [12, 13, 255]]
    ds.BluePaletteColorLookupTableData = b"\0\0"
    with pytest.raises(PixelError, match="BluePaletteColorLookupTableData has 1 entries"):
        pixels.render(ds)


def test_16_bit_colour(image):
    stored = np.array([0, 0x1234, 0xFFFF] * 6, "<u2")
    colour = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}
    assert pixels.render(image(stored.tobytes(), BitsAllocated=16, **colour))[0, 0].tolist() == [0, 0x12, 0xFF]


def test_thumbnail(image):
    frames = np.stack([np.zeros((300, 600)), np.full((300, 600), 200), np.zeros((300, 600))]).astype(np.uint8)
    ds = image(frames.tobytes(), Rows=300, Columns=600, NumberOfFrames=3)
    small = Image.open(io.BytesIO(thumbnail(ds)))
    assert small.size == (256, 128)
    assert (np.asarray(small) == 200).all()
    del ds.PixelData
    assert thumbnail(ds) is None


@pytest.mark.parametrize("frame", [-1, 1, 10**9])
def test_frames_that_are_not_there(image, frame):
    with pytest.raises(PixelError, match=f"frame {frame} does not exist, expected 0 to 0"):
        pixels.render(image(bytes(6)), frame)


def test_overlays(image):
    ds = image(bytes(6), WindowCenter=128, WindowWidth=256)
    mask = np.array([[True, False, False], [False, False, True]])
    assert pixels.render(ds, overlays=[Overlay(mask)]).tolist() == (mask * 255).tolist()
    red = pixels.render(ds, overlays=[Overlay(mask, colour=(200, 0, 0))])
    assert red[0].tolist() == [[200, 0, 0], [0, 0, 0], [0, 0, 0]]
    ds.OverlayRows, ds.OverlayColumns, ds.OverlayType, ds.OverlayOrigin = 2, 3, "G", [1, 1]
    ds.OverlayBitsAllocated, ds.OverlayBitPosition = 1, 0
    ds.add_new("OverlayData", "OB", b"\x02\0")
    assert pixels.render(ds)[0].tolist() == [0, 255, 0]
    assert pixels.render(ds, overlays=[Overlay(mask)])[0].tolist() == [255, 255, 0]
    assert pixels.render(ds, overlays=False)[0].tolist() == [0, 0, 0]


def test_shutter(image):
    ds = image(bytes([9] * 6), ShutterShape="RECTANGULAR", ShutterLeftVerticalEdge=0, ShutterRightVerticalEdge=2)
    ds.ShutterUpperHorizontalEdge, ds.ShutterLowerHorizontalEdge = 0, 3
    assert pixels.render(ds).tolist() == [[9, 9, 0], [9, 9, 0]]


def test_presentation_state(image):
    ds = image(bytes([0, 10, 20, 30, 40, 50]), WindowCenter=5, WindowWidth=2)
    state = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.11.1", "PresentationLUTShape": "INVERSE"})
    window = Dataset({"WindowCenter": 25.5, "WindowWidth": 51})
    state.SoftcopyVOILUTSequence = [window]
    assert pixels.render(ds, presentation_state=state).tolist() == [[255, 204, 153], [102, 51, 0]]
    # What is asked for goes before the state, but its polarity stays.
    asked = pixels.render(ds, presentation_state=state, window=(5, 2))
    assert asked.tolist() == [[255, 0, 0], [0, 0, 0]]
    state.SOPClassUID = "1.2.840.10008.5.1.4.1.1.11.3"
    for index, colour in enumerate(("Red", "Green", "Blue")):
        state.add_new(0x0028_1101 + index, "US", [2, 0, 16])
        state.add_new(f"{colour}PaletteColorLookupTableData", "OW", [b"\0\0\0\xff", b"\0\xff\0\0", bytes(4)][index])
    coloured = pixels.render(ds, presentation_state=state)
    assert coloured.shape == (2, 3, 3)
    assert coloured[:, 2].tolist() == [[255, 0, 0], [0, 255, 0]]
    assert pixels.render(ds, presentation_state=state, size=30).shape[:2] == (20, 30)


@pytest.mark.parametrize(
    ("options", "error", "named"),
    [
        ({"window": (float("nan"), 4)}, ValueError, "not of finite numbers"),
        ({"window": (0, float("inf"))}, ValueError, "not of finite numbers"),
        ({"presentation_state": "state.dcm"}, TypeError, "a str was given"),
        ({"overlays": [np.zeros((2, 3), dtype=bool)]}, TypeError, "expected Overlay"),
    ],
)
def test_arguments_that_are_wrong(options, error, named, image):
    with pytest.raises(error, match=named):
        pixels.render(image(bytes(range(6))), **options)


@pytest.mark.parametrize("wrong", [{"colour": (1, 2)}, {"colour": (300, 0, 0)}, {"opacity": 3}, {"opacity": -0.1}])
def test_overlays_that_are_wrong(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Overlay(np.zeros((2, 3), dtype=bool), **wrong)
    with pytest.raises(ValueError, match="mask"):
        Overlay(np.zeros((2, 3), dtype=np.uint8))


def test_functions_that_are_wrong():
    with pytest.raises(ValueError, match="`FOO`, expected one of LINEAR"):
        pixels.to_voi(np.zeros(2), (40, 400), function="FOO")
    with pytest.raises(ValueError, match="`FOO`, expected IDENTITY"):
        pixels.to_presentation(np.zeros(2), "FOO")
