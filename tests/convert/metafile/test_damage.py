"""Damaged and hostile metafiles: one clear error, soon, with bounded memory."""

import contextlib
import struct
import time
import tracemalloc

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from filmless.convert.metafile import MetafileOptions, read_metafile, to_svg
from filmless.convert.metafile.records_emf import RECORDS
from filmless.convert.metafile.records_wmf import RECORDS as WMF_RECORDS
from filmless.errors import ConversionError, LimitError

SMALL = MetafileOptions(size=60, max_pixels=1 << 20, max_points=20_000)


@pytest.fixture(scope="session")
def rich(emf, rng) -> list[bytes]:
    """Records of all kinds."""
    pixels = rng.integers(0, 256, (4, 5, 3), dtype=np.uint8)
    return [
        emf.record(17, "I", 8), emf.record(9, "ii", 40, 30), emf.record(11, "ii", 40, 30), emf.record(33),
        emf.wide_pen(width=3, style=0x10207, dashes=(3, 2)), emf.brush(0xFF, style=2, hatch=3), emf.font(),
        emf.text("Hg", 5, 5, [10, 10], options=4, box=(0, 0, 20, 20)), emf.text(b"Hg", 5, 5, [9, 9], kind=83),
        emf.poly(2, [(1, 1), (2, 2), (3, 9), (9, 9)]), emf.poly_poly(91, [[(1, 1), (2, 5), (6, 9)]] * 2, short=True),
        emf.record(59), emf.record(42, "iiii", 2, 2, 20, 20), emf.record(60), emf.record(67, "I", 4),
        emf.blit(76, pixels, (0, 0, 5, 4)), emf.stretch_dib(pixels, (3, 3, 20, 20)),
        emf.blit(114, pixels, (0, 0, 5, 4), rop=0xFF0000),
        emf.record(45, "8i", 1, 1, 9, 9, 1, 1, 9, 9), emf.record(43, "iiii", 1, 1, 9, 9), emf.record(54, "ii", 8, 8),
        emf.record(35, "6f", 1, 0.5, -0.5, 1, 3, 3), emf.record(34, "i", -1),
        emf.record(75, "II", 48, 1, tail=struct.pack("<12i", 32, 1, 1, 16, 0, 0, 9, 9, 1, 1, 9, 9)),
        emf.record(118, "7iii4Hii4HII", 0, 0, 0, 0, 2, 1, 0, 0, 0, *[9] * 4, 5, 5, *[9] * 4, 0, 1),
    ]  # fmt: skip


def test_the_rich_file_is_drawn(rich, emf):
    assert (read_metafile(emf.page(*rich), SMALL).rgb != 255).any()


def test_every_truncation_is_an_error(rich, emf):
    data = emf.page(*rich)
    for size in range(8, len(data) - 20, 7):
        with pytest.raises(ConversionError):
            read_metafile(data[:size], SMALL)
    for count in range(len(rich)):
        with pytest.raises(ConversionError, match="ends before its end of file record"):
            read_metafile(emf.page(*rich[:count], end=False), SMALL)


def test_wild_sizes(rich, emf):
    data = emf.page(*rich)
    for size in (0, 4, 9, 0x7FFFFFF0, 0xFFFFFFFC):
        wild = data[:112] + struct.pack("<I", size) + data[116:]
        with pytest.raises(ConversionError, match=f"EMF record of {size} bytes exceeds the file: offset 108"):
            read_metafile(wild, SMALL)
    with pytest.raises(ConversionError, match="second header"):
        read_metafile(data[:108] + data[:108] + data[108:], SMALL)


def test_every_wrong_word_is_read_or_an_error(rich, emf):
    data = emf.page(*rich)
    for at in range(108, len(data) - 24, 4):
        for value in (0x7FFFFFFF, 0xFFFFFFFF):
            with contextlib.suppress(ConversionError, LimitError):
                to_svg(data[:at] + struct.pack("<I", value) + data[at + 4 :], SMALL)


@hypothesis.given(st.lists(st.tuples(st.sampled_from(sorted(RECORDS)), st.binary(max_size=160)), max_size=12))
@hypothesis.settings(max_examples=150)
def test_random_bodies_are_read_or_an_error(emf, bodies):
    data = emf.page(*[emf.record(kind, tail=body) for kind, body in bodies])
    with contextlib.suppress(ConversionError, LimitError):
        read_metafile(data, SMALL)


@hypothesis.given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(RECORDS)),
            st.lists(st.integers(-3, 70) | st.integers(-(2**31), 2**31 - 1), max_size=40),
        ),
        max_size=12,
    )
)
@hypothesis.settings(max_examples=150)
def test_likely_bodies_are_read_or_an_error(emf, bodies):
    data = emf.page(*[emf.record(kind, f"{len(body)}i", *body) for kind, body in bodies])
    with contextlib.suppress(ConversionError, LimitError):
        read_metafile(data, SMALL)


@hypothesis.given(
    st.lists(st.tuples(st.sampled_from(sorted(WMF_RECORDS)), st.lists(st.integers(-40, 300), max_size=60)), max_size=12)
)
@hypothesis.settings(max_examples=150)
def test_likely_wmf_is_read_or_an_error(wmf, bodies):
    data = wmf.page(*[wmf.record(function, f"{len(body)}h", *body) for function, body in bodies])
    with contextlib.suppress(ConversionError, LimitError):
        read_metafile(data, SMALL)


@hypothesis.given(st.binary(max_size=300))
def test_random_bytes_are_an_error(noise):
    for head in (b"\1\0\0\0" + bytes(36) + b" EMF", b"\xd7\xcd\xc6\x9a", b"\1\0\x09\0\0\3"):
        with contextlib.suppress(ConversionError, LimitError):
            read_metafile(head + noise, SMALL)


@pytest.mark.parametrize("kind", [23, 999, 33])
def test_a_hundred_megabytes_that_say_nothing(kind, emf):
    data = emf.page(emf.record(kind) * (100_000_000 // 8))
    started = time.perf_counter()
    with pytest.raises(LimitError, match=r"too many records|too often|too many points"):
        read_metafile(data)
    assert time.perf_counter() - started < 15  # under load; alone a second or two


def test_a_hundred_megabytes_of_large_comments(emf):
    data = emf.page(emf.record(70, "I", 96, tail=bytes(96)) * 900_000)
    with pytest.raises(ConversionError, match="draws nothing"):
        read_metafile(data)


def test_a_hundred_megabytes_of_wmf_that_say_nothing(wmf):
    with pytest.raises(LimitError, match="too many records"):
        read_metafile(wmf.page(wmf.record(0x0035) * (100_000_000 // 6)))


def test_drawing_is_bounded(emf):
    line = emf.record(27, "ii", 0, 0) + emf.record(54, "ii", 39, 29)
    wide = emf.poly(4, [(0, 0), (39, 29)] * 200)
    for message, records in {
        "too many points": line * 10_000,
        "over itself too often": emf.wide_pen(width=400) + wide * 40,
        "bitmaps are too large": emf.record(15, "iiI", 0, 0, 0)
        + emf.stretch_dib(np.zeros((300, 300, 3), np.uint8), (0, 0, 9, 9)) * 14,
    }.items():
        options = MetafileOptions(dpi=25.4, max_points=30_000, max_pixels=1 << 20)
        if "itself" in message:
            options = MetafileOptions(dpi=25.4 * 20)
        with pytest.raises(LimitError, match=message):
            read_metafile(emf.page(records), options)


def test_many_figures_are_several_elements(emf):
    """Of many figures at once the renderer sorts all edges of each row: minutes for what takes a second."""
    lines = b"".join(emf.poly(4, [(x % 40, 9), (x * 7 % 40, 12), (x * 3 % 40, 10)]) for x in range(20_000))
    options = MetafileOptions(size=1000)
    assert 20 < to_svg(emf.page(lines), MetafileOptions(size=60)).count("<path") < 100
    with pytest.raises(LimitError, match="over itself too often"):
        read_metafile(emf.page(lines), options)


def test_lines_are_bounded_by_what_they_cost(emf, rng):
    """A line that leans costs the renderer a thousand times what an area does."""
    points = rng.integers(0, 999, (2000, 50, 2)).tolist()
    lines = b"".join(emf.poly(4, line) for line in points)
    started = time.perf_counter()
    with pytest.raises(LimitError, match="over itself too often"):
        read_metafile(emf.page(lines, columns=1000, rows=1000), MetafileOptions(size=4000))
    assert time.perf_counter() - started < 10
    straight = b"".join(emf.poly(4, [(0, y % 1000), (999, y % 1000)]) for y in range(5000))
    assert read_metafile(emf.page(straight, columns=1000, rows=1000), MetafileOptions(size=1000)).rgb.max() == 0


def test_bitmaps_over_bitmaps_are_bounded(emf, rng):
    pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    shown = emf.blit(114, pixels, (0, 0, 1000, 1000), rop=0x80FF0000)
    with pytest.raises(LimitError, match="over itself too often"):
        read_metafile(emf.page(shown * 100, columns=1000, rows=1000), MetafileOptions(size=2000))


def test_dashes_outside_of_the_picture_are_counted(emf):
    pen = emf.wide_pen(width=1, style=0x10007, dashes=(1, 1))
    line = emf.poly(4, [(-2_000_000, 5), (2_000_000, 6)])
    with pytest.raises(LimitError, match="too many points"):
        read_metafile(emf.page(pen + line), MetafileOptions(dpi=25.4))


def test_counts_do_not_size_allocations(emf):
    records = [
        emf.record(4, "4iI", 0, 0, 0, 0, 0x3FFFFFFF), emf.record(7, "4iII", 0, 0, 0, 0, 0x3FFFFFFF, 4),
        emf.record(118, "4iIII", 0, 0, 0, 0, 0x0FFFFFFF, 9, 2),
        emf.record(95, "11I", 3, 0, 0, 0, 0, 7, 1, 0, 0, 0, 0x3FFFFFFF),
        emf.record(75, "II", 0x7FFFFFF0, 5, tail=bytes(48)), emf.record(97, "4iIffI", 0, 0, 0, 0, 1, 1, 1, 0x07FFFFFF),
        emf.record(49, "IHH", 5, 0x300, 0xFFFF), emf.record(50, "III", 5, 0, 0xFFFFFFF),
    ]  # fmt: skip
    for record in records:
        data = emf.page(record)
        tracemalloc.start()
        with pytest.raises((ConversionError, LimitError)):
            read_metafile(data)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 20_000_000
