"""Files are written whole or not at all."""

import re
import sys
import threading

import pytest

from filmless.convert import from_dicom
from filmless.convert.out.whole import whole_file
from filmless.errors import PixelError


def test_a_file_that_is_finished(tmp_path):
    target = tmp_path / "out.bin"
    with whole_file(target) as file:
        file.write(b"12345")
        assert not target.exists()
        file.seek(1)
        file.write(b"x")
    assert target.read_bytes() == b"1x345"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_file_that_is_not_finished(error, tmp_path):
    (tmp_path / "out.bin").write_bytes(b"before")

    def fail() -> None:
        with whole_file(tmp_path / "out.bin") as file:
            file.write(b"12345")
            raise error

    with pytest.raises(error):
        fail()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"before"]


def test_where_nothing_can_be_written(tmp_path):
    for target in (tmp_path / "none" / "out.bin", tmp_path / "folder"):
        if target.name == "folder":
            target.mkdir()
        with pytest.raises(OSError, match=re.escape(target.name)) as caught, whole_file(target) as file:
            file.write(b"1")
        assert caught.value.filename == str(target)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_names_do_not_meet(tmp_path):
    def write() -> None:
        for number in range(20):
            with whole_file(tmp_path / "out.bin") as file:
                file.write(bytes([number]) * 100)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set((tmp_path / "out.bin").read_bytes())) == 1
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("name", ["tiff", "gif", "webp", "apng", "mp4", "npy", "npz", "raw"])
@pytest.mark.parametrize("threads", [1, 3])
def test_a_writer_that_fails_in_the_middle(name, threads, moving_grey, monkeypatch, tmp_path):
    def decoded(self, frame, out=None):
        if frame == 3:
            raise PixelError("a frame is damaged", frame=frame)
        return plain(self, frame, out)

    from filmless.pixels.decoding import Frames

    plain = Frames.decoded
    monkeypatch.setattr(Frames, "decoded", decoded)
    (tmp_path / "out").write_bytes(b"before")
    alive = threading.active_count()
    for target in (tmp_path / "out", _Refusing(), None):
        with pytest.raises(PixelError, match="a frame is damaged"):
            from_dicom(moving_grey(), name, target, threads=threads)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"before"]
    assert threading.active_count() <= alive


class _Refusing:
    """A stream on which nothing may stand when a conversion fails."""

    def write(self, data):
        raise AssertionError("something was written")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such permissions")
def test_permissions_are_the_usual_ones(moving_grey, tmp_path):
    from_dicom(moving_grey(), "tiff", tmp_path / "a.tif")
    (tmp_path / "b").write_bytes(b"")
    assert (tmp_path / "a.tif").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_names_of_letters_of_four_bytes(tmp_path):
    target = tmp_path / ("\N{GRINNING FACE}" * 60 + ".bin")  # 244 bytes, of 255
    with whole_file(target) as file:
        file.write(b"1")
    assert list(tmp_path.iterdir()) == [target]
