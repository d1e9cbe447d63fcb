"""The tree of exceptions: how they read, and that nothing of them is lost between processes."""

import copy
import pickle
from pathlib import Path

import pytest

from filmless import errors
from filmless.errors import CodecError, DicomError, FormatError, LimitError, TruncatedError

CLASSES = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, DicomError)]


@pytest.mark.parametrize("kind", CLASSES)
def test_pickle_and_copy_keep_everything(kind: type[DicomError]) -> None:
    error = kind("too long", tag=0x0028_0010, offset=7, frame=2, path=Path("a") / "b.dcm", hint="shorten it")
    for twin in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert type(twin) is kind
        assert str(twin) == str(error)
        assert vars(twin) == vars(error)


def test_attributes_of_a_kind_survive_pickle() -> None:
    error = pickle.loads(pickle.dumps(LimitError("too deep", limit="depth", value=64)))
    assert (error.limit, error.value) == ("depth", 64)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (DicomError("plain"), "plain"),
        (
            FormatError("odd length 5", tag=0x7FE0_0010, offset=1024, path="a.dcm"),
            "odd length 5: (7FE0,0010), offset 1024, in a.dcm",
        ),
        (CodecError("no end marker", frame=3), "no end marker: frame 3"),
        # The core names the place itself, with the keyword.
        (
            FormatError("odd length: (0028,0010) Rows, offset 9", tag=0x0028_0010, offset=9, path="a.dcm"),
            "odd length: (0028,0010) Rows, offset 9, in a.dcm",
        ),
        (
            FormatError("odd length: (0028,0010) Rows", tag=0x0028_0010, offset=9),
            "odd length: (0028,0010) Rows, offset 9",
        ),
        (FormatError("the table at offset 90 is cut", offset=9), "the table at offset 90 is cut: offset 9"),
        (DicomError("cannot", path="a.dcm", hint="try b"), "cannot, in a.dcm\nhint: try b"),
    ],
)
def test_text_is_what_then_where(error: DicomError, text: str) -> None:
    assert str(error) == text


def test_every_error_is_exported_and_has_its_place_in_the_tree() -> None:
    assert {kind.__name__ for kind in CLASSES} == set(errors.__all__) - {"Place"}
    assert issubclass(TruncatedError, FormatError)
    tree = [line.split()[0] for line in (errors.__doc__ or "").splitlines() if "Error  " in line or "Associat" in line]
    assert set(tree) | {"DicomError"} == {kind.__name__ for kind in CLASSES}
