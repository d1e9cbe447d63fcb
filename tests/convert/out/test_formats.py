"""The table of formats, the ways to call, and the errors that show the right one."""

import io
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import filmless
from filmless import Dataset
from filmless.convert import from_dicom, to_dicom
from filmless.convert.out.formats import FORMATS, format_named, format_of_suffix
from filmless.convert.out.options import OutOptions
from filmless.convert.out.parts import outputs
from filmless.errors import ConversionError, PixelError
from filmless.pixels import render

_ELSEWHERE = {"pdf", "document"}  # the writers of other modules


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.name)
def test_rows(row):
    assert format_named(row.name) is row
    assert format_named(row.name.upper()) is row
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in row.suffixes)
    assert row.options <= OutOptions.__annotations__.keys()
    for name in filter(None, (row.writer, row.suffix_of)):
        module, _, function = name.partition(":")
        module = f"filmless.convert.out.{module}"
        if row.name not in _ELSEWHERE or find_spec(module):
            assert callable(getattr(import_module(module), function))


def test_every_option_is_of_a_format():
    assert set().union(*(row.options for row in FORMATS)) == OutOptions.__annotations__.keys()


def test_suffixes():
    for path, name in [
        ("a.PNG", "png"),
        ("a/b.tif", "tiff"),
        (Path("x.jpeg"), "jpeg"),
        ("x.jp2", "jpeg-2000"),
        ("x.mp4", "mp4"),
    ]:
        assert format_of_suffix(path).name == name
    for path in ("a", "a.dcm", "a.", "", "a.h264"):
        assert format_of_suffix(path) is None
    suffixes = [suffix for row in FORMATS if row.kind != "extraction" for suffix in row.suffixes]
    assert len(suffixes) == len(set(suffixes))


def test_names_that_are_no_format(rgb):
    for name, near in (
        ("pgn", "png"),
        ("tif", None),
        ("tifff", "tiff"),
        ("jpeg200", "jpeg-2000"),
        ("stream", "streams"),
    ):
        if near is None:
            assert format_named(name).name == "tiff"
            continue
        with pytest.raises(ConversionError, match="is not written, expected png, jpeg") as caught:
            from_dicom(to_dicom(rgb), name)
        assert near in caught.value.hint
    with pytest.raises(ConversionError):
        from_dicom(to_dicom(rgb), "")


@pytest.mark.parametrize("path", ["out.tif", Path("out.tif"), Path("out"), "folder/out", io.BytesIO(), None])
def test_an_output_in_the_place_of_the_format(path, rgb):
    with pytest.raises(ConversionError, match="where the format is expected") as caught:
        from_dicom(to_dicom(rgb), path)
    name = "tiff" if str(path).endswith(".tif") else "png"
    assert f'from_dicom(source, "{name}", output)' in caught.value.hint


def test_options_that_a_format_does_not_take(rgb):
    ds = to_dicom(rgb)
    with pytest.raises(ConversionError, match="`quality` is no option of png, expected depth, icc") as caught:
        from_dicom(ds, "png", quality=3)
    assert "jpeg" in caught.value.hint
    with pytest.raises(ConversionError, match="expected none"):
        from_dicom(ds, "json", window=(1, 2))
    with pytest.raises(TypeError, match="windw"):
        from_dicom(ds, "png", windw=(1, 2))
    assert from_dicom(ds, "png", window=None, icc=False, overlays=True) == from_dicom(ds, "png")
    assert from_dicom(ds, "json", window=None, icc=False)


def test_bytes_streams_and_paths_hold_the_same(moving_grey, tmp_path):
    moving_grey().save_as(tmp_path / "in.dcm")
    for row in FORMATS:
        if row.name in _ELSEWHERE | {"streams"}:
            continue
        data = from_dicom(tmp_path / "in.dcm", row.name)
        assert isinstance(data, bytes)
        assert from_dicom(str(tmp_path / "in.dcm"), row.name, tmp_path / "out") is None
        assert (tmp_path / "out").read_bytes() == data, row.name
        stream = _WriteOnly()
        from_dicom(filmless.read(tmp_path / "in.dcm"), row.name, stream)
        assert b"".join(stream.pieces) == data, row.name
    assert {path.name for path in tmp_path.iterdir()} == {"in.dcm", "out"}


class _WriteOnly:
    """A stream that cannot seek, as a socket's."""

    def __init__(self):
        self.pieces = []

    def write(self, data):
        self.pieces.append(bytes(data))
        return len(data)


def test_frames(moving_grey):
    ds = moving_grey()
    notices = []
    assert from_dicom(ds, "png", notices=notices) == from_dicom(ds, "png", frame=0)
    assert [str(notice) for notice in notices] == ["the first of 5 frames"]
    assert from_dicom(ds, "png", frames=[3]) == from_dicom(ds, "png", frame=3)
    for wrong in ({"frame": 5}, {"frame": -1}, {"frames": [0, 7]}, {"frames": range(4, 9)}):
        for name in ("png", "tiff", "npy", "streams"):
            with pytest.raises(PixelError, match="does not exist"):
                from_dicom(ds, name, **wrong)
    with pytest.raises(ConversionError, match="a file for each frame, and 5 are asked for"):
        from_dicom(ds, "png", frames="all")
    with pytest.raises(ConversionError, match="no frame"):
        from_dicom(ds, "tiff", frames=[])
    with pytest.raises(TypeError):
        from_dicom(ds, "png", frame=1, frames=[1])


def test_frames_that_are_not_there_are_missed_before_anything_is_made(moving_grey, tmp_path):
    ds = moving_grey()
    ds.NumberOfFrames = 1_000_000
    for name in ("png", "tiff", "npy"):
        with pytest.raises(PixelError, match="pixel data has"):
            outputs(ds, name, frames="all")


def test_frames_are_opened_once_for_all_parts(moving_grey, monkeypatch):
    from filmless.pixels.decoding import Frames

    opened = []
    plain = Frames.__init__
    monkeypatch.setattr(Frames, "__init__", lambda self, ds, **more: opened.append(ds) or plain(self, ds, **more))
    for part in outputs(moving_grey(), "png", frames="all"):
        part.encode()
    assert len(opened) == 1


def test_parts(moving_grey, tmp_path):
    ds = moving_grey(12)
    parts = outputs(ds, "png", frames=range(9, 11), window=(90, 30))
    assert [(part.frame, part.number, part.suffix) for part in parts] == [(9, ".009", ".png"), (10, ".010", ".png")]
    for part in parts:
        assert part.encode() == from_dicom(ds, "png", frame=part.frame, window=(90, 30))
        part.save(tmp_path / f"x{part.number}{part.suffix}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.009.png", "x.010.png"]
    (part,) = outputs(ds, "tiff")
    assert (part.frame, part.number, part.suffix) == (None, "", ".tiff")


def test_no_pixels():
    ds = Dataset()
    ds.Modality = "SR"
    for row in FORMATS:
        if row.has_frames:
            with pytest.raises(PixelError, match="no pixel data"):
                from_dicom(ds, row.name)


def test_errors_name_the_file(tmp_path, moving_grey):
    ds = moving_grey()
    ds.PixelData = b"\0\0"
    ds.save_as(tmp_path / "cut.dcm")
    with pytest.raises(PixelError, match=r"cut\.dcm"):
        from_dicom(tmp_path / "cut.dcm", "png")
    with pytest.raises(FileNotFoundError):
        from_dicom(tmp_path / "none.dcm", "png")


def test_several_data_sets_are_for_formats_that_take_them(moving_grey):
    with pytest.raises(ConversionError, match="png is of one data set, got 2"):
        from_dicom([moving_grey(), moving_grey()], "png")
    with pytest.raises(ConversionError, match="got 0"):
        from_dicom([], "png")


def test_a_presentation_state_is_read_once(moving_grey, monkeypatch):
    from filmless.convert.out import source as module

    read = []
    plain = module.PresentationState.of
    monkeypatch.setattr(module.PresentationState, "of", staticmethod(lambda ds: read.append(ds) or plain(ds)))
    state = Dataset()
    state.SOPClassUID = "1.2.840.10008.5.1.4.1.1.11.1"
    state.PresentationLUTShape = "INVERSE"
    ds = moving_grey()
    data = from_dicom(ds, "npy", values="display", presentation_state=state)
    assert len(read) == 1
    found = np.load(io.BytesIO(data))
    expected = render(ds, 4, presentation_state=state)
    assert not (expected == render(ds, 4)).all()
    np.testing.assert_array_equal(found[4][..., 0], expected)
