"""What the tests of DICOMweb share: an archive with real files in it, and a server on loopback."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from pydicom.data import get_testdata_file

from filmless.archive import Archive
from filmless.dicomweb import application
from filmless.errors import DicomError
from filmless.file import encode, read
from filmless.pixels import transcode


class _Server(uvicorn.Server):
    """A server in a thread that says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.listening.set()


@contextmanager
def serving(app: object) -> Iterator[str]:
    """Serve an application by uvicorn on a free port of loopback; gives its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = _Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        assert server.listening.wait(30)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()
        assert not thread.is_alive()


def stored(archive: Archive, files: list[Path]) -> dict[str, Path]:
    """Store what is valid, the first of each SOP Instance UID; return the files by UID."""
    found: dict[str, Path] = {}
    for path in files:
        try:
            found.setdefault(str(read(path).get("SOPInstanceUID")), path)
        except DicomError:
            continue

    def store(uid: str) -> None:
        try:
            archive.store(found[uid])
        except DicomError:
            del found[uid]

    with ThreadPoolExecutor(8) as threads:  # together they wait for the disk once
        list(threads.map(store, list(found)))
    return found


@pytest.fixture(scope="session")
def held(tmp_path_factory: pytest.TempPathFactory, all_files: list[Path]) -> Iterator[tuple[Archive, dict[str, Path]]]:
    """An archive of all real files of moderate size, and which file each instance came from."""
    with Archive(tmp_path_factory.mktemp("archive")) as archive:
        yield archive, stored(archive, [path for path in all_files if path.stat().st_size < 1 << 20])


@pytest.fixture(scope="session")
def url(held: tuple[Archive, dict[str, Path]]) -> Iterator[str]:
    """The URL of a server over that archive."""
    with serving(application(held[0])) as address:
        yield address


@pytest.fixture(scope="session")
def serve() -> Callable[[object], AbstractContextManager[str]]:
    """Serve an application while a block runs: ``with serve(app) as url``."""
    return serving


@pytest.fixture(scope="session")
def http(url: str) -> Iterator[httpx.Client]:
    """A client of that server that keeps its connection."""
    with httpx.Client(base_url=url, headers={"accept-encoding": "identity"}, timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def http_of_mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, list[bytes]]]:
    """A client of a server over a study of an image, a report, and an image whose pixels are damaged."""
    image = read(get_testdata_file("CT_small.dcm", download=False))
    damaged = transcode(image, "JPEG2000Lossless", new_instance=False)
    damaged.PixelData = bytes(damaged["PixelData"].value).replace(b"\xff\x4f\xff\x51", b"\xff\x4f\xff\x77")
    report = read(get_testdata_file("reportsi.dcm", download=False))
    files = []
    with Archive(tmp_path_factory.mktemp("mixed")) as archive:
        for number, ds in enumerate((image, report, damaged), 1):
            ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = "1.2.3", "1.2.3.1", f"1.2.3.1.{number}"
            ds.InstanceNumber, ds.PatientID = number, "1"
            ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
            files.append(encode(ds))
            archive.store(files[-1])
        with serving(application(archive)) as address, httpx.Client(base_url=address) as client:
            yield client, files
