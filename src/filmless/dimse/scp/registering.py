"""Handlers that are given to an SCP one by one: ``@scp.on_store``."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar, overload

from filmless._core import Acceptable
from filmless.dimse.operations.echo import VERIFICATION
from filmless.dimse.scp.handlers import adapted
from filmless.dimse.scp.service import Handler, Service
from filmless.dimse.scp.sop_classes import is_query_retrieve
from filmless.dimse.storage_classes import is_storage
from filmless.dimse.uids import NATIVE, sop_class_of

__all__ = ["Registering"]

_F = TypeVar("_F", bound=Callable[..., Any])


class Registering:
    """Takes handlers, and makes services of them."""

    def __init__(self) -> None:
        self._named: dict[str, tuple[list[str], dict[str, Handler], list[bool]]] = {}
        self._others: list[Service] = []

    def registered(self) -> list[Service]:
        """Return the services that the handlers make."""
        named = [
            Service((Acceptable(name, syntaxes, True, any(reversed_)),), handlers)
            for name, (syntaxes, handlers, reversed_) in self._named.items()
        ]
        return [*named, *self._others]

    def _register(
        self, message: str, function: Callable[..., Any], sop_classes: Sequence[str], transfer_syntaxes: Sequence[str]
    ) -> None:
        handler, sop_classes = adapted(function, message), list(map(sop_class_of, sop_classes))
        if message not in {"C-STORE", "C-ECHO"}:
            transfer_syntaxes = transfer_syntaxes or NATIVE
        # Who reports an event is the SCP of the service, also when it asks for the association.
        is_reversed = message == "N-EVENT-REPORT"
        for name in sop_classes:
            syntaxes, handlers, reversed_ = self._named.setdefault(name, ([], {}, []))
            syntaxes[:] = dict.fromkeys([*syntaxes, *transfer_syntaxes])
            handlers[message] = handler
            reversed_.append(is_reversed)
        if not sop_classes:
            takes = is_storage if message == "C-STORE" else partial(is_query_retrieve, kind=message[2:])
            other = Acceptable("", tuple(transfer_syntaxes))
            self._others.append(Service((), {message: handler}, other, takes))
        if message == "C-GET":  # who asks for instances is their SCP when they come, on the same association
            self._others.append(Service((), {}, Acceptable("", (), False, True), is_storage))

    def _on(self, message: str, first: Any, more: tuple[str, ...], transfer_syntaxes: Sequence[str]) -> Any:
        if callable(first):
            self._register(message, first, (), transfer_syntaxes)
            return first
        sop_classes = more if first is None else (first, *more)

        def register(function: _F) -> _F:
            self._register(message, function, sop_classes, transfer_syntaxes)
            return function

        return register

    def _on_normalized(self, message: str, sop_classes: tuple[str, ...]) -> Callable[[_F], _F]:
        if not sop_classes or not all(isinstance(name, str) for name in sop_classes):
            raise TypeError(f"SOP classes by UID or keyword were expected, of which {message} is answered")
        found: Callable[[_F], _F] = self._on(message, None, sop_classes, ())
        return found

    def on_echo(self, handler: _F) -> _F:
        """Answer C-ECHO."""
        self._register("C-ECHO", handler, (VERIFICATION,), ())
        return handler

    @overload
    def on_store(self, handler: _F, /) -> _F: ...
    @overload
    def on_store(self, *sop_classes: str, transfer_syntaxes: Sequence[str] = ()) -> Callable[[_F], _F]: ...
    def on_store(self, first: Any = None, *more: str, transfer_syntaxes: Sequence[str] = ()) -> Any:
        """Answer C-STORE of some SOP classes, by default of all of storage, also those that nobody knows.

        Parameters
        ----------
        *sop_classes
            UIDs or keywords, as of all the other handlers.
        transfer_syntaxes
            UIDs that are taken; without any all.
        """
        return self._on("C-STORE", first, more, transfer_syntaxes)

    @overload
    def on_find(self, handler: _F, /) -> _F: ...
    @overload
    def on_find(self, *sop_classes: str, transfer_syntaxes: Sequence[str] = ()) -> Callable[[_F], _F]: ...
    def on_find(self, first: Any = None, *more: str, transfer_syntaxes: Sequence[str] = ()) -> Any:
        """Answer C-FIND of some SOP classes, by default of all: matches are yielded. C-CANCEL ends the generator."""
        return self._on("C-FIND", first, more, transfer_syntaxes)

    @overload
    def on_get(self, handler: _F, /) -> _F: ...
    @overload
    def on_get(self, *sop_classes: str, transfer_syntaxes: Sequence[str] = ()) -> Callable[[_F], _F]: ...
    def on_get(self, first: Any = None, *more: str, transfer_syntaxes: Sequence[str] = ()) -> Any:
        """Answer C-GET of some SOP classes, by default of all: instances are yielded as data sets, and sent."""
        return self._on("C-GET", first, more, transfer_syntaxes)

    @overload
    def on_move(self, handler: _F, /) -> _F: ...
    @overload
    def on_move(self, *sop_classes: str, transfer_syntaxes: Sequence[str] = ()) -> Callable[[_F], _F]: ...
    def on_move(self, first: Any = None, *more: str, transfer_syntaxes: Sequence[str] = ()) -> Any:
        """Answer C-MOVE of some SOP classes, by default of all.

        The handler sends instances itself, over an association to the `Request.move_destination`, and returns a status.
        """
        return self._on("C-MOVE", first, more, transfer_syntaxes)

    def on_n_event_report(self, *sop_classes: str) -> Callable[[_F], _F]:
        """Answer N-EVENT-REPORT of some SOP classes, as storage commitment."""
        return self._on_normalized("N-EVENT-REPORT", sop_classes)

    def on_n_get(self, *sop_classes: str) -> Callable[[_F], _F]:
        """Answer N-GET of some SOP classes."""
        return self._on_normalized("N-GET", sop_classes)

    def on_n_set(self, *sop_classes: str) -> Callable[[_F], _F]:
        """Answer N-SET of some SOP classes."""
        return self._on_normalized("N-SET", sop_classes)

    def on_n_action(self, *sop_classes: str) -> Callable[[_F], _F]:
        """Answer N-ACTION of some SOP classes."""
        return self._on_normalized("N-ACTION", sop_classes)

    def on_n_create(self, *sop_classes: str) -> Callable[[_F], _F]:
        """Answer N-CREATE of some SOP classes."""
        return self._on_normalized("N-CREATE", sop_classes)

    def on_n_delete(self, *sop_classes: str) -> Callable[[_F], _F]:
        """Answer N-DELETE of some SOP classes."""
        return self._on_normalized("N-DELETE", sop_classes)
