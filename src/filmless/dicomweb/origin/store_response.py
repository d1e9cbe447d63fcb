"""The answer to a store request: what became of each instance."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from filmless.archive import Outcome
from filmless.dataset import Dataset
from filmless.errors import (
    ArchiveError,
    ConflictError,
    DicomError,
    DicomWebError,
    FormatError,
    LimitError,
    StorageFullError,
)

__all__ = ["Failure", "Report", "failure_of", "wants_xml"]

OUT_OF_RESOURCES: Final = 0xA700
OTHER_STUDY: Final = 0xA901
CANNOT_UNDERSTAND: Final = 0xC000
TOO_LARGE: Final = 0xC001
PROCESSING_FAILURE: Final = 0x0110
NOT_AUTHORIZED: Final = 0x0124

_STATUS: Final = {OUT_OF_RESOURCES: 507, PROCESSING_FAILURE: 503, TOO_LARGE: 413}
"""When nothing was stored and all failed for this one reason; 409 otherwise."""
_MOST_LETTERS: Final = 64
_SET_ASIDE: Final = "set aside: another instance of this UID is there"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an instance was not stored.

    Attributes
    ----------
    reason
        Failure Reason (0008,1197).
    message
        The error, without a patient's value.
    sop_class_uid, instance_uid
        What it is; empty when the part could not be read that far.

    DICOM
    -----
    PS3.18 I.2.2
    """

    reason: int
    message: str
    sop_class_uid: str = ""
    instance_uid: str = ""


@dataclass(slots=True)
class Report:
    """What became of the parts of a request, in their order.

    Attributes
    ----------
    base
        The URL of the service.
    study
        The study that the request is for.
    tells_set_aside
        Whether the sender may know that a UID is taken: not who sees a part of the archive alone.

    Notes
    -----
    There is no Warning Reason (0008,1196): those of PS3.18 I.2.1 (B000H, B006H, B007H) say that something was coerced,
    left out or of another SOP class, which is never so here; and with one the status would be 202, which senders take
    for a failure. What is set aside is durable, so its sender is told of success, with an Error Comment (0000,0902) in
    its item and a ``Warning`` header.

    DICOM
    -----
    PS3.18 10.5.3, I.2
    """

    base: str
    study: str | None = None
    tells_set_aside: bool = True
    stored: list[Outcome] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)

    @property
    def status(self) -> int:
        """The HTTP status, PS3.18 Table 10.5.3-1."""
        if self.stored:
            return 202 if self.failed else 200
        reasons = {failure.reason for failure in self.failed}
        if reasons == {CANNOT_UNDERSTAND} and not any(failure.instance_uid for failure in self.failed):
            return 400  # nothing that was sent is an instance
        return _STATUS.get(reasons.pop(), 409) if len(reasons) == 1 else 409

    def dataset(self) -> Dataset:
        """Return the Store Instances Response Module."""
        ds = Dataset()
        studies = {outcome.study_uid for outcome in self.stored}
        study = self.study or (next(iter(studies)) if len(studies) == 1 else None)
        if study:
            ds.RetrieveURL = f"{self.base}/studies/{study}"
        identified = [failure for failure in self.failed if failure.instance_uid]
        others = [failure for failure in self.failed if not failure.instance_uid]
        if identified:
            ds.FailedSOPSequence = [_failed(failure) for failure in identified]
        if self.stored:
            ds.ReferencedSOPSequence = [self._referenced(outcome) for outcome in self.stored]
        if others:
            ds.OtherFailuresSequence = [_failed(failure) for failure in others]
        return ds

    def response(self, request: Request) -> Response:
        """Return the answer, in JSON or XML as is asked for."""
        headers = {"Warning": warning} if (warning := self._warning()) else {}
        if wants_xml(request):
            return Response(self.dataset().to_xml(), self.status, headers, "application/dicom+xml")
        return Response(self.dataset().to_json(), self.status, headers, "application/dicom+json")

    def set_aside(self) -> int:
        """Return how many instances are kept beside another one of their UID."""
        return sum(outcome.kind == "quarantined" for outcome in self.stored)

    def _warning(self) -> str:
        told = ["some instances were not stored"] if self.status == 202 else []
        if self.tells_set_aside and (count := self.set_aside()):
            told.append(f"{count} set aside, other instances of their UIDs are there")
        return f"299 filmless: {'; '.join(told)}" if told else ""

    def _referenced(self, outcome: Outcome) -> Dataset:
        uid = outcome.instance_uid
        item = Dataset()
        item.ReferencedSOPClassUID = outcome.sop_class_uid
        item.ReferencedSOPInstanceUID = uid
        item.RetrieveURL = f"{self.base}/studies/{outcome.study_uid}/series/{outcome.series_uid}/instances/{uid}"
        if self.tells_set_aside and outcome.kind == "quarantined":
            item.ErrorComment = _SET_ASIDE
        return item


def failure_of(error: Exception, *, sop_class_uid: str = "", instance_uid: str = "") -> Failure:
    """Return what an error comes to in the answer."""
    message = error.message if isinstance(error, DicomError) else "it could not be stored"
    return Failure(_reason(error), message, sop_class_uid, instance_uid)


def wants_xml(request: Request) -> bool:
    """Whether a request asks for XML rather than JSON (PS3.18 8.7.5); JSON is what it gets without a wish.

    Raises
    ------
    DicomWebError
        406 when it takes neither.
    """
    return _prefers_xml(request.query_params.get("accept") or request.headers.get("accept", ""))


@lru_cache(64)
def _prefers_xml(accept: str) -> bool:
    best = {"json": -1.0, "xml": -1.0}
    for wish in accept.lower().split(",") if accept.strip() else ["*/*"]:
        name, _, parameters = wish.partition(";")
        name = name.strip()
        if name == "multipart/related":
            name = "application/dicom+xml" if "dicom+xml" in parameters else "application/dicom+json"
        weight = _quality(parameters)
        if name in {"*/*", "application/*", "application/dicom+json", "application/json"}:
            best["json"] = max(best["json"], weight)
        if name in {"*/*", "application/*", "application/dicom+xml", "application/xml", "text/xml"}:
            best["xml"] = max(best["xml"], weight - (0.0001 if "*" in name else 0))
    if max(best.values()) <= 0:
        raise DicomWebError(
            "the answer is DICOM JSON or XML, and neither is asked for",
            status=406,
            hint="`Accept: application/dicom+json`",
        )
    return best["xml"] > best["json"]


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0


def _failed(failure: Failure) -> Dataset:
    item = Dataset()
    if failure.instance_uid:
        item.ReferencedSOPClassUID = failure.sop_class_uid
        item.ReferencedSOPInstanceUID = failure.instance_uid
    item.FailureReason = failure.reason
    item.ErrorComment = _in_short(failure.message)
    return item


def _in_short(message: str) -> str:
    """Return a message as long as an Error Comment (LO) may be; one that is cut ends with a word and an ellipsis."""
    return message if len(message) <= _MOST_LETTERS else f"{message[: _MOST_LETTERS - 1].rpartition(' ')[0]}…"


def _reason(error: Exception) -> int:
    if isinstance(error, DicomWebError) and error.status == 403:
        return NOT_AUTHORIZED
    if isinstance(error, ConflictError):
        return OTHER_STUDY
    if isinstance(error, StorageFullError):
        return OUT_OF_RESOURCES
    if isinstance(error, LimitError):
        return TOO_LARGE
    if isinstance(error, ArchiveError | OSError):
        return PROCESSING_FAILURE
    if isinstance(error, FormatError | DicomError):
        return CANNOT_UNDERSTAND
    return PROCESSING_FAILURE
