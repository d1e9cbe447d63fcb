"""Fonts of some glyphs of a font: they draw as the whole font does, damaged ones are errors."""

import io
from pathlib import Path

import fontpkg_arimo
import numpy as np
import pytest
from PIL import ImageFont

from filmless.convert import from_dicom, to_dicom
from filmless.convert.out.true_type import TrueType
from filmless.errors import ConversionError

_PATH = Path(fontpkg_arimo.ROOT) / "files" / "Arimo[wght].ttf"
_TEXT = "Aé Ấ\u05e9Ωж½fi"  # some are made of parts


@pytest.fixture(scope="module")
def font():
    return TrueType(_PATH.read_bytes())


def test_widths(font):
    whole = ImageFont.truetype(_PATH, 1000)
    for character in _TEXT:
        assert font.width(character) * 1000 == pytest.approx(whole.getlength(character), abs=1)
    assert font.width("\u5c71") == font.width("\u0e19")  # both are missing
    assert font.has("é")
    assert not font.has("\u5c71")


def test_glyphs_are_those_of_the_font(font):
    """The subset has no character map: one that names its glyphs 1, 2, ... is put in."""
    import struct

    from filmless.convert.out.true_type import _joined, _tables

    tables = _tables(font.subset(list(_TEXT)))
    count = len(_TEXT)
    groups = struct.pack(">HHIII3I", 12, 0, 28, 0, 1, 0xE000, 0xE000 + count - 1, 1)
    tables[b"cmap"] = struct.pack(">HHHHI", 0, 1, 3, 10, 12) + groups
    # So large that what FreeType does to edges, which asks for other characters, is little.
    part, whole = ImageFont.truetype(io.BytesIO(_joined(tables)), 900), ImageFont.truetype(_PATH, 900)
    for index, character in enumerate(_TEXT):
        masks = [font.getmask(text, mode="L") for font, text in ((part, chr(0xE000 + index)), (whole, character))]
        assert np.abs(np.subtract(masks[0].size, masks[1].size)).max() <= 4
        if character != " ":
            ours, theirs = (np.array(mask).reshape(mask.size[::-1]) for mask in masks)
            rows, columns = np.minimum(ours.shape, theirs.shape)
            assert np.abs(ours[:rows, :columns].astype(int) - theirs[:rows, :columns]).mean() < 8
    assert len(font.subset(list(_TEXT))) < 10_000


@pytest.mark.parametrize("size", [0, 4, 12, 100, 5000, 20_000])
def test_cut_off(size):
    with pytest.raises(ConversionError, match="font"):
        TrueType(_PATH.read_bytes()[:size])


def test_damaged(rng):
    data = _PATH.read_bytes()
    for place in rng.integers(0, 35_000, 40):
        damaged = bytearray(data)
        damaged[place : place + 4] = rng.bytes(4)
        try:
            TrueType(bytes(damaged)).subset(list(_TEXT))
        except ConversionError:
            continue


def test_another_font_in_a_pdf(grey):
    ds = to_dicom(grey, StudyDescription="slanted")
    italic = _PATH.with_name("Arimo-Italic[wght].ttf")
    assert from_dicom(ds, "pdf", font=italic) != from_dicom(ds, "pdf")
