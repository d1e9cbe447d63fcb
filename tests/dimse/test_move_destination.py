"""Fetching by C-MOVE to a listener of our own, from a peer that has no C-GET."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from filmless._core import Acceptable
from filmless.dimse import Scp, connect
from filmless.dimse.scp.request import Request
from filmless.dimse.scp.service import Service
from filmless.dimse.services.folder import Received
from filmless.dimse.services.move_destination import move_destination
from filmless.dimse.status import PENDING
from filmless.dimse.uids import STUDY_ROOT
from filmless.errors import DimseStatusError
from filmless.file import read

from .talking import talk


def moving(path: Path, port: Callable[[], int], status: int, **counts: int) -> Scp:
    """Return an SCP that sends a file to whom it is told, and answers C-MOVE with a status."""

    async def move(request: Request) -> None:
        title = request.command["MoveDestination"]
        if title != "WS-1":
            await request.respond(0xA801)
            return
        async with connect(f"{title}@127.0.0.1:{port()}", sop_classes=["CTImageStorage"]) as there:
            assert not (await there.store(path)).failed
            await request.respond(PENDING, NumberOfRemainingSuboperations=1, NumberOfCompletedSuboperations=1)
            ds = read(path)
            ds.SOPInstanceUID = "1.2.3.4"
            assert not (await there.store(ds)).failed
        await request.respond(status, None, **counts)

    return Scp("PACS", [Service((Acceptable(STUDY_ROOT[1]),), {"C-MOVE": move})])


def test_it_comes_as_the_peer_sends_it(pydicom_files: list[Path], tmp_path: Path) -> None:
    ct = next(path for path in pydicom_files if path.name == "CT_small.dcm")
    uid, ports, told, noted = str(read(ct).SOPInstanceUID), list[int](), list[Any](), list[Received]()

    async def main() -> None:
        async with (
            move_destination(tmp_path, ae_title="WS-1", port=0, on_received=noted.append) as here,
            moving(ct, lambda: ports[0], 0).listen() as port,
            connect(f"PACS@127.0.0.1:{port}") as peer,
        ):
            ports.append(here.port)
            for _ in range(2):
                came = [one async for one in here.fetch(peer, "1.2.3", progress=told.append)]
                assert [one.instance_uid for one in came] == [uid, "1.2.3.4"]
            assert [one.is_last for one in told] == [False, True] * 2
            assert len(noted) == 4

    talk(main())
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([f"{uid}.dcm", "1.2.3.4.dcm"])


@pytest.mark.parametrize(
    ("title", "status", "counts", "message", "count"),
    [
        ("OTHER", 0, {}, "0xA801", 0),
        ("WS-1", 0xB000, {}, "could not send all", 2),
        ("WS-1", 0xB000, {"NumberOfFailedSuboperations": 1}, "could not send 1 of 1", 2),
        ("WS-1", 0xC000, {}, "0xC000", 2),
    ],
)
def test_what_failed_is_told_behind_what_came(
    pydicom_files: list[Path],
    tmp_path: Path,
    title: str,
    status: int,
    counts: dict[str, int],
    message: str,
    count: int,
) -> None:
    ct = next(path for path in pydicom_files if path.name == "CT_small.dcm")
    ports, came = list[int](), list[Received]()

    async def gather(fetched: Any) -> None:
        async for one in fetched:
            came.append(one)

    async def main() -> None:
        async with (
            move_destination(tmp_path, ae_title=title, port=0) as here,
            moving(ct, lambda: ports[0], status, **counts).listen() as port,
            connect(f"PACS@127.0.0.1:{port}") as peer,
        ):
            ports.append(here.port)
            with pytest.raises(DimseStatusError, match=message):
                await gather(here.fetch(peer, "1.2.3"))

    talk(main())
    assert len(came) == count
