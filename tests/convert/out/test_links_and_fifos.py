"""What is no regular file stays what it is: links are followed, FIFOs written to."""

import os
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import filmless
from filmless import _core
from filmless.convert import convert_many, from_dicom, to_dicom
from filmless.convert.out.whole import whole_file
from filmless.convert.report import Report

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such files")


@pytest.fixture
def picture() -> Image.Image:
    return Image.fromarray(np.arange(4096, dtype=np.uint8).reshape(64, 64))


@pytest.fixture
def through_fifo(tmp_path) -> Callable[[Callable[[Path], object]], bytes]:
    """Read from a FIFO what is written to it."""

    def through_fifo(write: Callable[[Path], object]) -> bytes:
        path = tmp_path / "fifo"
        os.mkfifo(path)
        read: list[bytes] = []
        # A daemon: a writer that replaces the FIFO leaves the reader without an end.
        reader = threading.Thread(target=lambda: read.append(path.read_bytes()), daemon=True)
        reader.start()
        write(path)
        assert path.is_fifo()
        reader.join(10)
        assert [one.name for one in tmp_path.iterdir() if one.name.endswith(".tmp")] == []
        path.unlink()
        return read[0]

    return through_fifo


def test_a_fifo_is_written_to(picture, through_fifo, tmp_path):
    ds = to_dicom(picture)
    ds.save_as(tmp_path / "a.dcm")
    data = (tmp_path / "a.dcm").read_bytes()
    read = filmless.read(tmp_path / "a.dcm")
    assert through_fifo(lambda path: filmless.write(ds, path)) == data
    assert through_fifo(lambda path: filmless.write(read, path, durable=True)) == data
    assert through_fifo(read.save_as) == data
    assert through_fifo(lambda path: _core.write_bytes(path, data * 50)) == data * 50
    for name in ("png", "tiff", "npz"):
        assert through_fifo(lambda path, name=name: from_dicom(ds, name, path)) == from_dicom(ds, name)


def test_a_report_goes_into_a_fifo(through_fifo):
    def write(path: Path) -> None:
        with Report(path):
            pass

    assert b'"complete": true' in through_fifo(write)


def test_a_socket_is_left(picture, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s")
        for name in ("png", "tiff"):
            with pytest.raises(OSError, match="s'"):
                from_dicom(to_dicom(picture), name, "s")
        assert Path("s").is_socket()
        assert [path.name for path in tmp_path.iterdir()] == ["s"]


@pytest.mark.parametrize("name", ["png", "tiff"])
@pytest.mark.parametrize("before", [b"before", None])
def test_a_link_is_followed(name, before, picture, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    if before is not None:
        (folder / "real").write_bytes(before)
    (tmp_path / "second").symlink_to("elsewhere/real")
    (tmp_path / "first").symlink_to(tmp_path / "second")
    ds = to_dicom(picture)
    from_dicom(ds, name, tmp_path / "first")
    assert (tmp_path / "first").is_symlink()
    assert (tmp_path / "second").is_symlink()
    assert (folder / "real").read_bytes() == from_dicom(ds, name)
    assert [path.name for path in folder.iterdir()] == ["real"]


def test_a_writer_that_fails_leaves_what_a_link_leads_to(tmp_path):
    (tmp_path / "real").write_bytes(b"before")
    (tmp_path / "link").symlink_to("real")

    def fail() -> None:
        with whole_file(tmp_path / "link") as file:
            file.write(b"after")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert (tmp_path / "real").read_bytes() == b"before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]


def test_links_in_a_circle(picture, tmp_path):
    (tmp_path / "link").symlink_to("link")
    for name in ("png", "tiff"):
        with pytest.raises(OSError, match="link"):
            from_dicom(to_dicom(picture), name, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()


def test_a_descriptor_whose_file_has_no_name(picture, tmp_path):
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("there is no /proc")
    data = from_dicom(to_dicom(picture), "png")
    with (tmp_path / "gone").open("w+b") as file:
        file.write(b"before" * 10_000)
        file.flush()
        (tmp_path / "gone").unlink()
        _core.write_bytes(f"/proc/self/fd/{file.fileno()}", data)
        file.seek(0)
        assert file.read() == data
    assert list(tmp_path.iterdir()) == []


def test_saving_over_its_own_file_through_a_link(picture, tmp_path):
    to_dicom(picture).save_as(tmp_path / "a.dcm")
    (tmp_path / "link.dcm").symlink_to("a.dcm")
    ds = filmless.read(tmp_path / "a.dcm")
    ds.PatientID = "4711"
    ds.save_as(tmp_path / "link.dcm")
    assert (tmp_path / "link.dcm").is_symlink()
    assert filmless.read(tmp_path / "a.dcm").PatientID == "4711"
    assert ds.PixelData == np.asarray(picture).tobytes()
    ds.save_as(tmp_path / "link.dcm")
    assert filmless.read(tmp_path / "a.dcm").PixelData == ds.PixelData


def test_a_link_in_the_output_that_leads_to_a_source(picture, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    source = tmp_path / "in/a.dcm"
    to_dicom(picture).save_as(source)
    before = source.read_bytes()
    (tmp_path / "out/a.png").symlink_to(source)
    (one,) = convert_many([str(source)], tmp_path / "out", to="png", force=True)
    assert one.target == tmp_path / "out/a-2.png"
    assert source.read_bytes() == before
