"""Basic worklist management: the modality worklist (PS3.4 K)."""

import logging
from collections.abc import Callable
from typing import Final

from filmless._core import Acceptable
from filmless.dimse.scp.request import Request
from filmless.dimse.scp.service import Service
from filmless.dimse.services.worklist_items import WorklistFolder, WorklistItem
from filmless.dimse.services.worklist_query import WorklistQuery
from filmless.dimse.status import CANCELLED, PENDING, SUCCESS
from filmless.dimse.uids import NATIVE
from filmless.errors import DicomError, LimitError
from filmless.file.uid_grammar import is_uid

__all__ = ["MODALITY_WORKLIST", "worklist"]

MODALITY_WORKLIST: Final = "1.2.840.10008.5.1.4.31"

_OUT_OF_RESOURCES: Final = 0xA700
_NOT_OF_SOP_CLASS: Final = 0xA900
_UNABLE: Final = 0xC001
_LONGEST: Final = 1 << 20  # bytes of an identifier
_TOGETHER: Final = 64  # answers that are made in one go of a thread

_log = logging.getLogger(__name__)


def worklist(
    folder: WorklistFolder,
    *,
    progress: Callable[[WorklistItem], WorklistItem | None] | None = None,
    most_answers: int = 10_000,
) -> Service:
    """Answer queries to the modality worklist.

    Parameters
    ----------
    folder
        The items.
    progress
        Gives an item as it is offered, None when it is not: see `PerformedSteps.progress`.
    most_answers
        How many items are answered; a query that more match fails after them, for want of resources.

    DICOM
    -----
    PS3.4 K
    """

    def found(query: WorklistQuery, request: Request) -> list[WorklistItem]:
        within = request.within
        items = [item for item in folder.items() if within.holds(item.patient_id, item.study_uid)]
        if progress is not None:
            items = [one for one in map(progress, items) if one is not None]
        return query.matching(items)

    async def find(request: Request) -> None:
        request.require("read")
        query = await _asked(request)
        if query is None:
            return
        try:
            items = await request.in_thread(found, query, request)
        except OSError as error:
            _log.warning("the worklist cannot be read: %s: %s", folder.folder, error.strerror)
            await request.respond(_UNABLE, ErrorComment="the worklist cannot be read")
            return
        request.counts["matches"] = len(items)
        for start in range(0, min(len(items), most_answers), _TOGETHER):
            some = items[start : min(start + _TOGETHER, most_answers)]
            request.studies.update(item.study_uid for item in some if is_uid(item.study_uid))
            for answer in await request.in_thread(query.answers, some):
                if request.is_cancelled:
                    await request.respond(CANCELLED)
                    return
                await request.respond(PENDING, answer)
        if len(items) > most_answers:
            await request.respond(_OUT_OF_RESOURCES, ErrorComment=f"more than {most_answers} items match")
        else:
            await request.respond(CANCELLED if request.is_cancelled else SUCCESS)

    return Service((Acceptable(MODALITY_WORKLIST, NATIVE),), {"C-FIND": find})


async def _asked(request: Request) -> WorklistQuery | None:
    """Return the query; answer the request when it is none."""
    try:
        identifier = await request.dataset(limit=_LONGEST)
        if identifier is not None:
            return await request.in_thread(WorklistQuery.of, identifier)
        status, comment = _NOT_OF_SOP_CLASS, "a query without an identifier"
    except LimitError as error:
        status, comment = _OUT_OF_RESOURCES, error.message
    except (DicomError, RecursionError) as error:
        status, comment = _NOT_OF_SOP_CLASS, getattr(error, "message", "nested too deep")
    await request.respond(status, ErrorComment=comment[:64])
    return None
