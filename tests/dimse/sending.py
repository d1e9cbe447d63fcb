"""Sending instances step by step, right and wrong ones."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from filmless.dimse import Peer, Scp, connect
from filmless.dimse.driving import run
from filmless.dimse.operations.requesting import ask, request_of
from filmless.dimse.scp.limits import ScpLimits
from filmless.dimse.scp.service import Service
from filmless.dimse.services.verification import verification
from filmless.dimse.steps import Buffer, Give, Operation, Payload
from filmless.file import read

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"


class Pieces:
    """A data set in pieces."""

    def __init__(self, *pieces: Buffer) -> None:
        self._pieces = pieces

    def pieces(self) -> Sequence[Buffer]:
        return self._pieces


def behind_meta(data: bytes) -> bytes:
    """Return the data set of a file, as its bytes are."""
    assert data[128:132] == b"DICM"
    assert data[132:140] == b"\x02\0\0\0UL\x04\0", "a file without the length of its meta information"
    return data[144 + int.from_bytes(data[140:144], "little") :]


def data_set_of(path: Path) -> bytes:
    """Return the data set of a file."""
    return behind_meta(path.read_bytes())


@asynccontextmanager
async def sender(
    service: Service, *contexts: tuple[str, str], limits: ScpLimits | None = None
) -> AsyncIterator[tuple[Peer, dict[str, int]]]:
    """Open an association to an SCP of a service; give it, and the contexts' identifiers by SOP class."""
    proposed = [(name, (syntax,)) for name, syntax in contexts or ((CT, EXPLICIT),)]
    async with (
        Scp("FILMLESS", [service, verification()], limits=limits).listen() as port,
        connect(f"FILMLESS@127.0.0.1:{port}", contexts=proposed) as peer,
    ):
        yield peer, {context.abstract_syntax: context.id for context in peer.association.contexts}


async def store(
    peer: Peer,
    data: Buffer | Payload,
    instance: str | None,
    *,
    sop_class: str = CT,
    context: int | None = None,
) -> dict[str | int, Any]:
    """Send a data set, whatever it is; return the command of the answer."""
    if context is None:
        negotiated = peer.association.context_for(sop_class)
        assert negotiated is not None
        context = negotiated.id
    command = request_of(
        "C-STORE",
        peer.association.link.next_id(),
        AffectedSOPClassUID=sop_class,
        AffectedSOPInstanceUID=instance,
        Priority=0,
    )

    def operation() -> Operation[dict[str | int, Any]]:
        message = yield from ask(context, command, data)
        yield Give(message.command)

    async for answer in run(peer.association.link, operation()):
        return answer
    raise AssertionError("no answer")


def uids_of(data: bytes) -> tuple[str, str]:
    """Return SOP class and instance of a file."""
    ds = read(data, stop_before_pixels=True)
    return str(ds.SOPClassUID), str(ds.SOPInstanceUID)
