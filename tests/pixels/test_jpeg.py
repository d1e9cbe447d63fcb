"""JPEG Baseline: frames found among fragments, and damage never taken for a picture."""

import io

import numpy as np
import pytest
from PIL import Image

from filmless import pixels
from filmless.errors import CodecError, GeometryError, PixelError

_BASELINE = "1.2.840.10008.1.2.4.50"
_COLOUR = {"SamplesPerPixel": 3, "PhotometricInterpretation": "YBR_FULL_422", "PlanarConfiguration": 0}


def _jpeg(value=0, size=(24, 16), mode="L", **options):
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    picture = Image.fromarray((x * 3 + y * 5 + value).astype(np.uint8)).convert(mode)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", **options)
    return stream.getvalue()


def _pillow(data):
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.fixture
def jpeg_image(image):
    return lambda value, **attributes: image(value, syntax=_BASELINE, **{"Rows": 16, "Columns": 24} | attributes)


def test_frames_among_fragments(jpeg_image, encapsulate):
    streams = [_jpeg(0), _jpeg(50), _jpeg(100)]
    even = [stream + b"\0" * (len(stream) % 2) for stream in streams]
    halves = [part for stream in even for part in (stream[:100], stream[100:200], stream[200:])]
    starts = tuple(np.cumsum([0] + [len(stream) + 24 for stream in even[:-1]]).tolist())
    values = [
        encapsulate(*streams),
        encapsulate(*halves, table=starts),
        encapsulate(*halves),
        encapsulate(*halves, table=(0, 5, 7)),  # no fragment starts there
        encapsulate(*halves, table=(0, 0, 0)),
        encapsulate(*halves) + b"\xfe\xff\xdd\xe0\0\0\0\0",
    ]
    expected = np.stack([_pillow(stream) for stream in streams])
    for value in values:
        ds = jpeg_image(value, NumberOfFrames=3)
        np.testing.assert_array_equal(pixels.decode(ds), expected)
        np.testing.assert_array_equal(pixels.decode(ds, frame=2), expected[2])
    single = jpeg_image(encapsulate(*halves[:3]))
    np.testing.assert_array_equal(pixels.decode(single), expected[0])


def test_missing_frames(jpeg_image, encapsulate):
    with pytest.raises(PixelError, match="1 of 2 frames") as caught:
        pixels.decode(jpeg_image(encapsulate(_jpeg()), NumberOfFrames=2))
    assert caught.value.frame == 1


@pytest.mark.parametrize("value", [b"", b"\0" * 7, b"\xff\xd8" * 20, b"\xfe\xff\x00\xe0\xfe\xff\xff\xff"])
def test_what_is_not_encapsulated(value, jpeg_image):
    with pytest.raises(PixelError):
        pixels.decode(jpeg_image(value))


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_colour(subsampling, jpeg_image, encapsulate):
    data = _jpeg(mode="RGB", subsampling=subsampling)
    ds = jpeg_image(encapsulate(data), **_COLOUR)
    np.testing.assert_array_equal(pixels.decode(ds), _pillow(data))
    raw = Image.open(io.BytesIO(data))
    raw.draft("YCbCr", raw.size)
    np.testing.assert_array_equal(pixels.decode(ds, as_rgb=False), np.asarray(raw))


def test_the_stream_knows_its_colours_better(jpeg_image, encapsulate):
    rgb, ybr = _jpeg(mode="RGB", keep_rgb=True, quality=95), _jpeg(mode="RGB")
    for data in (rgb, ybr):
        for named in ("RGB", "YBR_FULL_422", "YBR_FULL"):
            ds = jpeg_image(encapsulate(data), **_COLOUR | {"PhotometricInterpretation": named})
            np.testing.assert_array_equal(pixels.decode(ds), _pillow(data))


def test_every_truncation_is_a_codec_error(jpeg_image, encapsulate):
    data = _jpeg()
    for size in range(len(data)):
        with pytest.raises(CodecError) as caught:
            pixels.decode(jpeg_image(encapsulate(data[:size])))
        assert caught.value.frame == 0


def test_streams_of_another_size(jpeg_image, encapsulate):
    for size in ((1, 1), (24, 17), (25, 16)):
        with pytest.raises(GeometryError, match="JPEG stream has rows"):
            pixels.decode(jpeg_image(encapsulate(_jpeg(size=size))))
    with pytest.raises(GeometryError, match="samples"):
        pixels.decode(jpeg_image(encapsulate(_jpeg(mode="RGB"))))


def test_a_short_stream_of_a_huge_size(jpeg_image, encapsulate):
    data = bytearray(_jpeg())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(CodecError, match="too short for its size"):
        pixels.decode(jpeg_image(encapsulate(bytes(data)), Rows=65535, Columns=65535))


def test_other_processes(jpeg_image, encapsulate):
    import imagecodecs

    lossless = imagecodecs.jpeg8_encode(np.zeros((16, 24), np.uint8), lossless=True)
    with pytest.raises(CodecError, match="cosine transform"):
        pixels.decode(jpeg_image(encapsulate(lossless)))
