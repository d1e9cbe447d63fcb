"""Identifiers that mean harm: each is answered soon, and the association goes on."""

import asyncio
import struct
import time
from collections.abc import Iterator

import pytest
from pydicom._dicom_dict import DicomDictionary

from filmless.archive import Archive
from filmless.dimse import Scp, connect
from filmless.dimse.driving import run
from filmless.dimse.operations.requesting import request_of
from filmless.dimse.services.get import get
from filmless.dimse.services.query import query
from filmless.dimse.steps import Give, Message, Operation, Receive, Send

from .people import five_people

IMPLICIT = "1.2.840.10008.1.2"
FIND, GET = "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.4.1.2.2.3"


def element(tag: int, value: bytes) -> bytes:
    """Return an element in implicit VR."""
    value += b" " * (len(value) % 2)
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value)) + value


def nested(depth: int) -> bytes:
    """Return sequences inside each other."""
    value = b""
    for _ in range(depth):
        value = element(0x0040_0275, struct.pack("<HHI", 0xFFFE, 0xE000, len(value)) + value)
    return value


LONG_STRINGS = sorted(tag for tag, (vr, *_) in DicomDictionary.items() if vr == "LO" and tag > 0x0008_0052)
LEVEL = element(0x0008_0052, b"STUDY")
HOSTILE = {
    "wildcards in a name": (LEVEL + element(0x0010_0010, b"*?" * 10_000), {0}),
    "wildcards between letters": (LEVEL + element(0x0010_0010, b"*?a" * 10_000), {0}),
    "wildcards in an ID": (LEVEL + element(0x0010_0020, b"*?*?" * 10_000), {0}),
    "wildcards in a description": (LEVEL + element(0x0008_1030, b"*a" * 50), {0}),
    "wildcards in what is in headers alone": (LEVEL + element(0x0018_1030, b"*a*?" * 10_000), {0}),
    "a megabyte of UIDs": (element(0x0008_0052, b"STUDY") + element(0x0020_000D, b"1.9.9\\" * 170_000), {0}),
    "a megabyte of names": (LEVEL + element(0x0010_0010, b"a\\" * 500_000), {0xA900}),
    "a megabyte of SOP classes": (LEVEL + element(0x0008_0062, b"1.2.3\\" * 170_000), {0xA900}),
    "a megabyte of one UID": (LEVEL + element(0x0020_000D, b"1" * (1 << 20)), {0}),
    "SQL": (LEVEL + element(0x0010_0020, b"' OR 1=1; DROP TABLE study; --"), {0}),
    "SQL in a UID": (LEVEL + element(0x0020_000D, b"1' OR '1'='1"), {0}),
    "zero bytes": (LEVEL + element(0x0010_0020, b"P\0\0%_[a-z]"), {0}),
    "letters that are none": (LEVEL + element(0x0010_0010, b"\xff\xfe\x80*"), {0}),
    "a character set that is none": (element(0x0008_0005, b"NO") + LEVEL + element(0x0010_0010, b"\xff*"), {0}),
    "sequences inside each other": (LEVEL + nested(40), {0xC000, 0xA900}),
    "very deep sequences": (LEVEL + nested(5_000), {0xC000, 0xA900}),
    "very many attributes": (
        LEVEL + b"".join(element(0x0041_0000 + at, b"1") for at in range(1, 0x3000)), {0xC000},
    ),
    "keys that nothing is known of": (
        LEVEL + b"".join(element(0x0043_0000 + at, b"1") for at in range(0x1000, 0x1400)), {0},
    ),
    "more keys than are matched": (LEVEL + b"".join(element(tag, b"x") for tag in LONG_STRINGS[:300]), {0xA900}),
    "nothing": (b"\0" * 0, {0xA900}),
    "no data set at all": (b"\xff" * 1000, {0xC000, 0xA900}),
    "an element longer than the rest": (LEVEL + struct.pack("<HHI", 0x10, 0x10, 0xFFFF_FFF0) + b"x", {0}),
    "a level that is none": (element(0x0008_0052, b"STUDY\\SERIES"), {0xA900}),
    "a long level": (element(0x0008_0052, b"S" * 100_000), {0xA900}),
    "a range of dates that is none": (LEVEL + element(0x0008_0020, b"-" * 10_000), {0xA900}),
    "a number that is none": (LEVEL + element(0x0020_1206, b"1e999\\-1\\0x10"), {0}),
}  # fmt: skip


MANY_ITEMS = element(0x0008_1110, struct.pack("<HHI", 0xFFFE, 0xE000, 0) * 1_900_000)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """An archive with something in it."""
    with Archive(tmp_path_factory.mktemp("archive")) as archive:
        for ds in five_people():
            archive.store(ds)
        yield archive


def ask(name: str, context: int, message_id: int, data: bytes) -> Operation[Message]:
    """Ask, and give all answers."""
    sop_class = FIND if name == "C-FIND" else GET
    yield Send(context, request_of(name, message_id, AffectedSOPClassUID=sop_class, Priority=0), data)
    while True:
        message: Message = yield Receive()
        yield Give(message)
        if message.status >> 8 != 0xFF:
            return


@pytest.mark.parametrize("size", [3 << 20, len(MANY_ITEMS)])
def test_very_many_items_do_not_stop_the_event_loop(archive: Archive, size: int) -> None:
    items = MANY_ITEMS[:4] + struct.pack("<I", size // 8 * 8 - 8) + MANY_ITEMS[8 : size // 8 * 8]
    longest = 0.0

    async def beat() -> None:
        nonlocal longest
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.01)
            longest = max(longest, time.monotonic() - began)

    async def talk() -> int:
        beating = asyncio.create_task(beat())
        async with (
            Scp("FILMLESS", [query(archive)]).listen() as port,
            connect(f"FILMLESS@127.0.0.1:{port}", contexts=[(FIND, (IMPLICIT,))]) as peer,
        ):
            link, context = peer.association.link, peer.association.context_for(FIND)
            assert context is not None
            operation = ask("C-FIND", context.id, link.next_id(), LEVEL + items)
            *_, last = [one async for one in run(link, operation)]
        beating.cancel()
        return last.status

    assert asyncio.run(talk()) == 0xA900
    assert longest < 1.5


@pytest.mark.parametrize("name", ["C-FIND", "C-GET"])
def test_hostile_identifiers(archive: Archive, name: str) -> None:
    async def talk() -> None:
        async with (
            Scp("FILMLESS", [query(archive), get(archive)]).listen() as port,
            connect(f"FILMLESS@127.0.0.1:{port}", contexts=[(FIND, (IMPLICIT,)), (GET, (IMPLICIT,))]) as peer,
        ):
            link = peer.association.link
            for what, (data, statuses) in HOSTILE.items():
                context = peer.association.context_for(FIND if name == "C-FIND" else GET)
                assert context is not None
                began = time.monotonic()
                *_, last = [one async for one in run(link, ask(name, context.id, link.next_id(), data))]
                assert time.monotonic() - began < 5, what
                if name == "C-FIND":
                    assert last.status in statuses, f"{what}: {last.status:04X} {last.command.get('ErrorComment')}"
                else:  # nothing of it names what there is
                    assert last.status in {0, 0xA900, 0xC000}, f"{what}: {last.status:04X}"
                    assert not last.command.get("NumberOfCompletedSuboperations")
                assert len(last.command.get("ErrorComment", "")) <= 64

    asyncio.run(talk())
    assert len(archive.search("study").rows) == 5
