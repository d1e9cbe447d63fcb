"""APNG as browsers display it, against Pillow and against what the blending is by hand."""

import io
import itertools
import struct

import numpy as np
import pytest
from PIL import Image

from filmless.convert import to_dicom
from filmless.errors import ConversionError, LimitError


def _apng(png, frames, *, canvas=None, declared=None, poster=False, depth=8, colour_type=6):
    """Frames are (samples, left, top, disposal, blending)."""
    number, after, data = 0, b"", b""
    rows, columns = canvas or frames[0][0].shape[:2]
    for at, (samples, left, top, disposal, blending) in enumerate(frames):
        height, width = samples.shape[:2]
        head = struct.pack(">IIIIIHHBB", number, width, height, left, top, at + 1, 20, disposal, blending)
        number += 1
        coded = png.image_data(samples, depth, colour_type)
        if at == 0 and not poster:
            data = png.chunk(b"fcTL", head) + png.chunk(b"IDAT", coded)
            continue
        after += png.chunk(b"fcTL", head)
        for part in (coded[:9], coded[9:]):
            after += png.chunk(b"fdAT", struct.pack(">I", number) + part)
            number += 1
    if poster:
        data = png.chunk(b"IDAT", png.image_data(np.full((rows, columns, 4), 3), depth, colour_type))
    count = len(frames) if declared is None else declared
    header = png.chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, depth, colour_type, 0, 0, 0))
    control = png.chunk(b"acTL", struct.pack(">II", count, 0))
    return b"\x89PNG\r\n\x1a\n" + header + control + data + after + png.chunk(b"IEND")


@pytest.fixture
def frames(rng):
    """Regions of every disposal and blending; alpha all or nothing, so that nothing is rounded."""
    made = [(rng.integers(0, 256, (9, 8, 4)), 0, 0, 0, 0)]
    for disposal, blending in itertools.product((0, 1, 2), (0, 1)):
        made += [(rng.integers(0, 256, (4, 3, 4)), 2 + blending, 1 + disposal, disposal, blending)]
    for samples, *_ in made:
        samples[..., 3] = np.where(samples[..., 3] > 99, 255, 0)
    return made


@pytest.mark.parametrize("poster", [False, True])
def test_frames_are_composed_as_pillow_does(poster, frames, png, reading):
    data = _apng(png, frames, poster=poster)
    found = reading(data, background=(1, 2, 3))
    assert found.codes == (["default-image", "alpha"] if poster else ["alpha"])
    assert found.picture.frame_times_ms == tuple(50.0 * (at + 1) for at in range(len(frames)))
    with Image.open(io.BytesIO(data)) as image:
        for at, frame in enumerate(found.frames):
            image.seek(at + poster)
            shown = Image.new("RGBA", image.size, (1, 2, 3, 255))
            shown.alpha_composite(image.convert("RGBA"))
            np.testing.assert_array_equal(frame, np.asarray(shown)[..., :3])


def test_half_transparent_blending(png, reading):
    below, above = np.full((1, 1, 4), (200, 100, 0, 255)), np.full((1, 1, 4), (0, 0, 100, 51))
    found = reading(_apng(png, [(below, 0, 0, 0, 0), (above, 0, 0, 0, 1)]))
    assert found.frames[1].tolist() == [[[160, 80, 20]]]
    assert found.codes == []


def test_16_bits_grey_and_palettes(png, rng, reading):
    deep = [rng.integers(0, 65536, (5, 6, 2)) for _ in range(3)]
    for samples in deep:
        samples[..., 1] = 65535
    found = reading(_apng(png, [(samples, 0, 0, 0, 1) for samples in deep], depth=16, colour_type=4))
    np.testing.assert_array_equal(found.frames, np.stack(deep)[..., 0].astype(np.uint16), strict=True)
    plain = [rng.integers(0, 256, (5, 6)) for _ in range(3)]
    found = reading(_apng(png, [(samples, 0, 0, 0, 0) for samples in plain], colour_type=0))
    np.testing.assert_array_equal(found.frames, np.stack(plain))


def test_pillow_writes_and_a_dicom_file_holds_the_frames(rng, through_file):
    frames = [Image.fromarray(rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)) for _ in range(4)]
    stream = io.BytesIO()
    frames[0].save(stream, "PNG", save_all=True, append_images=frames[1:], duration=[10, 20, 30, 40])
    ds = through_file(stream.getvalue())
    assert ds.NumberOfFrames == 4
    np.testing.assert_array_equal(ds.pixel_array, np.stack([np.asarray(frame) for frame in frames]))


def test_one_frame_is_no_animation_and_apart_makes_pictures(frames, png, reading):
    found = reading(_apng(png, frames[:1]))
    assert (found.picture.frames, found.picture.frame_times_ms) == (1, ())
    np.testing.assert_array_equal(reading(_apng(png, frames[:1], poster=True)).frames, found.frames)
    assert len(reading(_apng(png, frames), apart=True).pictures) == len(frames)


def test_what_cannot_be(frames, png, reading):
    with pytest.raises(ConversionError, match="expected 9"):
        reading(_apng(png, frames, declared=9))
    for bad in ((frames[1][0], 6, 0, 0, 0), (frames[1][0], 0, 6, 0, 0), (frames[1][0], 0, 0, 3, 0)):
        with pytest.raises(ConversionError, match="frame of the APNG"):
            reading(_apng(png, [frames[0], bad]))
    data = _apng(png, frames)
    at = data.rindex(b"fdAT")
    swapped = data[: at - 4] + png.chunk(b"fdAT", b"\0\0\0\1" + b"x") + png.chunk(b"IEND")
    with pytest.raises(ConversionError, match="out of order"):
        reading(swapped)
    with pytest.raises(LimitError, match="max_pixels"):
        to_dicom(data, max_pixels=9 * 8 * len(frames) - 1)
    for size in range(60, len(data) - 12, 7):
        with pytest.raises(ConversionError):
            reading(data[:size])
