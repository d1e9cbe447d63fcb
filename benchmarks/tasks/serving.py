"""An archive over HTTP: instances in, searches, headers, frames and pictures out. Both servers run the whole time."""

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import perf_counter

from benchmarks import encode, make_files
from benchmarks.connection import Answer, Connection
from benchmarks.contenders import OURS, ROOT
from benchmarks.harness import Bar, Timer, race
from benchmarks.servers import ORTHANC, Server, servers
from benchmarks.session import PeerError
from benchmarks.table import Row, duration, size, verdict

from . import Bench

INSTANCES, STUDIES, FRAMES = 1_000, 5_000, 500
SENDERS = 4
_BOUNDARY = "filmless-benchmark"
_STOW = {
    "Content-Type": f'multipart/related; type="application/dicom"; boundary={_BOUNDARY}',
    "Accept": "application/dicom+json",
}
_HEAD = f"--{_BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
_END = f"\r\n--{_BOUNDARY}--\r\n".encode()
JSON = {"Accept": "application/dicom+json"}
_ROOT = "1.2.826.0.1.3680043.10.9998"


class Slices:
    """CT instances of 528 KB that differ in their UIDs and numbers, without encoding each."""

    def __init__(self, side: int = 512) -> None:
        nodes = make_files.ct_header()
        by_tag = {node.tag: node for node in nodes}
        self._nodes, self._by_tag = nodes, by_tag
        for tag in (0x0028_0010, 0x0028_0011):
            by_tag[tag].text = str(side)
        pixels = (bytes(range(256)) * (side * side * 2 // 256 + 1))[: side * side * 2]
        self._pixels = encode.element(make_files.PIXEL_DATA, "OW", pixels)

    def file(self, study: int, number: int) -> bytes:
        """Return one file: the study and the number in it say what its UIDs are."""
        uid = f"{_ROOT}.{study}.1.{number}"
        texts = {
            0x0008_0018: uid,
            0x0020_000D: f"{_ROOT}.{study}",
            0x0020_000E: f"{_ROOT}.{study}.1",
            0x0020_0013: str(number),
            0x0010_0020: f"BENCH{study:06}",
            0x0010_0010: f"Name{study:06}^Bench",
            0x0008_0050: f"ACC{study:06}",
            0x0008_0020: f"20{study % 30:02}{study % 12 + 1:02}{study % 28 + 1:02}",
        }
        for tag, text in texts.items():
            if tag in self._by_tag:
                self._by_tag[tag].text = text
        return encode.part10(encode.data_set(self._nodes) + self._pixels, make_files.CT_CLASS, uid)


@contextmanager
def on_disk() -> Iterator[Path]:
    """A folder on the disk: what is made durable in memory costs nothing, and says nothing."""
    (ROOT / "out").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "out") as folder:
        yield Path(folder)


def serving(bench: Bench) -> list[Row]:
    """Race both servers at everything."""
    rounds = min(bench.rounds, 5)
    with on_disk() as folder, servers(folder) as running:
        slices = Slices()
        rows = [_stow(running, slices, min(rounds, 3))]
        big = encode.part10(*_enhanced())
        for server in running:
            with server.connection as connection:
                _post(connection, [big])
                _fill(connection, Slices(16))
        rows += _searches(running, rounds)
        rows += _reads(running, rounds)
        return rows


def _enhanced() -> tuple[bytes, str, str]:
    nodes = make_files.enhanced_mr_header()
    for node in nodes:
        if node.tag in (0x0028_0010, 0x0028_0011):
            node.text = "256"
        if node.tag in _UIDS:
            node.text = _UIDS[node.tag]
    content = encode.data_set(nodes) + encode.element(make_files.PIXEL_DATA, "OW", bytes(256 * 256 * 2 * FRAMES))
    return content, make_files.ENHANCED_MR_CLASS, _UIDS[0x0008_0018]


_UIDS = {0x0008_0018: f"{_ROOT}.8.8.8", 0x0020_000D: f"{_ROOT}.8", 0x0020_000E: f"{_ROOT}.8.8"}


def _post(connection: Connection, files: list[bytes]) -> None:
    pieces: list[bytes] = []
    for file in files:
        pieces += [b"\r\n" if pieces else b"", _HEAD, file]
    answer = connection.request("POST", "/dicom-web/studies", _STOW, *filter(None, pieces), _END, keep=True)
    if answer.status != 200 or "Value" in json.loads(answer.body).get("00081198", {}):
        raise PeerError(f"STOW answered {answer.status}")


def _fill(connection: Connection, slices: Slices) -> None:
    """Put 5,000 studies of one small instance there."""
    for first in range(0, STUDIES, 100):
        _post(connection, [slices.file(100_000 + number, 1) for number in range(first, first + 100)])


# -- in ------------------------------------------------------------------------------------------------------------


def _stow(running: list[Server], slices: Slices, rounds: int) -> Row:
    """1,000 instances, one a request, over four connections; each round is another study."""
    turns = dict.fromkeys((server.name for server in running), 0)

    def timer(server: Server) -> Timer:
        def run(_repetitions: int) -> float:
            turns[server.name] += 1
            study = 200_000 + turns[server.name]
            files = [slices.file(study, number) for number in range(INSTANCES)]
            return at_once(server, SENDERS, lambda each: [[file] for file in files[each::SENDERS]])

        return run

    result = race(
        f"STOW of {INSTANCES:,} CT (528 KB), {SENDERS} connections",
        {server.name: timer(server) for server in running},
        rounds=rounds,
        warm=False,
    )
    # What follows asks for a study that both have.
    return result.row(Bar(ORTHANC, 2))


def at_once(server: Server, connections: int, work: Callable[[int], list[list[bytes]]]) -> float:
    """Send lists of requests over several connections at the same time."""
    shares = [work(number) for number in range(connections)]
    failures: list[BaseException] = []

    def send(share: list[list[bytes]]) -> None:
        try:
            with server.connection as connection:
                for files in share:
                    _post(connection, files)
        except (OSError, PeerError) as error:
            failures.append(error)

    return _threads([Thread(target=send, args=(share,)) for share in shares], failures)


def _threads(threads: list[Thread], failures: list[BaseException]) -> float:
    start = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = perf_counter() - start
    if failures:
        raise PeerError(str(failures[0]))
    return elapsed


# -- out -----------------------------------------------------------------------------------------------------------


def _searches(running: list[Server], rounds: int) -> list[Row]:
    study = f"{_ROOT}.200001"
    return [
        _gets(running, rounds, "QIDO: 20 of 5,000 studies", "/dicom-web/studies?limit=20", 3, count=20),
        _gets(
            running,
            rounds,
            "QIDO: 20 of 5,000 studies, by name and date",
            "/dicom-web/studies?PatientName=Name1*&StudyDate=20000101-20151231&limit=20",
            3,
        ),
        _gets(
            running,
            rounds,
            "QIDO: 1,000 instances of a study",
            f"/dicom-web/studies/{study}/instances",
            3,
            count=INSTANCES,
        ),
        _gets(
            running, rounds, "metadata of 1,000 instances", f"/dicom-web/studies/{study}/metadata", 20, count=INSTANCES
        ),
    ]


def _gets(running: list[Server], rounds: int, title: str, path: str, times: float, *, count: int | None = None) -> Row:
    def timer(server: Server) -> Timer:
        with server.connection as connection:
            answer = connection.request("GET", path, JSON, keep=True)
            if answer.status != 200 or (count is not None and len(json.loads(answer.body)) != count):
                raise PeerError(f"answered {answer.status}")
        return _repeated(server, "GET", path, JSON)

    return race(title, _able(running, timer), rounds=rounds, slice_s=0.3).row(Bar(ORTHANC, times))


def _able(running: list[Server], timer: Callable[[Server], Timer]) -> dict[str, Timer]:
    """Make the timers; one that fails at once fails when it is asked, as any other does."""
    timers: dict[str, Timer] = {}
    for server in running:
        try:
            timers[server.name] = timer(server)
        except PeerError as error:
            message = str(error)

            def failed(_repetitions: int, message: str = message) -> float:
                raise PeerError(message)

            timers[server.name] = failed
    return timers


def _repeated(
    server: Server, method: str, path: str | list[str], headers: dict[str, str], connections: int = 1, least: int = 0
) -> Timer:
    paths = [path] if isinstance(path, str) else path

    def run(repetitions: int) -> float:
        failures: list[BaseException] = []

        def work(share: int) -> None:
            try:
                with server.connection as connection:
                    for number in range(share, repetitions, connections):
                        _checked(connection.request(method, paths[number % len(paths)], headers), least)
            except (OSError, PeerError) as error:
                failures.append(error)

        return _threads([Thread(target=work, args=(share,)) for share in range(connections)], failures)

    return run


def _checked(answer: Answer, least: int) -> None:
    if answer.status != 200 or answer.length < least:
        raise PeerError(f"answered {answer.status} with {answer.length} bytes")


def _reads(running: list[Server], rounds: int) -> list[Row]:
    study = f"/dicom-web/studies/{_ROOT}.200001"
    slices = [f"{study}/series/{_ROOT}.200001.1/instances/{_ROOT}.200001.1.{number}" for number in range(100)]
    big = f"/dicom-web/studies/{_ROOT}.8/series/{_ROOT}.8.8/instances/{_ROOT}.8.8.8"
    raw = {"Accept": 'multipart/related; type="application/octet-stream"; transfer-syntax=*'}
    stored = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
    one, frame = [f"{path}/frames/1" for path in slices], 512 * 512 * 2

    def row(
        title: str, paths: list[str], headers: dict[str, str], times: float, connections: int = 1, least: int = 0
    ) -> Row:
        def timer(server: Server) -> Timer:
            return _repeated(server, "GET", paths, headers, connections, least)

        return race(title, _able(running, timer), rounds=rounds, slice_s=0.3).row(Bar(ORTHANC, times))

    pictures = [f"{path}/rendered" for path in slices]
    frames = [f"{big}/frames/{number}" for number in range(1, FRAMES, 7)]
    return [
        row("frame of a CT, 1 connection", one, raw, 1, 1, frame),
        row("frame of a CT, 8 connections", one, raw, 2, 8, frame),
        row("frame out of 500 (256x256)", frames, raw, 50, 1, 256 * 256 * 2),
        row("rendered as JPEG", pictures, {"Accept": "image/jpeg"}, 1.5),
        row("rendered as PNG", pictures, {"Accept": "image/png"}, 1),
        row("the whole study, 1,000 CT", [study], stored, 1, 1, INSTANCES * frame),
    ]


# -- memory and growth -----------------------------------------------------------------------------------------------


def memory(bench: Bench) -> list[Row]:
    """An instance of 2 GB in and out, and 100 clients at once."""
    del bench
    bar = 200_000_000
    with on_disk() as folder, servers(folder, only_ours=True) as [server]:
        big = make_files.sparse(folder / "sparse.dcm")
        start = perf_counter()
        with server.connection as connection, big.open("rb") as file:
            _post_large(connection, file.read)
            path = f"/dicom-web/studies/{_study_of(connection)}"
            stored = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
            answer = connection.request("GET", path, stored)
        if answer.length < big.stat().st_size:
            raise PeerError(f"gave {answer.length} bytes back")
        peak = server.resident("VmHWM")
        first = Row(
            "2 GB stored and retrieved: memory of the server",
            {OURS: f"{size(peak)}, {duration(perf_counter() - start)}"},
        )
        first.bar, first.verdict = "< 200 MB", verdict(met=peak < bar)
        slices = Slices()
        files = [slices.file(300_000, number) for number in range(200)]
        at_once(server, 100, lambda each: [[file] for file in files[each::100]])
        peak = server.resident("VmHWM")
        second = Row("100 clients storing at once: memory of the server", {OURS: size(peak)}, bar="< 400 MB")
        second.verdict = verdict(met=peak < 2 * bar)
    return [first, second]


def _post_large(connection: Connection, read: Callable[[int], bytes]) -> None:
    pieces = [_HEAD]
    while piece := read(64 << 20):
        pieces.append(piece)
    answer = connection.request("POST", "/dicom-web/studies", _STOW, *pieces, _END, keep=True)
    if answer.status != 200:
        raise PeerError(f"STOW answered {answer.status}")


def _study_of(connection: Connection) -> str:
    answer = connection.request("GET", "/dicom-web/studies", JSON, keep=True)
    return str(json.loads(answer.body)[0]["0020000D"]["Value"][0])
