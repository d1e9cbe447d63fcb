"""The format is found by what a file holds; text that begins like one is none."""

import numpy as np
import pytest
from PIL import Image

from filmless.convert import convert_many, to_dicom
from filmless.convert.formats import format_of
from filmless.errors import ConversionError


@pytest.mark.parametrize(
    "text",
    [
        b"G",
        b"Good morning, this is no transport stream.",
        b"And Good mornings are none with time codes.",
        b"G" + b"." * 187 + b"G" + b"." * 200,
        b"BMW is a make of cars, and no picture.",
    ],
)
def test_text_is_of_no_format(text, tmp_path):
    with pytest.raises(ConversionError, match="of no known format"):
        format_of(text)
    (tmp_path / "letter.txt").write_bytes(text)
    (result,) = convert_many(tmp_path)
    assert result.status == "skipped"


def test_transport_streams_are_known_by_three_packets():
    packet = b"\x47" + bytes(187)
    assert format_of(packet * 3).name == "video"
    assert format_of((bytes(4) + packet) * 3).name == "video"


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_bmp(mode, photo, encode):
    assert format_of(encode(photo.convert(mode), "BMP")).name == "BMP"


def test_an_image_of_several_frames_is_the_one_it_is_at(rgb, encode, tmp_path):
    others = [Image.fromarray(np.ascontiguousarray(rgb[::-1]))]
    path = tmp_path / "two.png"
    path.write_bytes(encode(rgb, "PNG", save_all=True, append_images=others))
    notices = []
    with Image.open(path) as image:
        image.seek(1)
        ds = to_dicom(image, notices=notices)
    assert [notice.code for notice in notices] == ["further-pictures"]
    np.testing.assert_array_equal(ds.pixel_array, rgb[::-1])
