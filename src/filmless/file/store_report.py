"""What became of all that was to be stored, over whichever protocol."""

from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

__all__ = ["StoreReport"]


class _Result(Protocol):
    @property
    def error(self) -> str | None: ...


_T = TypeVar("_T", bound=_Result)


@dataclass(slots=True)
class StoreReport(Generic[_T]):
    """What became of all that was to be stored.

    Attributes
    ----------
    stored, failed
        In the order in which it became known.
    """

    stored: list[_T] = field(default_factory=list)
    failed: list[_T] = field(default_factory=list)

    def add(self, result: _T) -> None:
        """Count one."""
        (self.stored if result.error is None else self.failed).append(result)
