"""WebP: lossy and lossless, still and animated, against Pillow."""

import io
import random

import numpy as np
import pytest
from PIL import Image, ImageCms

from filmless.convert import to_dicom
from filmless.errors import ConversionError, DicomError, LimitError


@pytest.mark.parametrize("lossless", [False, True])
def test_still(lossless, photo, encode, reading):
    data = encode(photo, "WEBP", lossless=lossless)
    found = reading(data)
    np.testing.assert_array_equal(found.samples, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
    assert found.codes == ([] if lossless else ["lossy"])
    if lossless:
        np.testing.assert_array_equal(found.samples, np.asarray(photo))
        assert found.picture.lossy_method is None
    else:
        assert found.picture.lossy_method == "RFC_6386"
        assert 0 < found.picture.lossy_bytes <= len(data)


def test_lossy_ones_say_so_in_dicom(photo, encode, through_file):
    ds = through_file(encode(photo, "WEBP"))
    assert (ds.LossyImageCompression, ds.LossyImageCompressionMethod) == ("01", "RFC_6386")


@pytest.mark.parametrize("lossless", [False, True])
def test_alpha(lossless, photo, encode, reading):
    picture = photo.convert("RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 20, 20))
    data = encode(picture, "WEBP", lossless=lossless)
    found = reading(data, background=(9, 8, 7))
    assert found.codes == (["alpha"] if lossless else ["lossy", "alpha"])
    assert (found.samples[:16, :16] == (9, 8, 7)).all()
    theirs = np.asarray(Image.open(io.BytesIO(data)))
    assert (found.samples == theirs[..., :3])[theirs[..., 3] == 255].all()


def test_orientation_and_profile(photo, encode, reading):
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    found = reading(encode(photo, "WEBP", lossless=True, exif=exif, icc_profile=profile))
    np.testing.assert_array_equal(found.samples, np.rot90(np.asarray(photo), -1))
    assert found.picture.icc_profile == profile


@pytest.mark.parametrize("transparent", [False, True])
def test_animation(transparent, photo, reading):
    frames = [photo.convert("RGBA").rotate(180 * at) for at in range(4)]
    if transparent:
        frames[2].paste((0, 0, 0, 0), (5, 5, 30, 30))
    stream = io.BytesIO()
    frames[0].save(stream, "WEBP", save_all=True, append_images=frames[1:], duration=[40, 50, 60, 70], lossless=True)
    found = reading(stream.getvalue(), background=(9, 8, 7))
    assert found.picture.frame_times_ms == (40.0, 50.0, 60.0, 70.0)
    for at, (ours, frame) in enumerate(zip(found.frames, frames, strict=True)):
        shown = Image.new("RGBA", frame.size, (9, 8, 7, 255))
        shown.alpha_composite(frame)
        np.testing.assert_array_equal(ours, np.asarray(shown)[..., :3], err_msg=str(at))
    with pytest.raises(LimitError, match="max_pixels"):
        reading(stream.getvalue(), max_pixels=48 * 64 * 4 - 1)
    assert len(reading(stream.getvalue(), apart=True).pictures) == 4


def test_truncation_bombs_and_damage(photo, encode, reading):
    stream = io.BytesIO()
    photo.save(stream, "WEBP", save_all=True, append_images=[photo.rotate(90)], duration=40)
    for data in (encode(photo, "WEBP"), encode(photo, "WEBP", lossless=True), stream.getvalue()):
        for size in range(0, len(data) - 2, 5):
            with pytest.raises(ConversionError):
                to_dicom(data[:size])
        chance = random.Random(5)
        for _ in range(200):
            damaged = bytearray(data)
            for _ in range(chance.randint(1, 4)):
                damaged[chance.randrange(12, min(len(data), 120))] = chance.choice((0, 1, 0x2F, 0x80, 0xFF))
            try:
                found = reading(bytes(damaged), max_pixels=1 << 18)
            except DicomError:
                continue
            assert found.frames.size <= 3 << 18
    lossless = bytearray(encode(photo, "WEBP", lossless=True))
    at = lossless.index(b"VP8L") + 9
    lossless[at : at + 4] = (0x0FFFFFFF).to_bytes(4, "little")
    with pytest.raises(LimitError, match="max_pixels"):
        reading(bytes(lossless), max_pixels=1 << 20)
