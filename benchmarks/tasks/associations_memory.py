"""Memory over DIMSE: an instance of 2 GB in and out again, and many associations at once."""

from collections.abc import Callable
from pathlib import Path

from benchmarks import entities, make_files
from benchmarks.contenders import OURS
from benchmarks.entities import Receiver
from benchmarks.servers import Server, forget_peak, only_filmless, resident
from benchmarks.session import PeerError
from benchmarks.table import Row, duration, size, verdict

from . import Bench
from .serving import Slices, on_disk

_MOST = 100_000_000
_MANY, _EACH = 50, 4
_LISTENER = "LISTENER"
_MOVE = "C-MOVE of 2 GB"


def memory(bench: Bench) -> list[Row]:
    """Send 2 GB to a bare SCP; into a new archive, and out of it by C-GET and C-MOVE; then 50 associations at once."""
    del bench
    with on_disk() as disk, entities.listen(disk / "received") as listener:
        big = make_files.sparse(disk / "sparse.dcm")
        elapsed, sender = entities.sent_with("send_with_filmless", listener.port, big)
        rows = [
            _row("C-STORE of 2 GB: memory of the SCU", int(sender), elapsed),
            _row("C-STORE of 2 GB: memory of a bare SCP", resident(listener.process, "VmHWM"), elapsed),
        ]
        _require_one(listener)
        known = f"{_LISTENER}={{ae_title='BENCH', host='127.0.0.1', port={listener.port}}}"
        with only_filmless(disk / "archive", "--peer", known) as server:
            rows += _through(server, listener, big, disk)
            rows.append(_many(server, disk / "many"))
    return rows


def _require_one(receiver: Receiver) -> None:
    if receiver.emptied() != 1:
        raise PeerError("was not received")


def _through(server: Server, listener: Receiver, big: Path, disk: Path) -> list[Row]:
    """Store an instance into an archive that has just been made, and fetch it both ways."""
    study = make_files.study_of_sparse()

    def measured(title: str, do: Callable[[], list[float]]) -> list[Row]:
        forget_peak(server.process)
        elapsed, peer = do()
        return [
            _row(f"{title}: memory of the SCU", int(peer), elapsed),
            _row(f"{title}: memory of the archive's server", server.resident("VmHWM"), elapsed),
        ]

    got = disk / "got"
    got.mkdir()

    def retrieve(how: str, to: object) -> list[float]:
        return entities.sent_with("retrieve_with_filmless", server.dimse_port, how, study, to)

    rows = measured(
        "C-STORE of 2 GB into a new archive",
        lambda: entities.sent_with("send_with_filmless", server.dimse_port, big),
    )
    big.unlink()
    rows += measured("C-GET of 2 GB", lambda: retrieve("get", got))
    [path] = got.iterdir()
    if path.stat().st_size < make_files.SPARSE_SIZE:
        raise PeerError("gave less than it has")
    path.unlink()
    forget_peak(listener.process)
    rows += measured(_MOVE, lambda: retrieve("move", "BENCH"))
    rows.append(_row(f"{_MOVE}: memory of who receives it", resident(listener.process, "VmHWM"), None))
    _require_one(listener)
    return rows


def _many(server: Server, folder: Path) -> Row:
    """Have associations send at once; there is no bar, and what each of them costs is told."""
    slices = Slices()
    for number in range(_MANY):
        (folder / str(number)).mkdir(parents=True)
        for instance in range(_EACH):
            content = slices.file(400_000 + number, instance)
            (folder / str(number) / f"{instance}.dcm").write_bytes(content)
    before = server.resident()
    forget_peak(server.process)
    elapsed, _ = entities.sent_with("send_with_filmless", server.dimse_port, *sorted(folder.iterdir()))
    peak = server.resident("VmHWM")
    row = Row(f"{_MANY} associations storing at once: memory of the server")
    row.cells[OURS] = f"{size(peak)}, {size((peak - before) // _MANY)} more for each, {duration(elapsed)}"
    return row


def _row(title: str, held: int, elapsed: float | None) -> Row:
    row = Row(title, {OURS: size(held) + (f", {duration(elapsed)}" if elapsed is not None else "")})
    row.bar, row.verdict = f"< {size(_MOST)}", verdict(met=held < _MOST)
    return row
