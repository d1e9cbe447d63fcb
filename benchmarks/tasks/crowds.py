"""C-STORE of honest peers while 2,000 others hold connections to the same port."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import entities
from benchmarks.contenders import OURS, ROOT
from benchmarks.harness import Bar, Timer, race
from benchmarks.servers import only_filmless
from benchmarks.session import PeerError
from benchmarks.table import Row

from . import Bench
from .serving import Slices, on_disk

PEERS, INSTANCES = 2_000, 500
_KINDS = {"silent": "2,000 half-open peers", "dripping": "2,000 peers that send a byte in a second"}
_KEPT = 0.8
_ALONE = "filmless (nobody else)"


def crowds(bench: Bench) -> list[Row]:
    """Send into the archive with a crowd and without, in turn."""
    rounds, slices, rows, study = min(bench.rounds, 7), Slices(), list[Row](), 500_000
    with on_disk() as disk, only_filmless(disk / "archive") as server:

        def send() -> float:
            nonlocal study
            study += 1
            folder = disk / str(study)
            folder.mkdir()
            for number in range(INSTANCES):
                (folder / f"{number}.dcm").write_bytes(slices.file(study, number))
            try:
                return entities.sent_with("send_with_filmless", server.dimse_port, folder)[0]
            finally:
                for path in folder.iterdir():
                    path.unlink()

        def within(kind: str) -> Timer:
            def run(_repetitions: int) -> float:
                with _crowd(server.dimse_port, kind):
                    return send()

            return run

        for kind, title in _KINDS.items():
            turns: dict[str, Timer] = {OURS: within(kind), _ALONE: lambda _: send()}
            task = f"C-STORE of {INSTANCES} CT into the archive beside {title}"
            rows.append(race(task, turns, rounds=rounds, warm=False).row(Bar(_ALONE, _KEPT)))
    return rows


@contextmanager
def _crowd(port: int, kind: str) -> Iterator[None]:
    command = [sys.executable, "-m", "benchmarks.python.crowd", str(port), kind, str(PEERS)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        if not process.stdout.readline():
            raise PeerError("the crowd did not come together")
        yield
        process.stdin.close()
