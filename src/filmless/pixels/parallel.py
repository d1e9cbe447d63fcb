"""Work on several frames at a time."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["each", "in_turn", "threads_for"]

_Result = TypeVar("_Result")

_WORTH_THREADS = 1 << 18  # bytes of decoded frames below which starting threads costs more than it brings


def threads_for(size: int, threads: int | None) -> int:
    """Return how many frames to work on at a time.

    Parameters
    ----------
    size
        Bytes of all decoded frames.
    threads
        What was asked for; None for as many as there are processors, when the size is worth it.
    """
    if threads is not None:
        if threads < 1:
            raise ValueError(f"`threads` is {threads}, expected 1 or more")
        return threads
    return os.cpu_count() or 1 if size >= _WORTH_THREADS else 1


def each(work: Callable[[int], _Result], numbers: Sequence[int], threads: int) -> list[_Result]:
    """Do the work for each number, in so many threads; raise what went wrong at the first of them.

    No more is pending than there are threads: each takes the next number when it is done with its last.
    """
    if threads <= 1 or len(numbers) < 2:
        return [work(number) for number in numbers]
    rest = iter(range(len(numbers)))
    results: dict[int, _Result] = {}
    errors: dict[int, Exception] = {}

    def take() -> None:
        for place in rest:
            try:
                results[place] = work(numbers[place])
            except Exception as error:  # noqa: BLE001 - it is raised below
                errors[place] = error
            if errors:
                return

    workers = min(threads, len(numbers))
    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(take) for _ in range(workers)]:
            done.result()
    if errors:
        raise errors[min(errors)]
    return [results[place] for place in range(len(numbers))]


def in_turn(work: Callable[[int], _Result], numbers: Sequence[int], threads: int) -> Iterator[_Result]:
    """Do the work for each number, in so many threads; give the results in their order, one after the other.

    No more results wait to be taken than there are threads: memory is that of a few frames.
    """
    if threads <= 1 or len(numbers) < 2:
        yield from map(work, numbers)
        return
    pending: deque[Future[_Result]] = deque()
    pool = ThreadPoolExecutor(min(threads, len(numbers)))
    try:
        for number in numbers:
            if len(pending) > threads:
                yield pending.popleft().result()
            pending.append(pool.submit(work, number))
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
