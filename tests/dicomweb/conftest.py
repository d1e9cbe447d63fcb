"""What the tests of DICOMweb share: an archive with real files in it, and a server on loopback."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import uvicorn

from filmless.archive import Archive
from filmless.dicomweb import application
from filmless.errors import DicomError
from filmless.file import read


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
            uid = str(read(path).get("SOPInstanceUID"))
            if uid not in found:
                archive.store(path)
                found[uid] = path
        except DicomError:
            continue
    return found


@pytest.fixture(scope="session")
def held(
    tmp_path_factory: pytest.TempPathFactory, pydicom_files: list[Path]
) -> Iterator[tuple[Archive, dict[str, Path]]]:
    """An archive of all files in pydicom's wheel, and which file each instance came from."""
    with Archive(tmp_path_factory.mktemp("archive")) as archive:
        yield archive, stored(archive, pydicom_files)


@pytest.fixture(scope="session")
def url(held: tuple[Archive, dict[str, Path]]) -> Iterator[str]:
    """The URL of a server over that archive."""
    with serving(application(held[0])) as address:
        yield address


@pytest.fixture(scope="session")
def serve() -> Callable[[object], AbstractContextManager[str]]:
    """Serve an application while a block runs: ``with serve(app) as url``."""
    return serving
