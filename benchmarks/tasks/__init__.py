"""What is measured. A module holds the tasks of one kind; each task is a function that gives rows of the table."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contenders import Field
from benchmarks.harness import Timer
from benchmarks.session import PeerError
from benchmarks.table import Row


@dataclass(frozen=True)
class Bench:
    """What every task works with."""

    field: Field
    folder: Path
    rounds: int

    def timer(self, contender: str, task: str, path: Path, attributes: dict[str, int], expected: int | None) -> Timer:
        """Time a contender at a task, and refuse the time of one that counted something else than all others."""
        session = self.field.sessions[contender]

        def run(repetitions: int) -> float:
            seconds, counted = session.ask(task, path, attributes, repetitions)
            if expected is not None and counted != expected:
                raise PeerError(f"gave {counted} of {expected}")
            return seconds

        return run


Task = Callable[[Bench], list[Row]]
