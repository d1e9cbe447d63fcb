"""C-FIND of 5,000 studies: the archive and Orthanc, asked by the same client, DCMTK's or our own."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from benchmarks import entities
from benchmarks.harness import Bar, Timer, race
from benchmarks.servers import ORTHANC, TITLE, Server, servers
from benchmarks.session import PeerError
from benchmarks.table import Row

from . import Bench
from .serving import Slices, on_disk

STUDIES = 5_000
_KEYS = (
    "PatientName", "PatientID", "StudyDate", "StudyTime", "AccessionNumber", "StudyDescription", "StudyInstanceUID",
)  # fmt: skip


def finding(bench: Bench) -> list[Row]:
    """Race both servers at answering."""
    rounds = min(bench.rounds, 5)
    with on_disk() as disk, servers(disk / "servers") as running:
        folder = _studies(bench.folder / "studies")
        for server in running:
            entities.sent_with("send_with_filmless", server.dimse_port, folder)
        rows = []
        for client, ask in (("findscu", _with_findscu), ("our SCU", _with_filmless)):
            result = race(
                f"C-FIND of {STUDIES:,} studies, {client}",
                {server.name: _timer(server, ask) for server in running},
                rounds=rounds,
                warm=False,
            )
            rows.append(result.row(Bar(ORTHANC, 3)))
        return rows


def _studies(folder: Path) -> Path:
    slices = Slices(16)
    folder.mkdir()
    for number in range(STUDIES):
        (folder / f"{number:04}.dcm").write_bytes(slices.file(100_000 + number, 1))
    return folder


def _timer(server: Server, ask: Callable[[int], float]) -> Timer:
    return lambda _repetitions: ask(server.dimse_port)


def _with_findscu(port: int) -> float:
    keys = [part for key in ("QueryRetrieveLevel=STUDY", *_KEYS) for part in ("-k", key)]
    start = perf_counter()
    command = [entities.dcmtk("findscu"), "-q", "-S", "-aec", TITLE, *keys, "127.0.0.1", str(port)]
    done = subprocess.run(command, env=entities.environment(tuned=True), capture_output=True, check=False)
    elapsed = perf_counter() - start
    if done.returncode:
        raise PeerError(f"findscu ended with code {done.returncode}")
    return elapsed


def _with_filmless(port: int) -> float:
    elapsed, count = entities.sent_with("find_with_filmless", port, *_KEYS)
    if count != STUDIES:
        raise PeerError(f"found {count:.0f} of {STUDIES}")
    return elapsed
