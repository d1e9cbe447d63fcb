"""What a peer can be asked, with arguments checked: one place for the peer that is awaited and the one that blocks."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any, Final, TypeAlias

from filmless._core import Connection, NegotiatedContext
from filmless.dataset import Dataset
from filmless.dimse.contexts import Sendable
from filmless.dimse.identifiers import query, retrieval
from filmless.dimse.messages import MESSAGES
from filmless.dimse.operations.echo import VERIFICATION, echo
from filmless.dimse.operations.find import find
from filmless.dimse.operations.normalized import Answer, normalized
from filmless.dimse.operations.retrieving import SubOperations, get, move
from filmless.dimse.operations.store import Stored, store
from filmless.dimse.sinks import IntoMemory
from filmless.dimse.sources import Source
from filmless.dimse.steps import Message, Operation, Sink
from filmless.dimse.uids import (
    PATIENT_ROOT,
    STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
    STUDY_ROOT,
    WORKLIST,
    sop_class_of,
)
from filmless.errors import LocalProtocolError
from filmless.file import encode
from filmless.file._element_path import tag_named

__all__ = ["Asking", "Into", "Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a peer may cost that is asked.

    Attributes
    ----------
    identifier_bytes
        Of a data set that is taken into memory.
    instance_bytes, dataset_bytes
        Of an instance that it sends to a file, and of one that is taken into memory.
    answers
        To one query, or one retrieval, and instances of one.
    """

    identifier_bytes: int = 16 << 20
    instance_bytes: int = 16 << 30
    dataset_bytes: int = 2 << 30
    answers: int = 1_000_000


_REQUEST_COMMITMENT: Final = 1

Into: TypeAlias = str | PathLike[str] | Callable[[Message], Sink]
"""A folder, or what opens a sink for each instance."""


def _sinks(into: Into) -> Callable[[Message], Sink]:
    if callable(into):
        return into
    from filmless.dimse.services.folder import FolderOptions, sinks

    return sinks(into, options=FolderOptions(layout="flat"), sender="")


def _reference(sop_class: str, sop_instance: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class_of(sop_class), sop_instance
    return item


class Asking:
    """The operations on one association. Each gives what the method of the same name of a peer gives."""

    def __init__(self, connection: Connection, *, next_id: Callable[[], int], window: int, limits: Limits) -> None:
        self._next_id, self._window, self._limits = next_id, window, limits
        self._contexts = connection.contexts
        self._sendable = Sendable(self._contexts)

    def context_for(self, *sop_classes: str) -> NegotiatedContext:
        """Return the context for the first of some SOP classes that was accepted.

        Raises
        ------
        LocalProtocolError
            None was.
        """
        for sop_class in sop_classes:
            for context in self._contexts:
                if context.abstract_syntax == sop_class and context.scu:
                    return context
        raise LocalProtocolError(
            f"the peer did not accept SOP class {sop_classes[0]}, or it was not proposed",
            hint="name it in `sop_classes` of `connect`",
        )

    def _context_of(self, message: str, sop_class: str) -> NegotiatedContext:
        """Return the context for an operation: events are reported by who is SCP, all else is asked for by an SCU."""
        if message == "N-EVENT-REPORT":
            for context in self._contexts:
                if context.abstract_syntax == sop_class and context.scp:
                    return context
        return self.context_for(sop_class)

    def echo(self) -> Operation[None]:
        """Ask whether the peer is there."""
        return echo(self.context_for(VERIFICATION).id, self._next_id())

    def store(self, sources: Source | Iterable[Source], *, retries: int, backoff_s: float) -> Operation[Stored]:
        """Store sources."""
        if retries < 0 or backoff_s < 0:
            raise ValueError("`retries` and `backoff_s` are 0 or more")
        return store(
            sources,
            self._sendable,
            next_id=self._next_id,
            window=self._window,
            retries=retries,
            backoff_s=backoff_s,
        )

    def find(
        self,
        identifier: Dataset | None,
        *,
        level: str,
        root: str | None,
        include: str | Iterable[str],
        limit: int | None,
        values: Mapping[str, Any],
    ) -> Operation[Dataset]:
        """Find what matches."""
        if limit is not None and limit < 1:
            raise ValueError("`limit` is 1 or more")
        if identifier is None:
            identifier = query(level, include=include, values=values)
        elif values or include:
            raise ValueError("`identifier` is the whole question: keywords go in there")
        context = self.context_for(WORKLIST) if level == "worklist" else self._model(0, level, root)
        data = encode(identifier, transfer_syntax=context.transfer_syntax, part10=False)
        return find(
            context.id,
            self._next_id(),
            context.abstract_syntax,
            data,
            limit=limit,
            most=self._limits.answers,
        )

    def get(
        self,
        what: str | Dataset,
        series: str | None,
        instance: str | None,
        *,
        into: Into | None,
        root: str | None,
        progress: Callable[[SubOperations], None] | None,
    ) -> Operation[Any]:
        """Have instances sent here."""
        context, data = self._retrieval(2, what, series, instance, root)
        most = self._limits.dataset_bytes
        sinks = _sinks(into) if into is not None else lambda message: IntoMemory(message, most)
        return get(
            context.id,
            self._next_id(),
            context.abstract_syntax,
            data,
            sinks=sinks,
            most=self._limits.answers,
            progress=progress,
        )

    def move(
        self, what: str | Dataset, series: str | None, instance: str | None, *, destination: str, root: str | None
    ) -> Operation[SubOperations]:
        """Have instances sent to a third."""
        context, data = self._retrieval(1, what, series, instance, root)
        return move(
            context.id,
            self._next_id(),
            context.abstract_syntax,
            data,
            destination=destination,
            most=self._limits.answers,
        )

    def _retrieval(
        self, which: int, what: str | Dataset, series: str | None, instance: str | None, root: str | None
    ) -> tuple[NegotiatedContext, bytes]:
        identifier = what if isinstance(what, Dataset) else retrieval(what, series, instance)
        context = self._model(which, "study", root)
        return context, encode(identifier, transfer_syntax=context.transfer_syntax, part10=False)

    def normalized(
        self, name: str, sop_class: str, sop_instance: str | None, dataset: Dataset | None, **fields: Any
    ) -> Operation[Answer]:
        """Do an operation on an instance that the peer manages."""
        row, sop_class = MESSAGES[name], sop_class_of(sop_class)
        context = self._context_of(name, sop_class)
        data = None
        if dataset is not None:
            data = encode(dataset, transfer_syntax=context.transfer_syntax, part10=False)
        names = {row.sop_class: sop_class, row.sop_instance or "AffectedSOPInstanceUID": sop_instance}
        return normalized(name, context.id, self._next_id(), data=data, **names, **fields)

    def n_get(self, sop_class: str, sop_instance: str, attributes: Iterable[str]) -> Operation[Answer]:
        """Ask for attributes of an instance."""
        tags = [tag_named(name) for name in attributes]
        return self.normalized("N-GET", sop_class, sop_instance, None, AttributeIdentifierList=tags or None)

    def commit(self, instances: Iterable[tuple[str, str]], transaction: str) -> Operation[Answer]:
        """Request storage commitment."""
        ds = Dataset()
        ds.TransactionUID = transaction
        ds.ReferencedSOPSequence = [_reference(*one) for one in instances]
        return self.normalized(
            "N-ACTION", STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE, ds, ActionTypeID=_REQUEST_COMMITMENT
        )

    def _model(self, which: int, level: str, root: str | None) -> NegotiatedContext:
        if root not in {None, "study", "patient"}:
            raise ValueError("`root` is 'study' or 'patient'")
        roots = {"study": (STUDY_ROOT,), "patient": (PATIENT_ROOT,), None: (STUDY_ROOT, PATIENT_ROOT)}[root]
        if level == "patient" and root is None:
            roots = (PATIENT_ROOT,)
        return self.context_for(*(models[which] for models in roots))
