"""What is measured. A module holds the tasks of one kind; each task is a function that gives rows of the table."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.contenders import Field
from benchmarks.harness import Timer
from benchmarks.session import PeerError, Session
from benchmarks.table import Row

WRONG = "wrong pixels"


@dataclass(frozen=True)
class Pixels:
    """What a contender does with pixels: ``check`` is asked first, once, and gives what the samples add up to."""

    task: str
    path: Path
    expected: int
    attributes: dict[str, int] = field(default_factory=dict)
    check: str | None = None
    total: int = 0
    tolerance: int = 0


@dataclass(frozen=True)
class Bench:
    """What every task works with."""

    contenders: Field
    folder: Path
    rounds: int

    def timer(self, contender: str, task: str, path: Path, attributes: dict[str, int], expected: int | None) -> Timer:
        """Time a contender at a task, and refuse the time of one that counted something else than all others."""
        return _timer(self.contenders.sessions[contender], task, path, attributes, expected)

    def timer_of_pixels(self, contender: str, task: str, path: Path, expected: int) -> Timer:
        """Time a contender at a task on pictures, and refuse the time of one that counted something else."""
        return _timer(self.contenders.pixels[contender], task, path, {}, expected)

    def pixels(self, contender: str, work: Pixels) -> Timer:
        """Time a contender at its pixels, once it has shown that they are right."""
        session = self.contenders.pixels[contender]
        timer = _timer(session, work.task, work.path, work.attributes, work.expected)
        seen = work.check is None

        def run(repetitions: int) -> float:
            nonlocal seen
            if not seen and work.check is not None:
                _, total = session.ask(work.check, work.path, work.attributes)
                if abs(total - work.total) > work.tolerance:
                    raise PeerError(WRONG)
                seen = True
            return timer(repetitions)

        return run


def _timer(session: Session, task: str, path: Path, attributes: dict[str, int], expected: int | None) -> Timer:
    def run(repetitions: int) -> float:
        seconds, counted = session.ask(task, path, attributes, repetitions)
        if expected is not None and counted != expected:
            raise PeerError(f"gave {counted} of {expected}")
        return seconds

    return run


Task = Callable[[Bench], list[Row]]
