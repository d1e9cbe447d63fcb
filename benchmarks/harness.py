"""Interleaved measuring: every round asks everyone once, so that a slow moment of the machine hits all alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median

from .contenders import OURS, PYDICOM
from .session import PeerError
from .table import NOT_MEASURED, Row, duration, verdict

NEXT_BEST = "next best"
MAX_REPETITIONS = 100_000

Timer = Callable[[int], float]
"""Runs a task so many times and says how many seconds that took."""


@dataclass(frozen=True)
class Bar:
    """How many times faster than another contender filmless has to be."""

    against: str
    times: float

    def __str__(self) -> str:
        return f">= {self.times:g}x {self.against}"


@dataclass
class Result:
    """What a race gave: medians in seconds, and how many times as long as filmless each other took."""

    task: str
    times: dict[str, float] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)

    @property
    def next_best(self) -> str | None:
        """The fastest contender that is not filmless and does the whole task."""
        others = {name: time for name, time in self.times.items() if name != OURS and "(" not in name}
        return min(others, key=others.__getitem__) if others else None

    def ratio(self, against: str) -> float | None:
        """How many times as long the other takes; the median of the rounds."""
        name = self.next_best if against == NEXT_BEST else against
        return self.ratios.get(name) if name else None

    def row(self, *bars: Bar) -> Row:
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

    def _verdict(self, bars: tuple[Bar, ...]) -> str:
        if not bars:
            return ""
        if OURS in self.failures:
            return verdict(met=False)
        ratios = [self.ratio(bar.against) for bar in bars]
        if None in ratios:
            return NOT_MEASURED
        return verdict(met=all(ratio and ratio >= bar.times for ratio, bar in zip(ratios, bars, strict=True)))


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.3g}x" if ratio < 100 else f"{ratio:.0f}x"


def race(task: str, timers: Mapping[str, Timer], *, rounds: int, slice_s: float = 0.03) -> Result:
    """Measure one task. Repetitions are chosen so that one turn takes about ``slice_s``."""
    result = Result(task)
    repetitions: dict[str, int] = {}
    for name, timer in timers.items():
        try:
            repetitions[name] = _repetitions(timer, slice_s)
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
    samples = {name: times for name, times in samples.items() if name not in result.failures}
    result.times = {name: median(times) for name, times in samples.items()}
    result.ratios = _ratios(samples, OURS)
    return result


def _repetitions(timer: Timer, slice_s: float) -> int:
    """Double until a turn is long enough to time; the turns warm caches as well."""
    timer(1)
    repetitions = 1
    while (elapsed := timer(repetitions)) < slice_s / 2 and repetitions < MAX_REPETITIONS:
        repetitions *= 2
    return max(1, min(MAX_REPETITIONS, round(repetitions * slice_s / elapsed)))


def _ratios(samples: Mapping[str, list[float]], base: str) -> dict[str, float]:
    if base not in samples:
        return {}
    ours = samples[base]
    return {
        name: median(theirs / mine for theirs, mine in zip(times, ours, strict=True))
        for name, times in samples.items()
        if name != base
    }
