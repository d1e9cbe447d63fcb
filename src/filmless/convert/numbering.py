"""Instance and series numbers of a run."""

from collections import defaultdict
from collections.abc import Iterable

from filmless.convert.header import Origin

__all__ = ["Numbering", "Numbers", "origin_of"]

Numbers = list[int]
"""Of a source: the number of its first part in the run, of its folder, of its first part in the folder, of its file."""


class Numbering:
    """Gives sources their numbers, in the order in which it is asked.

    Numbers that sources of an earlier part of the run have are not given again.
    """

    def __init__(self) -> None:
        self._run = _Counter()
        self._files = _Counter()
        self._in_folder: defaultdict[str, _Counter] = defaultdict(_Counter)
        self._folders: dict[str, int] = {}
        self._folder_numbers = _Counter()

    def keep(self, numbers: Numbers, folder: str, parts: int) -> None:
        """Give the numbers of a source that has them to no other."""
        first, folder_number, first_in_folder, file_number = numbers
        self._run.keep(range(first, first + parts))
        self._in_folder[folder].keep(range(first_in_folder, first_in_folder + parts))
        self._folders[folder] = folder_number
        self._folder_numbers.keep([folder_number])
        self._files.keep([file_number])

    def take(self, folder: str, parts: int) -> Numbers:
        """Give a source numbers for so many parts."""
        if folder not in self._folders:
            self._folders[folder] = self._folder_numbers.take(1)
        in_folder = self._in_folder[folder].take(parts)
        return [self._run.take(parts), self._folders[folder], in_folder, self._files.take(1)]


class _Counter:
    def __init__(self) -> None:
        self._next = 1
        self._kept: set[int] = set()

    def keep(self, numbers: Iterable[int]) -> None:
        self._kept.update(numbers)

    def take(self, count: int) -> int:
        while any(self._next + step in self._kept for step in range(count)):
            self._next += 1
        self._next += count
        return self._next - count


def origin_of(numbers: Numbers, *, path: str | None, folder: str, part: int) -> Origin:
    """Return where a part of a source comes from, with its numbers."""
    first, folder_number, first_in_folder, file_number = numbers
    return Origin(
        path=path,
        folder=folder,
        part=part,
        number=first + part,
        folder_number=folder_number,
        number_in_folder=first_in_folder + part,
        file_number=file_number,
    )
