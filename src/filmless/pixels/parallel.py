"""Work on several frames at a time."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from filmless.pixels.description import PixelDescription

__all__ = ["each", "threads_for"]

_Result = TypeVar("_Result")

_WORTH_THREADS = 1 << 18  # bytes of decoded frames below which starting threads costs more than it brings


def threads_for(description: PixelDescription, threads: int | None) -> int:
    """Return how many frames to work on at a time: what was asked for, else as many as there are processors."""
    if threads is not None:
        return threads
    return os.cpu_count() or 1 if description.decoded_bytes * description.frames >= _WORTH_THREADS else 1


def each(work: Callable[[int], _Result], count: int, threads: int) -> list[_Result]:
    """Do the work for each number up to a count, several at a time; the first error ends it."""
    if threads <= 1 or count <= 1:
        return [work(number) for number in range(count)]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, range(count)))
