"""Decoding into an array that is given: it holds the picture or is refused, whatever the codec."""

import numpy as np
import pytest

from filmless import pixels
from filmless.pixels.decoding import Frames
from filmless.pixels.transcoding import transcode

_SYNTAXES = [
    "ExplicitVRLittleEndian",
    "RLELossless",
    "JPEGLosslessSV1",
    "JPEGLSLossless",
    "JPEG2000Lossless",
    "HTJ2KLossless",
    "JPEGXLLossless",
    "DeflatedImageFrameCompression",
]


@pytest.fixture(params=_SYNTAXES)
def stored(request, image):
    pictures = ((np.arange(2 * 16 * 12) * 37) % 4096).astype("<u2").reshape(2, 16, 12)
    attributes = {"Rows": 16, "Columns": 12, "BitsAllocated": 16, "BitsStored": 12, "NumberOfFrames": 2}
    return transcode(image(pictures.tobytes(), vr="OW", **attributes), request.param), pictures


def _arrays(shape):
    """Arrays that fit but for their layout."""
    yield np.zeros(shape, np.uint16)
    yield np.zeros((*shape[:-1], 2 * shape[-1]), np.uint16)[..., ::2]
    yield np.zeros(shape, np.uint16, order="F")
    yield np.zeros(shape, np.uint16)[..., ::-1]


def test_every_layout_is_filled(stored):
    ds, pictures = stored
    for out in _arrays(pictures.shape):
        assert pixels.decode(ds, out=out) is out
        np.testing.assert_array_equal(out, pictures)
    for out in _arrays(pictures.shape[1:]):
        assert pixels.decode(ds, frame=1, out=out) is out
        np.testing.assert_array_equal(out, pictures[1])


@pytest.mark.parametrize(
    "out",
    [
        np.zeros((12, 16), np.uint16),
        np.zeros((16 * 12,), np.uint16),
        np.zeros((17, 12), np.uint16),
        np.zeros((16, 12), np.int16),
        np.zeros((16, 12), ">u2"),
        np.zeros((16, 24), np.uint8),
    ],
    ids=["turned", "flat", "larger", "signed", "swapped", "bytes"],
)
def test_what_does_not_fit_is_refused(out, stored):
    ds, pictures = stored
    with pytest.raises(ValueError, match="`out` has shape"):
        pixels.decode(ds, frame=0, out=out)
    with pytest.raises(ValueError, match="`out` has shape"):
        pixels.decode(ds, out=np.stack([out, out]).astype(out.dtype))
    np.testing.assert_array_equal(Frames(ds).decoded(0, out).samples, pictures[0])


def test_what_is_read_only_is_refused(stored):
    ds, pictures = stored
    for out, frame in ((np.zeros_like(pictures), None), (np.zeros_like(pictures[0]), 0)):
        out.flags.writeable = False
        with pytest.raises(ValueError, match="read-only"):
            pixels.decode(ds, frame=frame, out=out)
        assert not out.any()
