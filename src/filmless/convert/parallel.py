"""Many things at a time, in their order."""

import ctypes
import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import TypeVar

__all__ = ["Busy", "in_order", "pool_of", "processors"]

Subject = TypeVar("Subject")
Result = TypeVar("Result")

#: Subjects in hand for each thread: enough that none waits for a slow one before it, few enough to hold.
_AHEAD = 8


class Busy:
    """Knows which threads are at work, and can stop them: between two frames, say, but not within a codec."""

    def __init__(self) -> None:
        self._threads: set[int] = set()
        self._lock = threading.Lock()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Be stopped in here, and nowhere else."""
        thread = threading.get_ident()
        with self._lock:
            self._threads.add(thread)
        try:
            yield
        finally:
            with self._lock:
                self._threads.discard(thread)

    def stop(self) -> None:
        """Raise KeyboardInterrupt in the threads that are at work, as the system does in the main one."""
        with self._lock:
            for thread in self._threads - {threading.get_ident()}:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(KeyboardInterrupt))


def processors() -> int:
    """Return how many threads can work at a time."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pool_of(threads: int | None) -> ThreadPoolExecutor:
    """Return so many threads; by default as many as there are processors."""
    if threads is not None and threads < 1:
        raise ValueError(f"`threads` is {threads}, expected 1 or more")
    return ThreadPoolExecutor(threads or processors(), thread_name_prefix="filmless")


def in_order(
    work: Callable[[Subject], Result],
    subjects: Iterable[Subject],
    *,
    threads: int | None = None,
    pool: Executor | None = None,
    ahead: int | None = None,
) -> Generator[tuple[Subject, Future[Result]]]:
    """Do work in threads; give each subject with what became of it, in their order.

    Who may leave it early closes it: then no thread is at work any more.

    Parameters
    ----------
    work
        What to do with a subject.
    subjects
        Are taken a few ahead of what is given, in the thread that asks: they may write and keep state.
    threads
        How many work at a time; by default as many as there are processors.
    pool
        Threads to use, which are left running, in place of new ones.
    ahead
        How many subjects are in hand at the most; by default eight for each thread.
    """
    limit = ahead or _AHEAD * (threads or processors())
    pending: deque[tuple[Subject, Future[Result]]] = deque()
    own = pool_of(threads) if pool is None else None
    with nullcontext() if own is None else own:
        try:
            for subject in subjects:
                pending.append((subject, (pool or own).submit(work, subject)))  # type: ignore[union-attr]
                while len(pending) > limit or (pending and pending[0][1].done()):
                    yield pending.popleft()
            while pending:
                yield pending.popleft()
        finally:
            for _, future in pending:
                future.cancel()
