"""What C-MOVE and C-GET have in common: which instances are asked for, and by whom."""

from dataclasses import dataclass
from typing import Final

from filmless.archive import Archive, Entry
from filmless.dimse.scp.request import Request
from filmless.dimse.services.identifier import CANNOT_UNDERSTAND, LONGEST, IdentifierError, unique_keys
from filmless.dimse.services.refusal import refuse
from filmless.dimse.services.selection import selected
from filmless.errors import DicomError, LimitError, NetworkError

__all__ = ["Retrieval"]

_UNCOUNTED: Final = 0xA701


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Finds instances.

    Attributes
    ----------
    archive
        Where they are.
    most
        How many may be asked for at once.
    """

    archive: Archive
    most: int

    async def entries(self, request: Request) -> list[Entry] | None:
        """Return the instances that a request asks for; None when it was refused."""
        request.require("read")
        try:
            ds = await request.dataset(limit=LONGEST)
            level, keys = await request.in_thread(unique_keys, ds, request.context.abstract_syntax)
            entries = await request.in_thread(selected, self.archive, level, keys, request.within, self.most)
            request.studies.update(entry.study_uid for entry in entries)
        except NetworkError:
            raise
        except IdentifierError as error:
            await refuse(request, error.status, error)
        except LimitError as error:
            await refuse(request, _UNCOUNTED, error)
        except DicomError as error:
            await refuse(request, CANNOT_UNDERSTAND, error)
        else:
            return entries
        return None
