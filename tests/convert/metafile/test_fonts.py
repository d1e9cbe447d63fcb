"""Fonts: what they say of themselves, read without trust, and which one stands for which."""

from pathlib import Path

import fontpkg_arimo
import pytest

from filmless.convert.metafile.fonts import Fonts, advance
from filmless.convert.metafile.sfnt import read_faces

ARIMO = Path(fontpkg_arimo.ROOT) / "files" / "Arimo[wght].ttf"


def test_measures_and_letters_of_a_font():
    (face,) = read_faces(ARIMO)
    assert (face.family, face.weight, face.italic) == ("Arimo", 400, False)
    assert face.ascent == pytest.approx(0.905, abs=0.001)  # as Arial's
    assert face.descent == pytest.approx(0.212, abs=0.001)
    coverage = face.coverage()
    assert all(ord(letter) in coverage for letter in "AzÄЖΩ€")
    assert 0x6F22 not in coverage
    assert 0x110000 not in coverage
    assert advance(face, "H", 400) == pytest.approx(1479 / 2048, abs=0.001)
    assert advance(face, "n", 700) > advance(face, "n", 400)


def test_faces_stand_for_faces():
    fonts = Fonts()
    for asked, family in {
        "DejaVu Sans": "DejaVu Sans", "dejavu sans": "DejaVu Sans", "Nowhere": "Arimo", "Microsoft Sans Serif": "Arimo",
    }.items():  # fmt: skip
        chosen = fonts.choose(asked, 400, italic=False)
        assert chosen.face.family == family
        assert chosen.is_asked_for == (asked.lower() == family.lower())
    assert fonts.choose("Arimo", 400, italic=True).face.italic
    bold = fonts.choose("DejaVu Sans", 700, italic=False).face
    assert (bold.weight, bold.width_class) == (700, 5)
    assert bold.path in fonts.used
    assert fonts.covering(0x222E, 400, italic=False).face.family != "Arimo"
    assert fonts.covering(0x13000, 400, italic=False) is None


def test_damaged_fonts_are_none(tmp_path):
    data = ARIMO.read_bytes()
    path = tmp_path / "font.ttf"
    for size in (0, 3, 11, 12, 40, 200, 300, 1000, 100_000):
        path.write_bytes(data[:size])
        for face in read_faces(path):
            assert 65 in face.coverage() or size < len(data)
    for at in range(0, 2000, 37):
        path.write_bytes(data[:at] + b"\xff" + data[at + 1 :])
        for face in read_faces(path):
            face.coverage()
    path.write_bytes(b"ttcf\0\1\0\0\xff\xff\xff\xff" + bytes(40))
    assert read_faces(path) == []
    assert read_faces(tmp_path / "none.ttf") == []
