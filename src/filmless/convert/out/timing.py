"""How long the frames of an image are shown."""

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from filmless.convert.out.options import Job
from filmless.errors import ConversionError
from filmless.pixels.attributes import numbers

__all__ = ["durations_ms", "in_ticks", "plays"]

_DEFAULT_MS = 100.0
_SHORTEST_MS = 0.1
_LONGEST_MS = 60_000.0  # of a frame: what is longer is a mistake, and does not fit into every format
_FRAME_TIME = 0x0018_1063


def durations_ms(job: Job) -> list[float]:
    """Return how long each of the frames is shown, in ms.

    `fps` goes before what the data set says: Frame Time Vector or Frame Time, the one that Frame Increment Pointer
    names first, then Recommended Display Frame Rate, then Cine Rate. Without any of them it is a tenth of a second.

    Raises
    ------
    ConversionError
        The frame rate cannot be.

    DICOM
    -----
    PS3.3 C.7.6.5, C.7.6.6
    """
    fps: Any = job.options.get("fps")
    if fps is not None:
        if not isinstance(fps, int | float) or not _SHORTEST_MS <= 1000 / (fps or 1e-9) <= _LONGEST_MS:
            raise ConversionError(f"fps {fps!r} is no frame rate, expected up to {1000 / _SHORTEST_MS:.0f}")
        return [1000 / fps] * len(job.frames)
    pointer = job.ds.get("FrameIncrementPointer")
    by_vector = _by_vector(job)
    by_time = _constant(job, "FrameTime", is_rate=False)
    found = (by_time or by_vector) if pointer == _FRAME_TIME else (by_vector or by_time)
    for keyword in ("RecommendedDisplayFrameRate", "CineRate"):
        found = found or _constant(job, keyword, is_rate=True)
    if found is None and len(job.frames) > 1:
        message = f"the data set does not say how long frames are shown: {_DEFAULT_MS / 1000} s each"
        job.notice("no-frame-time", message)
    return found or [_DEFAULT_MS] * len(job.frames)


def _constant(job: Job, keyword: str, *, is_rate: bool) -> list[float] | None:
    value = next(iter(numbers(job.ds, keyword).tolist()), 0.0)
    duration = (1000 / value if value else 0.0) if is_rate else value
    return [duration] * len(job.frames) if _SHORTEST_MS <= duration <= _LONGEST_MS else None


def _by_vector(job: Job) -> list[float] | None:
    """Take durations from increments, each of which is the time since the frame before: the first says nothing."""
    steps = numbers(job.ds, "FrameTimeVector").tolist()[1:]
    if not steps or not all(0 <= step <= _LONGEST_MS for step in steps) or not any(steps):
        return None
    return [steps[min(frame, len(steps) - 1)] for frame in job.frames]


def in_ticks(durations: list[float], ticks_per_ms: float, least: int = 1) -> Iterator[int]:
    """Round durations to whole ticks so that the ends of frames, and not only their lengths, stay where they are."""
    before = 0
    for end in accumulate(durations):
        ticks = max(least, round(end * ticks_per_ms) - before)
        before += ticks
        yield ticks


def plays(job: Job) -> int:
    """Return how often the frames are shown; 0 for without end."""
    loop: Any = job.options.get("loop", 0)
    if not isinstance(loop, int) or not 0 <= loop <= 0xFFFF:
        raise ConversionError(f"loop {loop!r} is no number of times, expected 1 to {0xFFFF}, or 0 for without end")
    return loop
