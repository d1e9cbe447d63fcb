"""The part of the conformance statement about DIMSE: the application entity, what it accepts and whom it knows."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from filmless import _core
from filmless.dimse.scp.service import Service
from filmless.dimse.storage_classes import WITHOUT_PATIENT
from filmless.server.settings.dimse import Dimse
from filmless.server.settings.tree import Settings
from filmless.server.statement import Statement, Table

__all__ = ["add_entity", "network_services"]

#: What a service is called, by a message that it answers and words in the name of a SOP class.
_NAMES: Final = (
    ("C-ECHO", "", "Verification"),
    ("C-STORE", "", "Storage"),
    ("C-FIND", "Worklist", "Modality worklist"),
    ("C-FIND", "", "Query"),
    ("C-MOVE", "", "Retrieve by C-MOVE"),
    ("C-GET", "", "Retrieve by C-GET"),
    ("N-ACTION", "Commitment", "Storage commitment"),
    ("N-CREATE", "Performed Procedure", "Modality performed procedure step"),
    ("N-CREATE", "Availability", "Instance availability notification"),
)


def network_services(settings: Settings, services: Sequence[Service]) -> list[tuple[str, ...]]:
    """Return the rows of the overview: what it is a user and a provider of."""
    found = dict.fromkeys(name for service in services for name in _named(service))
    sends = any(settings.peers[name].is_dimse for rule in settings.forward for name in rule.to)
    gives = {"Retrieve by C-MOVE", "Retrieve by C-GET"} & found.keys()
    if sends:
        found.setdefault("Storage", None)
    notices = {one for peer in settings.peers.values() for one in peer.notices}
    rows: list[tuple[str, ...]] = []
    for name in found:
        is_user = name == "Storage" and (sends or bool(gives))
        is_user = is_user or (name.startswith("Instance availability") and "availability" in notices)
        is_provider = any(name in _named(service) for service in services)
        rows.append((f"{name} (DIMSE)", "yes" if is_user else "no", "yes" if is_provider else "no"))
    if services and "steps" in notices:
        rows.append(("Modality performed procedure step notification (DIMSE)", "no", "yes"))
    return rows


def add_entity(statement: Statement, settings: Settings, services: Sequence[Service]) -> None:
    """Add what there is to say of the application entity."""
    dimse = settings.dimse
    known = [name for name, peer in settings.peers.items() if peer.is_dimse]
    if dimse.is_on:
        statement.add("Application entity", Table(("Item", "Value"), _items(dimse)))
        statement.add(
            "Presentation contexts",
            f"The first transfer syntax of a proposed context that is supported is accepted. {_left_out()}",
            Table(("SOP class", "UID", "Roles", "Messages", "Transfer syntaxes"), _contexts(services)),
        )
        if extended := _extended(services):
            statement.add(
                "Extended negotiation",
                "What is asked for by extended negotiation is agreed to, where it is supported: of queries relational "
                "ones, dates and times combined, and fuzzy matching of names; of retrieval, relational; of storage "
                "level 2 (full), signatures as they are, no coercion.",
                Table(("SOP class", "UID"), extended),
            )
    if known:
        head = ("Name", "AE title", "Host", "Port", "TLS", "Destination of C-MOVE", "Roles")
        statement.add("Known application entities", Table(head, [_peer(settings, name) for name in known]))


def _left_out() -> str:
    names = ", ".join(map(_name_of, WITHOUT_PATIENT))
    return f"What is of no patient and no study is not stored, so that these SOP classes are not accepted: {names}."


class _Accepted(NamedTuple):
    scp: bool
    scu: bool
    messages: frozenset[str]
    syntaxes: tuple[str, ...]


def _named(service: Service) -> list[str]:
    names = [_name_of(one.abstract_syntax) for one in service.accepted] or [""]
    found = {message: name for message, part, name in reversed(_NAMES) if any(part in one for one in names)}
    return [found[message] for message in service.handlers if message in found]


def _name_of(uid: str) -> str:
    entry = _core.uid_entry(uid)
    return uid if entry is None else entry[1]


def _items(dimse: Dimse) -> list[tuple[str, ...]]:
    own, limits = _core.UserInformation(), dimse.limits
    called = [dimse.ae_title, *dimse.also_called]
    shown = {"none": "not asked for", "optional": "taken when shown", "required": "required"}
    return [
        ("AE title", dimse.ae_title),
        ("Called by", "any AE title" if "*" in called else ", ".join(called)),
        ("Listens at", f"{dimse.host}, port {dimse.port}"),
        ("Transport", "plain TCP" if dimse.tls is None else "TLS 1.2 and 1.3 by BCP 195, PS3.15 B.12"),
        ("Certificates of callers", "none" if dimse.tls is None else shown[dimse.tls.client_certificates]),
        ("User identity", "required" if dimse.identity == "required" else "taken when shown, where users are known"),
        ("Kinds of user identity", "username and passcode (2), JSON Web Token (5)"),
        ("Associations", f"{limits.associations} at a time, {limits.associations_per_address} of an address"),
        ("Asynchronous operations", f"{limits.operations} at a time where that is negotiated, else one"),
        ("Maximum length", f"{limits.maximum_length} bytes of a PDU"),
        ("Application context", "1.2.840.10008.3.1.1.1"),
        ("Implementation class UID", own.implementation_class_uid),
        ("Implementation version name", own.implementation_version_name or "none"),
    ]


def _contexts(services: Sequence[Service]) -> list[tuple[str, ...]]:
    found: dict[str, _Accepted] = {}
    for service in services:
        rows = [(one.abstract_syntax, one) for one in service.accepted]
        rows += [("", service.otherwise)] if service.otherwise is not None else []
        for uid, one in rows:
            before = found.get(uid, _Accepted(False, False, frozenset(), ()))
            # What a peer may be the user of, we provide.
            messages = before.messages | service.handlers.keys()
            syntaxes = (*before.syntaxes, *one.transfer_syntaxes)
            found[uid] = _Accepted(before.scp or one.scu, before.scu or one.scp, messages, syntaxes)
    return [
        (
            _name_of(uid) if uid else "every other storage SOP class, private and unknown ones",
            uid,
            " and ".join(role for role, is_one in (("SCP", one.scp), ("SCU", one.scu)) if is_one),
            ", ".join(sorted(one.messages)),
            ", ".join(dict.fromkeys(map(_name_of, one.syntaxes))) or "all",
        )
        for uid, one in found.items()
    ]


def _extended(services: Sequence[Service]) -> list[tuple[str, ...]]:
    return [
        (_name_of(one.abstract_syntax), one.abstract_syntax)
        for service in services
        if service.extended is not None
        for one in service.accepted
    ]


def _peer(settings: Settings, name: str) -> tuple[str, ...]:
    peer = settings.peers[name]
    yes = {True: "yes", False: "no"}
    roles = ", ".join(sorted(peer.roles)) or "none"
    return (name, peer.ae_title or "", peer.host or "", str(peer.port), yes[peer.tls], yes[peer.moves], roles)
