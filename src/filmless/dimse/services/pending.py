"""Storage commitments that are asked for and not yet reported: a file for each, so that they outlive a restart."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

from filmless.archive.storage.durable import make_folder, replace_file

__all__ = ["Pending", "PendingFolder"]

_FORM: Final = 1


@dataclass(frozen=True, slots=True)
class Pending:
    """A request for storage commitment.

    Attributes
    ----------
    transaction_uid
        As the peer has it.
    calling_ae_title, called_ae_title
        Who asked whom.
    references
        SOP class and SOP instance of what it is about.
    patients, studies
        What who asked may see, see `filmless.archive.Within`.
    attempts
        How often it could not be reported.
    """

    transaction_uid: str
    calling_ae_title: str
    called_ae_title: str
    references: tuple[tuple[str, str], ...]
    patients: tuple[str, ...] | None = None
    studies: tuple[str, ...] | None = None
    attempts: int = 0

    @property
    def name(self) -> str:
        """What it is filed by: a digest, since the UID is a peer's text. The same request has the same name."""
        whole = [self.transaction_uid, self.calling_ae_title, self.called_ae_title, *map(list, self.references)]
        return hashlib.sha256(json.dumps(whole).encode()).hexdigest()

    def failed_again(self) -> Self:
        """Return it with one attempt more."""
        return replace(self, attempts=self.attempts + 1)


class PendingFolder:
    """A folder with a file for each request. Its methods block on the disk.

    Parameters
    ----------
    path
        The folder; made when the first file is.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, one: Pending) -> None:
        """Write a request, durably, over what there is of it."""
        make_folder(self._path)
        replace_file(self._path / f"{one.name}.json", json.dumps({"form": _FORM, **asdict(one)}).encode())

    def forget(self, one: Pending) -> None:
        """Remove a request; when that is lost in a crash, it is reported twice, which does no harm."""
        (self._path / f"{one.name}.json").unlink(missing_ok=True)

    def all(self) -> Iterator[Pending]:
        """Return the requests that are kept; what cannot be read is left where it is."""
        for path in sorted(self._path.glob("*.json")):
            with suppress(OSError, ValueError, TypeError, KeyError):
                yield _pending(json.loads(path.read_bytes()))
        for part in self._path.glob("*.part"):  # of a process that is gone
            part.unlink(missing_ok=True)


def _pending(fields: dict[str, Any]) -> Pending:
    if fields.pop("form") != _FORM:
        raise ValueError("another form")
    fields["references"] = tuple((str(sop_class), str(instance)) for sop_class, instance in fields["references"])
    for name in ("patients", "studies"):
        fields[name] = None if fields[name] is None else tuple(fields[name])
    return Pending(**fields)
