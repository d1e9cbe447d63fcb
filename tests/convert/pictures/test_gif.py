"""GIF: still and animated, against Pillow."""

import io
import random

import numpy as np
import pytest
from PIL import Image

from filmless.errors import ConversionError, DicomError, LimitError


def _animation(frames, **options):
    stream = io.BytesIO()
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:], **options)
    return stream.getvalue()


@pytest.fixture(scope="module")
def moving():
    """A square that moves, of its own palette each, transparent around."""
    frames = []
    for at in range(5):
        frame = Image.new("RGBA", (24, 20), (0, 0, 0, 0))
        frame.paste((40 * at, 255 - 30 * at, 90, 255), (2 * at, at, 2 * at + 9, at + 8))
        frames.append(frame)
    return frames


def _displayed(data, background):
    with Image.open(io.BytesIO(data)) as image:
        for at in range(image.n_frames):
            image.seek(at)
            shown = Image.new("RGBA", image.size, (*background, 255))
            shown.alpha_composite(image.convert("RGBA"))
            yield np.asarray(shown)[..., :3]


@pytest.mark.parametrize("disposal", [0, 1, 2, 3])
@pytest.mark.parametrize("opaque", [False, True])
def test_frames_are_as_displayed(disposal, opaque, moving, reading):
    frames = [frame.convert("RGB").quantize(16) for frame in moving] if opaque else moving
    data = _animation(frames, disposal=disposal, duration=[100, 200, 300, 400, 500])
    found = reading(data, background=(1, 2, 3))
    assert found.picture.frame_times_ms == (100.0, 200.0, 300.0, 400.0, 500.0)
    np.testing.assert_array_equal(found.frames, np.stack(list(_displayed(data, (1, 2, 3)))))


def test_grey_palettes_are_grey(rng, reading):
    frames = [Image.fromarray(rng.integers(0, 256, (9, 8), dtype=np.uint8)) for _ in range(3)]
    found = reading(_animation(frames, duration=40))
    assert found.picture.photometric_interpretation == "MONOCHROME2"
    np.testing.assert_array_equal(found.frames, np.stack([np.asarray(frame) for frame in frames]))
    found = reading(_animation([frames[0], Image.new("RGB", (8, 9), "red")], duration=40))
    assert found.picture.photometric_interpretation == "RGB"


def test_one_frame_is_still_and_comments_say_nothing(photo, reading):
    stream = io.BytesIO()
    photo.quantize(9).save(stream, "GIF", comment=b"Doe^Jane")
    found = reading(stream.getvalue())
    assert (found.picture.frames, found.picture.frame_times_ms, found.codes) == (1, (), [])
    np.testing.assert_array_equal(found.samples, np.asarray(photo.quantize(9).convert("RGB")))


def test_apart_makes_pictures(moving, reading):
    found = reading(_animation(moving, disposal=2), apart=True)
    assert [picture.frames for picture in found.pictures] == [1] * 5


def test_frames_are_bounded_together(moving, reading):
    data = _animation(moving, duration=40)
    assert reading(data, max_pixels=24 * 20 * 5).picture.frames == 5
    with pytest.raises(LimitError, match="max_pixels"):
        reading(data, max_pixels=24 * 20 * 5 - 1)


def test_interlaced(photo, reading):
    picture = photo.quantize(30)
    stream = io.BytesIO()
    picture.save(stream, "GIF", interlace=1)
    np.testing.assert_array_equal(reading(stream.getvalue()).samples, np.asarray(picture.convert("RGB")))


def test_truncation_and_damage(moving, reading):
    data = _animation(moving, duration=40)
    for size in range(len(data)):
        with pytest.raises(ConversionError):
            reading(data[:size])
    chance = random.Random(5)
    for _ in range(400):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(6, len(data))] = chance.choice((0, 1, 0x2C, 0x3B, 0x80, 0xFF))
        try:
            found = reading(bytes(damaged), max_pixels=1 << 18)
        except DicomError:
            continue
        assert found.frames.size <= 3 << 18
