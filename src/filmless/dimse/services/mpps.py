"""Modality performed procedure steps: what a modality says that it does and did (PS3.4 F.7 to F.9)."""

import logging
from collections.abc import Callable
from typing import Any, Final

from filmless._core import Acceptable
from filmless.dataset import Dataset
from filmless.dimse.scp.request import Request
from filmless.dimse.scp.service import Service
from filmless.dimse.services.notifying import STEP_NOTIFICATION, Notice
from filmless.dimse.services.performed_step_rules import StepError, check_created, merged
from filmless.dimse.services.performed_steps import PERFORMED_PROCEDURE_STEP, PerformedStep, PerformedSteps
from filmless.dimse.status import SUCCESS
from filmless.dimse.uids import NATIVE
from filmless.errors import ConflictError, DicomError, LimitError, NotFoundError
from filmless.file import generate_uid
from filmless.file.uid_grammar import is_uid

__all__ = ["PERFORMED_PROCEDURE_STEP_RETRIEVE", "performed_procedure_steps", "step_notice"]

PERFORMED_PROCEDURE_STEP_RETRIEVE: Final = "1.2.840.10008.3.1.2.3.4"

_NOT_ALL_SUPPORTED: Final = 0x0001
_ATTRIBUTE_LIST_ERROR: Final = 0x0107
_PROCESSING_FAILURE: Final = 0x0110
_DUPLICATE: Final = 0x0111
_NO_SUCH_INSTANCE: Final = 0x0112
_INVALID_INSTANCE: Final = 0x0117
_CLASS_CONFLICT: Final = 0x0119
_MISTYPED_ARGUMENT: Final = 0x0212
_RESOURCE_LIMITATION: Final = 0x0213
_LONGEST: Final = 4 << 20  # bytes of a step

_log = logging.getLogger(__name__)


def performed_procedure_steps(
    steps: PerformedSteps, *, told: Callable[[PerformedStep], None] | None = None
) -> tuple[Service, ...]:
    """Keep performed procedure steps: N-CREATE and N-SET of modalities, N-GET of whoever wants to know.

    Parameters
    ----------
    steps
        Where they are kept.
    told
        Called, in a thread, with each step that was created or changed, once that is on the disk.

    DICOM
    -----
    PS3.4 F.7 and F.8
    """

    def create(uid: str, ds: Dataset, request: Request) -> None:
        check_created(ds)
        _require_in_sight(ds, request)
        step = steps.create(uid, ds)
        if told is not None:
            told(step)

    def change(uid: str, ds: Dataset, request: Request) -> list[int]:
        left_out: list[int] = []

        def changed(before: Dataset) -> Dataset:
            _require_in_sight(before, request)
            after, ignored = merged(before, ds)
            left_out.extend(ignored)
            return after

        step = steps.change(uid, changed)
        if told is not None:
            told(step)
        return left_out

    async def on_create(request: Request) -> None:
        request.require("write")
        uid = request.command.get("AffectedSOPInstanceUID") or generate_uid()
        ds = await _taken(request, uid, request.command.get("AffectedSOPClassUID"))
        if ds is not None and await _done(request, create, uid, ds, request) is not None:
            await request.respond(SUCCESS, AffectedSOPInstanceUID=uid)

    async def on_set(request: Request) -> None:
        request.require("write")
        uid = request.command.get("RequestedSOPInstanceUID")
        ds = await _taken(request, uid, request.command.get("RequestedSOPClassUID"))
        if ds is None:
            return
        left_out = await _done(request, change, uid, ds, request)
        if left_out:
            await request.respond(_ATTRIBUTE_LIST_ERROR, AttributeIdentifierList=left_out)
        elif left_out is not None:
            await request.respond(SUCCESS)

    async def on_get(request: Request) -> None:
        request.require("read")
        uid = request.command.get("RequestedSOPInstanceUID")
        found = await _done(request, _get, steps, uid, request)
        if found is not None:
            await request.respond(*found)

    return (
        Service((Acceptable(PERFORMED_PROCEDURE_STEP, NATIVE),), {"N-CREATE": on_create, "N-SET": on_set}),
        Service((Acceptable(PERFORMED_PROCEDURE_STEP_RETRIEVE, NATIVE),), {"N-GET": on_get}),
    )


def step_notice(step: PerformedStep) -> Notice:
    """Return what peers are told when a step was created or changed, see `Notifier` (PS3.4 F.9)."""
    event = {"IN PROGRESS": 1, "COMPLETED": 2, "DISCONTINUED": 3}.get(step.status, 4)
    return Notice("N-EVENT-REPORT", STEP_NOTIFICATION, step.uid, {"EventTypeID": event})


def _get(steps: PerformedSteps, uid: str, request: Request) -> tuple[int, Dataset]:
    """Return a step, or the attributes of it that were asked for, and the status of the answer."""
    ds = steps.get(uid)
    _require_in_sight(ds, request)
    asked = request.command.get("AttributeIdentifierList")
    if not asked:
        return SUCCESS, ds
    tags = {0x0008_0005, *(asked if isinstance(asked, list) else [asked])}
    part = Dataset()
    for element in ds:
        if element.tag in tags:
            part[element.tag] = element
    return (SUCCESS if all(tag in ds for tag in tags - {0x0008_0005}) else _NOT_ALL_SUPPORTED), part


def _require_in_sight(ds: Dataset, request: Request) -> None:
    within, step = request.within, PerformedStep.of(ds, "")
    request.studies.update(study for study in step.studies if is_uid(study))
    if not all(within.holds(step.patient_id, study) for study in step.studies or {""}):
        raise NotFoundError("there is no such performed procedure step")


async def _taken(request: Request, uid: Any, sop_class: Any) -> Dataset | None:
    """Return the data set of a request about a step; answer the request when it has none, or is of something else."""
    status, comment = 0, ""
    ds = None
    try:
        ds = await request.dataset(limit=_LONGEST)
        if sop_class != PERFORMED_PROCEDURE_STEP:
            status, comment = _CLASS_CONFLICT, "expected Modality Performed Procedure Step"
        elif not is_uid(uid):
            status, comment = _INVALID_INSTANCE, "the SOP Instance UID is none"
        elif ds is None:
            status, comment = _MISTYPED_ARGUMENT, "expected a data set"
    except LimitError as error:
        status, comment = _RESOURCE_LIMITATION, error.message
    except DicomError as error:
        status, comment = _PROCESSING_FAILURE, error.message
    if status:
        await request.respond(status, ErrorComment=comment[:64])
        return None
    return ds


async def _done(request: Request, function: Callable[..., Any], *arguments: Any) -> Any:
    """Do something with a step in a thread; answer the request and return None when it cannot be done."""
    fields: dict[str, Any] = {}
    try:
        result = await request.in_thread(function, *arguments)
    except StepError as error:
        status, comment = error.status, error.message
        fields = {"AttributeIdentifierList": list(error.tags) or None, "ErrorID": error.error_id}
    except ConflictError as error:
        status, comment = _DUPLICATE, error.message
    except NotFoundError as error:
        status, comment = _NO_SUCH_INSTANCE, error.message
    except DicomError as error:
        status, comment = _PROCESSING_FAILURE, error.message
    except OSError as error:
        _log.warning("a performed procedure step cannot be kept: %s", error.strerror)
        status, comment = _RESOURCE_LIMITATION, "it cannot be kept"
    else:
        return () if result is None else result
    await request.respond(status, ErrorComment=comment[:64], **{k: v for k, v in fields.items() if v is not None})
    return None
