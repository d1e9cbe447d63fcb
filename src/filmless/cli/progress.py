"""How far work on many files is."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["progress"]


@contextmanager
def progress(doing: str, files: int) -> Iterator[Callable[[], None]]:
    """Show a bar on a terminal while many files are worked on; gives what to call after each.

    Parameters
    ----------
    doing
        What is done, in a word: ``"converting"``.
    files
        How many there are.
    """
    if files < 2 or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=files)
        yield lambda: bar.advance(task)
