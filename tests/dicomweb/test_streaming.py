"""Large answers: memory that stays flat, and clients that are slow or go away."""

import gc
import http.client
import io
import os
import socket
import struct
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from filmless.archive import Archive, Entry
from filmless.dataset import Dataset
from filmless.dicomweb import application
from filmless.dicomweb.origin.sending import PIECE, Stored, body_of, lazy_body, length_of
from filmless.errors import ArchiveError
from filmless.file import encode
from tests.dicomweb.conftest import serving

SIZE = 300 << 20
PATH = "/studies/1.2.3/series/1.2.3.1/instances/1.2.3.4"


def header(size: int) -> bytes:
    """A file up to the value of its pixel data, which is to be of this size."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID, ds.PatientID = "1.2.840.10008.5.1.4.1.1.7.3", "1.2.3.4", "1"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.3", "1.2.3.1"
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.NumberOfFrames = 1, "MONOCHROME2", size >> 20
    ds.Rows, ds.Columns, ds.PixelRepresentation = 1024, 1024, 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 8, 8, 7
    ds.add_new("PixelData", "OW", b"\0\0")
    return encode(ds)[:-6] + struct.pack("<I", size)


class Counted(io.FileIO):
    """A file that knows how much was read of it."""

    count = 0

    def readinto(self, buffer: Any) -> int:
        taken = super().readinto(buffer) or 0
        self.count += taken
        return taken


class Counting(Archive):
    """An archive that knows the files that it opened."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.opened: list[Counted] = []

    def open(self, entry: Entry) -> BinaryIO:
        path = self.storage.path(entry.location)
        assert path
        self.opened.append(Counted(path))
        return self.opened[-1]  # type: ignore[return-value]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counting]:
    with Counting(tmp_path_factory.mktemp("large")) as archive:
        with archive.receive() as incoming:
            incoming.write(header(SIZE))
            for _ in range(SIZE >> 20):
                incoming.write(bytes(1 << 20))
            incoming.submit().result()
        yield archive


@pytest.fixture(scope="module")
def address(large: Counting) -> Iterator[str]:
    with serving(application(large)) as url:
        yield url.removeprefix("http://")


CHILD = """
import socket, sys, threading
import uvicorn
from filmless.archive import Archive
from filmless.dicomweb import application

with Archive(sys.argv[1]) as archive:
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(application(archive), log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    threading.Thread(target=lambda: (sys.stdin.read(), setattr(server, "should_exit", True)), daemon=True).start()
    server.run(sockets=[listener])
    listener.close()
# Not ru_maxrss, in which that of the process before this one lives on.
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")), flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_memory_is_flat(large: Counting, tmp_path: Path) -> None:
    """In a process of its own, over the same files: 300 MB go out of 200 MB at the most, in whole and by parts."""
    folder = tmp_path / "copy"
    stored = large.entries("1.2.3")[0]
    with Archive(folder) as archive, archive.receive() as incoming, large.open(stored) as file:
        while data := file.read(1 << 20):
            incoming.write(data)
        incoming.submit().result()
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with child:
        assert child.stdin
        assert child.stdout
        port = int(child.stdout.readline())
        for accept in ("application/dicom", 'multipart/related; type="application/dicom"; transfer-syntax=*'):
            assert taken("127.0.0.1", port, PATH, accept) >= SIZE
        assert taken("127.0.0.1", port, f"{PATH}/frames/{','.join(map(str, range(1, 301)))}", "*/*") >= SIZE
        assert taken("127.0.0.1", port, f"{PATH}/bulkdata/7FE00010", "application/octet-stream") == SIZE
        assert taken("127.0.0.1", port, "/studies/1.2.3", "application/zip") >= SIZE
        child.stdin.close()
        peak = int(child.stdout.readline())
    assert peak < 200_000, f"{peak} KiB"


def taken(host: str, port: int, path: str, accept: str) -> int:
    with closing(http.client.HTTPConnection(host, port)) as connection:
        connection.request("GET", path, headers={"accept": accept})
        answer = connection.getresponse()
        assert answer.status == 200
        buffer, size = bytearray(1 << 20), 0
        while count := answer.readinto(buffer):
            size += count
    return size


@pytest.mark.parametrize("path", [PATH, "/studies/1.2.3", f"{PATH}/bulkdata/7FE00010", f"{PATH}/bulkdata"])
def test_a_client_that_goes_away_leaves_nothing(large: Counting, address: str, path: str) -> None:
    """It reads a little, and is gone: the file is closed, the reading ends, threads go on serving."""
    large.opened.clear()
    host, port = address.split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n".encode())
        assert client.recv(64).startswith(b"HTTP/1.1 200")
    # Another request is answered all the while, and by then at the latest the first one has ended.
    waiting = threading.Event()
    for _ in range(1000):
        if large.opened and all(file.closed for file in large.opened):
            break
        waiting.wait(0.01)
    assert all(file.closed for file in large.opened)
    assert sum(file.count for file in large.opened) < SIZE // 2  # nobody reads on for who is gone
    assert taken(host, int(port), f"{PATH}/frames/1", "application/octet-stream") == 1 << 20
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gc.collect()


def test_slow_clients_hold_no_thread(large: Counting, address: str) -> None:
    """More clients than threads do not read what they asked for; one that reads is served."""
    host, port = address.split(":")
    clients = []
    try:
        for _ in range(40):
            client = socket.create_connection((host, int(port)))
            client.sendall(f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAccept: application/dicom\r\n\r\n".encode())
            clients.append(client)
        for client in clients:
            assert client.recv(12) == b"HTTP/1.1 200"
        assert taken(host, int(port), f"{PATH}/frames/7", "application/octet-stream") == 1 << 20
    finally:
        for client in clients:
            client.close()


def test_a_file_that_was_cut_ends_the_answer_short(tmp_path: Path) -> None:
    with Archive(tmp_path / "archive") as archive:
        with archive.receive() as incoming:
            incoming.write(header(16 << 20))
            for _ in range(16):
                incoming.write(bytes(1 << 20))
            incoming.submit().result()
        path = archive.storage.path(archive.entries("1.2.3")[0].location)
        assert path
        os.truncate(path, 3 << 20)
        with serving(application(archive)) as url:
            host, port = url.removeprefix("http://").split(":")
            for accept in ("application/dicom", "application/zip"):  # of known length, and in chunks
                with closing(http.client.HTTPConnection(host, int(port))) as one:
                    one.request("GET", PATH, headers={"accept": accept})
                    answer = one.getresponse()
                    with pytest.raises(http.client.IncompleteRead):
                        answer.read()


class Files:
    """What `body_of` reads from."""

    def __init__(self, tmp_path: Path) -> None:
        self.path = tmp_path / "file"
        self.data = os.urandom(3 * PIECE + 77)
        self.path.write_bytes(self.data)

    def open(self, entry: Entry) -> BinaryIO:
        return self.path.open("rb", buffering=0)


@pytest.mark.parametrize(
    ("start", "end"), [(0, None), (0, 1), (1, PIECE + 2), (PIECE, 2 * PIECE), (4, 9), (PIECE * 3, None)]
)
def test_pieces(tmp_path: Path, start: int, end: int | None) -> None:
    """What is read in buffers is what the parts are, one after the other."""
    files: Any = Files(tmp_path)
    entry: Any = None
    body = [b"abc", Stored(entry, 5, PIECE - 9), b"", b"de" * PIECE, Stored(entry, 0, 2 * PIECE), b"end"]
    plain = b"".join(one if isinstance(one, bytes) else files.data[one.start : one.start + one.length] for one in body)
    assert length_of(body) == len(plain)
    pieces = list(body_of(files, body, start, end))
    assert b"".join(pieces) == plain[start:end]
    assert all(len(piece) == PIECE for piece in pieces[:-1])
    assert b"".join(lazy_body(files, iter(body))) == plain
    with pytest.raises(ArchiveError):
        list(body_of(files, [Stored(entry, 3 * PIECE, 78)]))
