"""Text of EMF: where its letters stand, what lies behind them, and which font draws them."""

import re
import struct

import numpy as np
import pytest

from filmless.convert.metafile import MetafileOptions, read_metafile, to_svg
from filmless.convert.metafile.fonts import Fonts, advance
from filmless.errors import ConversionError

SIZE = {"columns": 300, "rows": 100}
TOP, BOTTOM, BASELINE, RIGHT, CENTRE, UPDATE = 0, 8, 24, 2, 6, 1


@pytest.fixture
def write(emf):
    """The box of the ink of a text at (150, 50)."""

    def write(text="HXH", *state: bytes, advances=None, **options) -> tuple[int, int, int, int]:
        rgb = emf.draw(
            emf.record(18, "I", 1), emf.font(height=-20), *state, emf.text(text, 150, 50, advances, **options), **SIZE
        )
        ys, xs = np.nonzero(rgb[..., 1] < 128)
        assert len(xs), "the page is empty"
        return int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1

    return write


def test_text_stands_where_its_alignment_says(emf, write):
    def align(number: int) -> bytes:
        return emf.record(22, "I", number)

    face = Fonts().choose("DejaVu Sans", 400, italic=False).face
    width = sum(advance(face, letter, 400) for letter in "HXH") * 20
    left, top, right, bottom = write("HXH", align(BASELINE))
    assert left == pytest.approx(152, abs=1)
    assert bottom == 50
    assert top == pytest.approx(50 - 0.73 * 20, abs=1)
    assert right == pytest.approx(150 + width - 2, abs=1)
    assert write("HXH", align(TOP))[3] == pytest.approx(50 + face.ascent * 20, abs=1)
    assert write("HXH", align(BOTTOM))[3] == pytest.approx(50 - face.descent * 20, abs=1)
    assert write("HXH", align(BASELINE | RIGHT))[2] == pytest.approx(150 - 2, abs=1)
    middle = write("HXH", align(BASELINE | CENTRE))
    assert (middle[0] + middle[2]) / 2 == pytest.approx(150, abs=1)


def test_letters_stand_where_the_file_has_them(emf, write):
    left, *_ = write("HH", emf.record(22, "I", BASELINE), advances=[60, 20])
    rgb = emf.draw(
        emf.record(18, "I", 1),
        emf.font(height=-20),
        emf.record(22, "I", BASELINE),
        emf.text("HH", 150, 50, [60, 20]),
        **SIZE,
    )
    stems = np.nonzero((rgb[36:49, :, 1] < 128).all(axis=0))[0]
    assert stems.min() == pytest.approx(left, abs=1)
    assert (np.diff(stems) > 40).sum() == 1
    assert stems.max() - stems.min() == pytest.approx(60 + 11, abs=2)
    right = write("HH", emf.record(22, "I", BASELINE | RIGHT), advances=[60, 20])
    assert right[0] == pytest.approx(left - 80, abs=1)


def test_a_ligature_is_parted(emf):
    """Its width stands at the f: what follows does not lie over the next letter."""

    def places(text: str, advances: list[int]) -> list[float]:
        svg = to_svg(
            emf.page(emf.font(height=-20), emf.text(text, 50, 50, advances), **SIZE), MetafileOptions(dpi=25.4)
        )
        return [float(x) for x in re.search(r'x="([^"]*)" y="0"', svg)[1].split()]

    f, i, r = places("fir", [13, 0, 8])
    assert (f, r) == (0, 13)
    assert 5 < i - f < 9
    assert places("fflr", [20, 0, 0, 8])[::3] == [0, 20]
    assert places("fir", [7, 6, 8]) == [0, 7, 13]
    assert places("mir", [13, 0, 8]) == [0, 13, 13]


def test_positive_heights_are_of_the_cell(emf, write):
    em = write("H", emf.font(height=-40))
    cell = write("H", emf.font(height=40))
    face = Fonts().choose("DejaVu Sans", 400, italic=False).face
    assert (em[3] - em[1]) / (cell[3] - cell[1]) == pytest.approx(face.ascent + face.descent, rel=0.06)


def test_turned_text(emf, write):
    state = emf.record(22, "I", BASELINE)
    flat, up = write("HXH", state), write("HXH", emf.font(height=-20, escapement=900), state)
    assert (up[3] - up[1], up[2] - up[0]) == pytest.approx((flat[2] - flat[0], flat[3] - flat[1]), abs=1)
    assert up[2] == pytest.approx(150, abs=1)
    assert up[3] == pytest.approx(50 - (flat[0] - 150), abs=1)
    world = write("HXH", emf.record(35, "6f", 0, -1, 1, 0, 100, 200), state, mode=2)
    assert world == pytest.approx(up, abs=1)


def test_mirrored_mappings_mirror_text_in_the_advanced_mode_only(emf, write):
    up = (
        emf.record(17, "I", 8),
        emf.record(9, "ii", 300, -100),
        emf.record(11, "ii", 300, 100),
        emf.record(12, "ii", 0, 100),
    )
    state = emf.record(22, "I", BASELINE)
    assert write("L", *up, state, mode=1)[3] == 50
    assert write("L", *up, state, mode=2)[1] == 50


def test_bold_italic_underlined_and_struck_text(emf):
    def coverage(**font) -> np.ndarray:
        rgb = emf.draw(
            emf.record(18, "I", 1),
            emf.font(height=-40, **font),
            emf.record(22, "I", BASELINE),
            emf.text("HH", 50, 60),
            **SIZE,
        )
        return 255 - rgb[..., 1].astype(int)

    plain, bold = coverage(), coverage(weight=700)
    assert bold.sum() > 1.3 * plain.sum()
    assert (coverage(style=b"\1\0\0") != plain).any()
    under = coverage(style=b"\0\1\0")
    assert (under[61:68, 55:100] > 200).any(axis=0).all()
    assert (plain[61:68] == 0).all()
    struck = coverage(style=b"\0\0\1")
    assert (struck[42:56, 55:100] > 200).any(axis=0).all()


def test_what_lies_behind_text(emf, ink):
    red = emf.record(25, "I", 0x0000FF)
    rgb = emf.draw(emf.record(18, "I", 1), red, emf.text("", 0, 0, options=2, box=(10, 20, 60, 40)), **SIZE)
    assert ink(rgb, (255, 0, 0)) == (10, 20, 60, 40, 1000)
    rgb = emf.draw(emf.record(18, "I", 2), red, emf.font(height=-20), emf.text("HH", 50, 20), **SIZE)
    left, top, right, bottom, _ = ink(rgb, (255, 0, 0))
    face = Fonts().choose("DejaVu Sans", 400, italic=False).face
    assert (left, top) == pytest.approx((50, 20), abs=1)
    assert right - left == pytest.approx(2 * 20 * advance(face, "H", 400), abs=2)
    assert bottom - top == pytest.approx(20 * (face.ascent + face.descent), abs=2)


def test_clipped_text(emf):
    clip = (0, 0, 60, 100)
    rgb = emf.draw(emf.record(18, "I", 1), emf.font(), emf.text("HHHHHHHH", 50, 20, options=4, box=clip), **SIZE)
    assert (rgb[:, 60:] == 255).all()
    assert (rgb[:, 50:60] != 255).any()


def test_the_position_moves_on(emf, write):
    state = emf.record(22, "I", BASELINE | UPDATE), emf.record(27, "ii", 150, 50)
    once = write("HX", *state)
    rgb = emf.draw(
        emf.record(18, "I", 1), emf.font(height=-20), *state, emf.text("H", 0, 0), emf.text("X", 0, 0), **SIZE
    )
    xs = np.nonzero((rgb[..., 1] < 128).any(axis=0))[0]
    assert (xs.min(), xs.max() + 1) == pytest.approx((once[0], once[2]), abs=1)


def test_justified_text(emf, write):
    state = emf.record(22, "I", BASELINE)
    plain = write("H H", state)
    assert write("H H", emf.record(120, "ii", 30, 1), state)[2] == pytest.approx(plain[2] + 30, abs=1)


def test_text_of_bytes_and_small_text(emf, write):
    def small(options: int, raw: bytes, count: int) -> bytes:
        box = b"" if options & 0x100 else struct.pack("<4i", 0, 0, 0, 0)
        return emf.record(108, "iiIIIff", 150, 50, count, options, 1, 1.0, 1.0, tail=box + raw)

    def drawn(*records: bytes) -> np.ndarray:
        return emf.draw(emf.record(18, "I", 1), *records, **SIZE)

    expected = drawn(emf.font(), emf.text("Größe", 150, 50))
    assert (expected < 128).any()
    for records in (
        (emf.font(), emf.text("Größe".encode("cp1252"), 150, 50, kind=83)),
        (emf.font(), small(0x300, "Größe".encode("latin-1"), 5)),
        (emf.font(), small(0x100, "Größe".encode("utf-16-le"), 5)),
        (emf.font(), small(0x000, "Größe".encode("utf-16-le"), 5)),
    ):
        np.testing.assert_array_equal(drawn(*records), expected)
    russian = drawn(emf.font(), emf.text("Пульс", 150, 50))
    np.testing.assert_array_equal(
        drawn(emf.font(charset=204), emf.text("Пульс".encode("cp1251"), 150, 50, kind=83)), russian
    )
    with pytest.raises(ConversionError, match="EMR_EXTTEXTOUTA: its text is not of its character set"):
        drawn(emf.font(charset=128), emf.text(b"\x81", 0, 0, kind=83))
    with pytest.raises(ConversionError, match="EMR_EXTTEXTOUTW: its text is no UTF-16"):
        drawn(emf.font(), emf.text(b"\x00\xd8", 0, 0))


@pytest.mark.parametrize(("kind", "wide"), [(96, False), (97, True)])
def test_several_texts_in_one(kind, wide, emf):
    raw = "HX".encode("utf-16-le" if wide else "ascii").ljust(4, b"\0")
    texts = b""
    for number, x in enumerate((50, 150)):
        texts += struct.pack("<iiIIIiiiiI", x, 20, 2, 40 + 2 * 40 + 4 * number, 0, 0, 0, 0, 0, 0)
    record = emf.record(kind, "4iIffI", 0, 0, 0, 0, 1, 1.0, 1.0, 2, tail=texts + raw * 2)
    drawn = emf.draw(emf.record(18, "I", 1), emf.font(), record, **SIZE)
    expected = emf.draw(emf.record(18, "I", 1), emf.font(), emf.text("HX", 50, 20), emf.text("HX", 150, 20), **SIZE)
    np.testing.assert_array_equal(drawn, expected)


def test_faces_that_are_not_installed_are_told(emf):
    data = emf.page(emf.font(face="Nowhere Sans"), emf.text("HH", 10, 20), **SIZE)
    drawing = read_metafile(data)
    assert (drawing.rgb < 128).any()
    assert [notice.code for notice in drawing.notices] == ["font-substituted"]
    assert "Nowhere Sans" in drawing.notices[0].message
    assert read_metafile(emf.page(emf.font(), emf.text("HH", 10, 20), **SIZE)).notices == []


def test_letters_come_from_any_font_that_has_them(emf):
    data = emf.page(emf.font(face="Arial", height=-40), emf.text("∮", 10, 20), **SIZE)
    assert (read_metafile(data).rgb < 128).sum() > 100
    with pytest.raises(ConversionError, match="EMR_EXTTEXTOUTW: it has letters that no installed font has"):
        read_metafile(emf.page(emf.font(), emf.text("\U00013000", 10, 20), **SIZE))


def test_symbols(emf, write):
    greek = write("Ω", emf.font(face="DejaVu Sans"))
    assert write(b"W", emf.font(face="Symbol", charset=2), kind=83)[3] == pytest.approx(greek[3], abs=3)
    svg = to_svg(emf.page(emf.font(face="Symbol", charset=2), emf.text(b"mW\xb0", 0, 0, kind=83)))
    assert "μ" in svg
    assert "Ω" in svg
    assert "°" in svg
    with pytest.raises(ConversionError, match="its symbol font is not installed"):
        write(b"W", emf.font(face="Wingdings", charset=2), kind=83)


def test_what_cannot_be_drawn_raises(emf):
    for message, text in {
        "from right to left": "שלום",
        "numbers of glyphs": None,
        "a part of a path": "in path",
    }.items():
        record = emf.text(text or "H", 0, 0, options=0 if text else 0x10)
        state = emf.record(59) if text == "in path" else b""
        with pytest.raises(ConversionError, match=f"EMR_EXTTEXTOUTW: .*{message}"):
            emf.draw(state, record)


def test_text_is_escaped_and_controls_are_left_out(emf):
    svg = to_svg(emf.page(emf.font(), emf.text("<a>&\"'\x01\x08]]>\u202a", 0, 50)))
    assert "&lt;" in svg
    assert "&amp;" in svg
    assert not re.search("[\x00-\x08\u202a]", svg)
    assert (emf.draw(emf.font(), emf.text("<a>&\"'\x01]]>", 0, 50), **SIZE) < 128).any()
    face = '"><rect width="300" height="300"/>'
    rgb = emf.draw(emf.record(18, "I", 1), emf.font(face=face), emf.text(".", 0, 50), **SIZE)
    assert (rgb < 128).all(axis=2).sum() < 50


def test_the_resolution_does_not_move_text(emf):
    data = emf.page(emf.record(18, "I", 1), emf.font(height=-20), emf.text("HX", 100, 50), **SIZE)
    boxes = []
    for scale in (1, 4):
        rgb = read_metafile(data, MetafileOptions(dpi=25.4 * scale)).rgb
        ys, xs = np.nonzero(rgb[..., 1] < 128)
        boxes.append(np.array([xs.min(), ys.min(), xs.max(), ys.max()]) / scale)
    np.testing.assert_allclose(boxes[0], boxes[1], atol=2)
