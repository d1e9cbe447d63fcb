"""Many files at a time."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, NamedTuple, TypeVar

__all__ = ["Task", "in_order"]

Result = TypeVar("Result")

#: Tasks in hand for each thread: enough that none waits for a slow one before it, few enough to hold.
_AHEAD = 8


class Task(NamedTuple, Generic[Result]):
    """Something to do for a file."""

    path: str
    work: Callable[[], Result]
    ends_file: bool = True


def in_order(
    tasks: Iterable[Task[Result]], *, threads: int | None = None
) -> Iterator[tuple[Task[Result], Future[Result]]]:
    """Do tasks in threads, as many as there are processors; give them with their outcome, in their order.

    Tasks are taken a few ahead of what is given, in the thread that asks: it may write and keep state.
    """
    count = threads or os.cpu_count() or 1
    pending: deque[tuple[Task[Result], Future[Result]]] = deque()
    pool = ThreadPoolExecutor(count)
    try:
        for task in tasks:
            pending.append((task, pool.submit(task.work)))
            if len(pending) > _AHEAD * count:
                yield pending.popleft()
        while pending:
            yield pending.popleft()
    finally:
        pool.shutdown(cancel_futures=True)
