"""What a peer can be asked, with arguments checked: one place for the peer that is awaited and the one that blocks."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from filmless._core import Connection, NegotiatedContext
from filmless.dataset import Dataset
from filmless.dimse.contexts import Sendable
from filmless.dimse.identifiers import query
from filmless.dimse.operations.echo import VERIFICATION, echo
from filmless.dimse.operations.find import find
from filmless.dimse.operations.store import Stored, store
from filmless.dimse.sources import Source
from filmless.dimse.steps import Operation
from filmless.dimse.uids import PATIENT_ROOT, STUDY_ROOT, WORKLIST
from filmless.errors import LocalProtocolError
from filmless.file import encode

__all__ = ["Asking", "Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a peer may cost that is asked.

    Attributes
    ----------
    identifier_bytes
        Of a data set that is taken into memory.
    instance_bytes
        Of an instance that it sends.
    answers
        To one query, and instances of one retrieval.
    """

    identifier_bytes: int = 16 << 20
    instance_bytes: int = 16 << 30
    answers: int = 1_000_000


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

    def _model(self, which: int, level: str, root: str | None) -> NegotiatedContext:
        if root not in {None, "study", "patient"}:
            raise ValueError("`root` is 'study' or 'patient'")
        roots = {"study": (STUDY_ROOT,), "patient": (PATIENT_ROOT,), None: (STUDY_ROOT, PATIENT_ROOT)}[root]
        if level == "patient" and root is None:
            roots = (PATIENT_ROOT,)
        return self.context_for(*(models[which] for models in roots))
