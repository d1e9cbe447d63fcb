"""Overlays: unpacked from every form they are stored in, and drawn."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from filmless import Dataset, read
from filmless.file import encode, write
from filmless.pixels import render
from filmless.pixels.overlays import Overlay, draw, overlays_of

MARK = np.array([[1, 0, 0], [0, 1, 1]], dtype=bool)


def packed(*planes: np.ndarray) -> bytes:
    bits = np.packbits(np.concatenate([plane.ravel() for plane in planes]), bitorder="little").tobytes()
    return bits + b"\0" * (len(bits) % 2)


def add(
    ds: Dataset, plane: np.ndarray = MARK, *, group: int = 0x6000, data: bytes | None = None, **more: object
) -> None:
    elements = {0x10: ("US", plane.shape[-2]), 0x11: ("US", plane.shape[-1]), 0x40: ("CS", "G"), 0x50: ("SS", [1, 1])}
    elements |= {0x100: ("US", 1), 0x102: ("US", 0), 0x3000: ("OW", packed(plane) if data is None else data)}
    elements |= {int(name[1:], 16): value for name, value in more.items()}
    for element, value in elements.items():
        if value is not None:
            ds.add_new((group, element), *value)


@pytest.fixture
def ds(image: Callable[..., Dataset]) -> Dataset:
    return image(bytes(6))


def only(ds: Dataset, frame: int = 0) -> list:
    (overlay,) = overlays_of(ds, frame)
    return overlay.mask.astype(int).tolist()


def test_every_group_is_found(ds: Dataset) -> None:
    for group in range(0x6000, 0x6020, 2):
        add(ds, group=group, x1500=("LO", f"{group:x}"))
    overlays = overlays_of(ds)
    assert [overlay.label for overlay in overlays] == [f"{group:x}" for group in range(0x6000, 0x6020, 2)]
    assert all((overlay.mask == MARK).all() for overlay in overlays)


def test_description_names_an_overlay_without_label(ds: Dataset) -> None:
    add(ds, x22=("LO", "ruler"))
    assert overlays_of(ds)[0].label == "ruler"


@pytest.mark.parametrize("vr", ["OB", "OW"])
def test_value_representation_makes_no_difference(ds: Dataset, vr: str) -> None:
    add(ds, x3000=(vr, packed(MARK)))
    assert only(ds) == MARK.astype(int).tolist()


def test_words_of_big_endian_are_turned_round(image: Callable[..., Dataset]) -> None:
    rng = np.random.default_rng(1)
    plane = rng.integers(0, 2, (5, 7)).astype(bool)
    ds = image(bytes(35), Rows=5, Columns=7)
    add(ds, plane)
    big = read(encode(ds, transfer_syntax="1.2.840.10008.1.2.2"))
    assert big[0x6000_3000].is_big_endian
    assert (overlays_of(big)[0].mask == plane).all()


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ([2, 2], [[0, 0, 0], [0, 1, 0]]),
        ([0, 0], [[1, 1, 0], [0, 0, 0]]),
        ([-1, 1], [[0, 0, 0], [0, 0, 0]]),
        ([1, 3], [[0, 0, 1], [0, 0, 0]]),
        ([100, 100], [[0, 0, 0], [0, 0, 0]]),
        ([-32768, 32767], [[0, 0, 0], [0, 0, 0]]),
    ],
)
def test_origin_moves_and_the_picture_cuts_off(ds: Dataset, origin: list[int], expected: list[list[int]]) -> None:
    add(ds, x50=("SS", origin))
    assert only(ds) == expected


def test_size_may_differ_from_the_image(image: Callable[..., Dataset]) -> None:
    rng = np.random.default_rng(2)
    plane = rng.integers(0, 2, (9, 4)).astype(bool)
    ds = image(bytes(42), Rows=6, Columns=7)
    add(ds, plane, x50=("SS", [-1, 3]))
    expected = np.zeros((6, 7), dtype=bool)
    expected[:, 2:6] = plane[2:8]
    assert (overlays_of(ds)[0].mask == expected).all()


def test_frames_of_an_overlay_lie_on_frames_from_its_origin(image: Callable[..., Dataset]) -> None:
    ds = image(bytes(24), NumberOfFrames=4)
    planes = np.array([MARK, ~MARK])
    add(ds, planes, data=packed(*planes), x15=("IS", 2), x51=("US", 2))
    assert [len(overlays_of(ds, frame)) for frame in range(4)] == [0, 1, 1, 0]
    assert only(ds, 1) == MARK.astype(int).tolist()
    assert only(ds, 2) == (~MARK).astype(int).tolist()


def test_single_overlay_lies_on_all_frames_or_on_the_one_it_names(image: Callable[..., Dataset]) -> None:
    ds = image(bytes(24), NumberOfFrames=4)
    add(ds)
    assert [len(overlays_of(ds, frame)) for frame in range(4)] == [1, 1, 1, 1]
    add(ds, x51=("US", 3))
    assert [len(overlays_of(ds, frame)) for frame in range(4)] == [0, 0, 1, 0]
    del ds[0x6000_0051]
    add(ds, x15=("IS", 1))  # begins with the first, PS3.3 C.9.3.1.1
    assert [len(overlays_of(ds, frame)) for frame in range(4)] == [1, 0, 0, 0]


def test_region_of_interest_is_translucent(ds: Dataset) -> None:
    add(ds, x40=("CS", "R"))
    (overlay,) = overlays_of(ds)
    assert 0 < overlay.opacity < 1


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.5"])
def test_embedded_in_bits_that_hold_no_sample(image: Callable[..., Dataset], encapsulate: object, syntax: str) -> None:
    words = np.array([[0x8001, 0x0FFF, 0], [0x4000, 0xC123, 0x8000]], dtype="<u2")
    ds = image(words.tobytes(), vr="OW", BitsAllocated=16, BitsStored=12, HighBit=11)
    for group, position in ((0x6000, 15), (0x6002, 14), (0x6004, 11), (0x6006, 16)):
        add(ds, group=group, x100=("US", 16), x102=("US", position), x3000=None)
    if syntax.endswith("1.2.2"):
        ds = read(encode(ds, transfer_syntax=syntax))
    if syntax.endswith(".5"):
        high, low = ((words >> shift & 0xFF).astype(np.uint8).tobytes() for shift in (8, 0))
        segments = [b"\x05" + high + b"\0", b"\x05" + low + b"\0"]
        header = np.array([2, 64, 72, *[0] * 13], dtype="<u4").tobytes()
        ds = image(encapsulate(header + b"".join(segments)), syntax=syntax, BitsAllocated=16, BitsStored=12, HighBit=11)
        for group, position in ((0x6000, 15), (0x6002, 14), (0x6004, 11), (0x6006, 16)):
            add(ds, group=group, x100=("US", 16), x102=("US", position), x3000=None)
    overlays = overlays_of(ds)  # bits 11 and 16 hold samples and nothing: no overlays there
    assert [overlay.mask.astype(int).tolist() for overlay in overlays] == [
        [[1, 0, 0], [0, 1, 1]],
        [[0, 0, 0], [1, 1, 0]],
    ]


@pytest.mark.parametrize(
    ("data", "size", "marked"),
    [
        (b"\xff\xff", (65535, 65535), 6),  # 2 bytes for half a gigabyte: those bits that are there
        (b"\x01\x00", (2, 3), 1),
        (b"\xff\xff", (0, 3), None),
        (b"", (2, 3), None),
        (b"\xff" * 4000, (2, 3), 6),
    ],
)
def test_sizes_that_do_not_fit_the_bits(ds: Dataset, data: bytes, size: tuple[int, int], marked: int | None) -> None:
    add(ds, data=data, x10=("US", size[0]), x11=("US", size[1]))
    overlays = overlays_of(ds)
    expected = marked if size[0] != 65535 else 3  # only of the first row
    assert [int(overlay.mask.sum()) for overlay in overlays] == ([] if marked is None else [expected])


def test_elements_that_are_missing_or_odd(ds: Dataset) -> None:
    add(ds, x10=None, x11=None, x50=None, x100=None, x102=None)
    assert only(ds) == MARK.astype(int).tolist()
    add(ds, x50=("SS", [1]), x15=("IS", -5), x51=("US", 1))
    assert only(ds) == MARK.astype(int).tolist()
    add(ds, x15=("IS", 2**31 - 1), x51=("US", 0))
    assert only(ds) == [[0, 0, 0], [0, 0, 0]]  # the second of the overlay's frames, which is not there


class TestDraw:
    def test_white_on_grey_stays_grey(self) -> None:
        picture = np.full((2, 3), 10, dtype=np.uint8)
        assert draw(picture, [Overlay(MARK)]).tolist() == [[255, 10, 10], [10, 255, 255]]
        assert (picture == 10).all()

    def test_nothing_to_draw_gives_the_picture(self) -> None:
        picture = np.zeros((2, 3), dtype=np.uint8)
        assert draw(picture, []) is picture

    def test_a_colour_makes_colours(self) -> None:
        drawn = draw(np.full((2, 3), 10, dtype=np.uint8), [Overlay(MARK, (255, 0, 0)), Overlay(MARK[:, ::-1])])
        assert drawn.shape == (2, 3, 3)
        assert drawn[0, 0].tolist() == [255, 0, 0]
        assert drawn[0, 1].tolist() == [10, 10, 10]
        assert drawn[0, 2].tolist() == [255, 255, 255]

    def test_opacity_and_strength_blend(self) -> None:
        picture = np.full((2, 3), 100, dtype=np.uint8)
        assert draw(picture, [Overlay(MARK, (200, 200, 200), 0.5)])[0].tolist() == [150, 100, 100]
        strong = draw(picture, [Overlay(MARK * 0.25, (0, 0, 0))])
        assert strong[1].tolist() == [100, 75, 75]
        assert draw(picture, [Overlay(MARK * np.nan), Overlay(MARK * 7.0)]).max() == 255

    @pytest.mark.parametrize("shape", [(30, 40), (30, 40, 3)])
    @pytest.mark.parametrize("opacity", [0.0, 0.3, 0.5, 1.0])
    def test_blending_equals_its_formula(self, shape: tuple[int, ...], opacity: float) -> None:
        rng = np.random.default_rng(4)
        picture, soft = rng.integers(0, 256, shape, dtype=np.uint8), rng.random((30, 40))
        for mask in (soft, soft > 0.5):
            colour = (200, 200, 200) if len(shape) == 2 else (10, 250, 99)
            drawn = draw(picture, [Overlay(mask, colour, opacity)])
            strength = mask * opacity if len(shape) == 2 else (mask * opacity)[..., np.newaxis]
            ink = colour[0] if len(shape) == 2 else np.array(colour)
            exact = picture + (ink - picture.astype(float)) * strength
            assert np.abs(drawn - exact).max() <= 0.501

    def test_other_sizes_are_refused(self) -> None:
        with pytest.raises(ValueError, match="expected that of the picture"):
            draw(np.zeros((3, 2), dtype=np.uint8), [Overlay(MARK)])


@pytest.mark.parametrize(
    "name",
    [
        "pydicom+pydicom-data/data_store/data/MR-SIEMENS-DICOM-WithOverlays.dcm",
        "dcm4che+dcm4che/dcm4che-test-data/src/main/resources/ovly_p01.dcm",  # two of four embedded
    ],
)
def test_equals_dcm2pnm(name: str, corpus: Path, peer: Callable[[str], str], tmp_path: Path) -> None:
    ds = read(corpus / name)
    window = ["+Wi", "1"] if "WindowCenter" in ds else ["+Wm"]
    subprocess.run([peer("dcm2pnm"), *window, "+O", "0", corpus / name, tmp_path / "out.pgm"], check=True)
    theirs = np.asarray(Image.open(tmp_path / "out.pgm")).astype(int)
    ours = draw(render(ds, overlays=False), overlays_of(ds))
    assert np.abs(theirs - ours).max() <= 1


@pytest.mark.parametrize(
    ("size", "origin", "frames"),
    [
        ((40, 60), (1, 1), {}),
        ((50, 20), (-3, 7), {}),
        ((7, 90), (30, -20), {}),
        ((40, 60), (1, 1), {0x15: ("IS", 1)}),
        ((40, 60), (1, 1), {0x15: ("IS", 1), 0x51: ("US", 3)}),
        ((40, 60), (2, 2), {0x15: ("IS", 2), 0x51: ("US", 2)}),
        ((13, 11), (5, 5), {0x15: ("IS", 4), 0x51: ("US", 1)}),
    ],
)
def test_place_and_frames_equal_dcm2pnm(
    size: tuple[int, int], origin: tuple[int, int], frames: dict, image: Callable, peer: Callable, tmp_path: Path
) -> None:
    rng = np.random.default_rng(9)
    ds = image(rng.integers(0, 200, (4, 40, 60), dtype=np.uint8).tobytes(), Rows=40, Columns=60, NumberOfFrames=4)
    ds.update({"StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.2.1", "HighBit": 7})
    planes = rng.integers(0, 2, (frames.get(0x15, ("IS", 1))[1], *size)).astype(bool)
    add(ds, planes, x50=("SS", list(origin)), **{f"x{element:x}": value for element, value in frames.items()})
    write(ds, tmp_path / "image.dcm")
    for frame in range(4):
        program = [peer("dcm2pnm"), "+Ww", "128", "256", "+O", "0", "+F", str(frame + 1)]
        subprocess.run([*program, tmp_path / "image.dcm", tmp_path / "out.pgm"], check=True)
        theirs = np.asarray(Image.open(tmp_path / "out.pgm")).astype(int)
        ours = draw(render(ds, frame, window=(128, 256), overlays=False), overlays_of(ds, frame))
        assert np.abs(theirs - ours).max() <= 1, frame
