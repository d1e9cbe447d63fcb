"""Running an SCP with a peer of another maker, or with bytes made by hand."""

import asyncio
import subprocess
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pynetdicom import AE

from filmless._core import AssociateRequest, Connection, Event, ProposedContext, UserInformation, encode_command

VERIFICATION = "1.2.840.10008.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"


def talk(main: Coroutine[Any, Any, Any], *, limit_s: float = 60.0) -> Any:
    """Run a coroutine; what the event loop complains of is an error."""
    noise: list[dict[str, Any]] = []

    async def run() -> Any:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: noise.append(context))
        return await asyncio.wait_for(main, limit_s)

    result = asyncio.run(run())
    assert not noise
    return result


async def with_pynetdicom(
    port: int, use: Callable[[Any], Any], *contexts: tuple[str, list[str]], ae_title: str = "SCU", **options: Any
) -> Any:
    """Open an association of pynetdicom's, and use it in a thread."""

    def run() -> Any:
        ae = AE(ae_title)
        for name, syntaxes in contexts or ((VERIFICATION, [IMPLICIT]),):
            ae.add_requested_context(name, syntaxes)
        association = ae.associate("127.0.0.1", port, ae_title="FILMLESS", **options)
        try:
            return use(association)
        finally:
            if association.is_established:
                association.release()

    return await asyncio.to_thread(run)


def identity(kind: int, primary: bytes, secondary: bytes = b"", *, answer: bool = False) -> list[Any]:
    """Return what asks pynetdicom to show a user identity."""
    from pynetdicom.pdu_primitives import UserIdentityNegotiation

    item = UserIdentityNegotiation()
    item.user_identity_type, item.primary_field = kind, primary
    item.secondary_field, item.positive_response_requested = secondary, answer
    return [item]


def request(*contexts: tuple[str, list[str]], called: str = "FILMLESS", **user: Any) -> AssociateRequest:
    """Return a request for an association."""
    proposed = [
        ProposedContext(2 * at + 1, name, syntaxes)
        for at, (name, syntaxes) in enumerate(contexts or ((VERIFICATION, [IMPLICIT]),))
    ]
    return AssociateRequest(
        called_ae_title=called, calling_ae_title="SCU", contexts=proposed, user=UserInformation(**user)
    )


def request_bytes(*contexts: tuple[str, list[str]], **user: Any) -> bytes:
    """Return an A-ASSOCIATE-RQ."""
    connection = Connection.requestor(request(*contexts, **user))
    connection.connected()
    return connection.take_output()


def p_data(context: int, data: bytes, *, command: bool, last: bool = True) -> bytes:
    """Return a P-DATA-TF PDU with one value."""
    value = bytes([context, command | last << 1]) + data
    return b"\4\0" + (len(value) + 4).to_bytes(4, "big") + len(value).to_bytes(4, "big") + value


def echo_bytes(message_id: int = 1, *, context: int = 1) -> bytes:
    """Return a C-ECHO-RQ in P-DATA-TF."""
    command = {"CommandField": 0x30, "MessageID": message_id, "AffectedSOPClassUID": VERIFICATION}
    return p_data(context, encode_command(command, False), command=True)


def store_bytes(message_id: int = 1, *, context: int = 1, instance: str = "1.2.3") -> bytes:
    """Return the command of a C-STORE-RQ, whose data set is to follow."""
    command = {
        "CommandField": 1, "MessageID": message_id, "Priority": 0,
        "AffectedSOPClassUID": CT, "AffectedSOPInstanceUID": instance,
    }  # fmt: skip
    return p_data(context, encode_command(command, True), command=True)


AT_ONCE_S: Final = 1.0
_ATTEMPTS: Final = 3
"""The machine may be busy with other things: what is quick is quick at least once."""


async def at_once(attack: Callable[[], Coroutine[Any, Any, float]]) -> None:
    """Make an attack, which returns the seconds until it was cut; it has to be within one."""
    took = []
    for _ in range(_ATTEMPTS):
        took.append(await attack())
        if took[-1] < AT_ONCE_S:
            return
    raise AssertionError(f"cut after {took} seconds")


class Raw:
    """A peer that sends any bytes, and understands what comes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._connection: Connection | None = None

    @classmethod
    async def at(cls, port: int, **options: Any) -> "Raw":
        return cls(*await asyncio.open_connection("127.0.0.1", port, **options))

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def associate(self, *contexts: tuple[str, list[str]], called: str = "FILMLESS", **user: Any) -> Event | None:
        self._connection = Connection.requestor(request(*contexts, called=called, **user))
        self._connection.connected()
        self.send(self._connection.take_output())
        return await self.event()

    async def event(self) -> Event | None:
        """Return what the peer says next; None when the connection ends."""
        assert self._connection is not None
        while (event := self._connection.next_event()) is None:
            data = await self.reader.read(65536)
            if not data:
                return None
            self._connection.receive(data)
        return event

    async def release(self) -> None:
        assert self._connection is not None
        self._connection.release()
        self.send(self._connection.take_output())
        assert isinstance(await self.event(), Event.Released)

    async def ended(self) -> bytes:
        """Wait until the connection is closed; return all that came before."""
        try:
            return await self.reader.read()
        except ConnectionError:
            return b""

    async def cut(self, begin: bytes = b"") -> float:
        """Wait until the connection is closed, or begins to be with these bytes; return how long that took."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.timeout(20):
            came = await self.ended()
        took = loop.time() - began
        await self.close()
        assert came[: len(begin)] in {begin, b""}  # if the system did not lose it
        return took

    async def close(self) -> None:
        self.writer.transport.abort()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


@dataclass
class Authority:
    """An authority that makes certificates with the program openssl."""

    folder: Path
    openssl: str

    @property
    def certificate(self) -> Path:
        return self.folder / "ca.pem"

    def run(self, *arguments: str) -> None:
        subprocess.run([self.openssl, *arguments], cwd=self.folder, check=True, capture_output=True)

    def make(self, name: str, subject: str, *, rsa: bool = False) -> Path:
        """Make a certificate and its key, in one file."""
        kind = ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"] if rsa else ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
        self.run("genpkey", "-algorithm", *kind, "-out", f"{name}.key")
        if name == "ca":
            self.run("req", "-x509", "-new", "-key", "ca.key", "-subj", subject, "-days", "1", "-out", "ca.pem")
            return self.certificate
        (self.folder / "san.txt").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        self.run("req", "-new", "-key", f"{name}.key", "-subj", subject, "-out", f"{name}.csr")
        self.run(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "1", "-extfile", "san.txt", "-out", f"{name}.crt",
        )  # fmt: skip
        both = self.folder / f"{name}.pem"
        both.write_bytes((self.folder / f"{name}.crt").read_bytes() + (self.folder / f"{name}.key").read_bytes())
        return both
