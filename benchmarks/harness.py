"""Interleaved measuring: every round asks everyone once, so that a slow moment of the machine hits all alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Protocol

from .contenders import OURS, PYDICOM
from .session import PeerError
from .table import NOT_MEASURED, Row, duration, verdict

NEXT_BEST = "next best"
MAX_REPETITIONS = 100_000

Timer = Callable[[int], float]
"""Runs a task so many times and says how many seconds that took."""


class Condition(Protocol):
    """What a result has to fulfil."""

    def is_met(self, result: "Result") -> bool | None:
        """Whether it does; None when it was not measured."""


@dataclass(frozen=True)
class Bar:
    """How many times faster than another contender filmless has to be."""

    against: str
    times: float

    def __str__(self) -> str:
        return f">= {self.times:g}x {self.against}"

    def is_met(self, result: "Result") -> bool | None:
        """Whether the median of the rounds' ratios is high enough."""
        ratio = result.ratio(self.against)
        return None if ratio is None else ratio >= self.times


@dataclass(frozen=True)
class Allowance:
    """How many times as long as another filmless may take, and how much longer beyond that."""

    against: str
    times: float
    seconds: float

    def __str__(self) -> str:
        return f"<= {self.times:g}x {self.against} + {duration(self.seconds)}"

    def is_met(self, result: "Result") -> bool | None:
        """Whether filmless stays within it in the median of the rounds."""
        theirs, ours = result.samples.get(self.against), result.samples.get(OURS)
        if theirs is None or ours is None:
            return None
        excess = median(mine - self.times * other for mine, other in zip(ours, theirs, strict=True))
        return excess <= self.seconds


@dataclass
class Result:
    """What a race gave: seconds of each round, and why some gave none."""

    task: str
    samples: dict[str, list[float]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def times(self) -> dict[str, float]:
        """Medians of the rounds."""
        return {name: median(times) for name, times in self.samples.items()}

    @property
    def next_best(self) -> str | None:
        """The fastest contender that is not filmless and does the whole task."""
        others = {name: time for name, time in self.times.items() if name != OURS and "(" not in name}
        return min(others, key=others.__getitem__) if others else None

    def ratio(self, against: str) -> float | None:
        """How many times as long as filmless the other takes; the median of the rounds."""
        name = self.next_best if against == NEXT_BEST else against
        if name is None or name == OURS or name not in self.samples or OURS not in self.samples:
            return None
        return median(theirs / mine for theirs, mine in zip(self.samples[name], self.samples[OURS], strict=True))

    def row(self, *bars: Condition) -> Row:
        """The line of the table."""
        cells = {name: duration(time) for name, time in self.times.items()} | self.failures
        best, ratio = self.next_best, self.ratio(NEXT_BEST)
        return Row(
            self.task,
            cells,
            _times(self.ratio(PYDICOM)),
            f"{_times(ratio)} ({best})" if ratio else best or "",
            " and ".join(map(str, bars)),
            self._verdict(bars),
        )

    def _verdict(self, bars: tuple[Condition, ...]) -> str:
        if not bars:
            return ""
        if OURS in self.failures:
            return verdict(met=False)
        outcomes = [bar.is_met(self) for bar in bars]
        if False in outcomes:
            return verdict(met=False)
        unmeasured = [str(bar) for bar, outcome in zip(bars, outcomes, strict=True) if outcome is None]
        if not unmeasured:
            return verdict(met=True)
        return NOT_MEASURED if len(unmeasured) == len(bars) else f"met; {NOT_MEASURED}: {', '.join(unmeasured)}"


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.3g}x" if ratio < 100 else f"{ratio:.0f}x"


def race(task: str, timers: Mapping[str, Timer], *, rounds: int, slice_s: float = 0.03, warm: bool = True) -> Result:
    """Measure one task. Repetitions are chosen so that one turn takes about ``slice_s``; without ``warm`` it is one."""
    result = Result(task)
    repetitions: dict[str, int] = {}
    for name, timer in timers.items():
        try:
            repetitions[name] = _repetitions(timer, slice_s) if warm else 1
        except PeerError as error:
            result.failures[name] = str(error)
    samples: dict[str, list[float]] = {name: [] for name in repetitions}
    order = list(repetitions)
    for number in range(rounds):
        # Everyone starts a round once in a while: nobody always runs on the caches another has left.
        first = number % len(order) if order else 0
        for name in order[first:] + order[:first]:
            if name in result.failures:
                continue
            try:
                samples[name].append(timers[name](repetitions[name]) / repetitions[name])
            except PeerError as error:
                result.failures[name] = str(error)
    result.samples = {name: times for name, times in samples.items() if name not in result.failures}
    return result


def _repetitions(timer: Timer, slice_s: float) -> int:
    """Double until a turn is long enough to time; the turns warm caches as well."""
    if timer(1) > 10 * slice_s:
        return 1
    repetitions = 1
    while (elapsed := timer(repetitions)) < slice_s / 2 and repetitions < MAX_REPETITIONS:
        repetitions *= 2
    return max(1, min(MAX_REPETITIONS, round(repetitions * slice_s / elapsed)))
