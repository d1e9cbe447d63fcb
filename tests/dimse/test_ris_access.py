"""Who may see and change worklist items and performed steps, and what the audit says of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pynetdicom import AE

from filmless.dimse import Scp
from filmless.dimse.scp.access import Access, AccessOptions, CallerOptions
from filmless.dimse.services.mpps import performed_procedure_steps
from filmless.dimse.services.performed_steps import PerformedSteps
from filmless.dimse.services.worklist import worklist
from filmless.dimse.services.worklist_items import WorklistFolder
from filmless.security import Audit

from .ris_files import WITH_PYNETDICOM, WORKLIST, item, put
from .test_mpps import RETRIEVE, STEP, UID, begun, ended
from .test_worklist import asked

pytestmark = WITH_PYNETDICOM

CALLERS = (
    CallerOptions(ae_titles=("READER",), roles=frozenset({"read"})),
    CallerOptions(ae_titles=("WRITER",), roles=frozenset({"write"})),
    CallerOptions(ae_titles=("ONE",), roles=frozenset({"read", "write"}), patients=frozenset({"P1"})),
    CallerOptions(ae_titles=("ALL",), roles=frozenset({"read", "write"})),
)


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[int]:
    steps = PerformedSteps(folder / "performed")
    for number in (1, 2):
        put(folder / "worklist", f"{number}.wl", item(number, PatientName="Secret^Name"))
    services = [worklist(WorklistFolder(folder / "worklist")), *performed_procedure_steps(steps)]
    access = Access(AccessOptions(callers=CALLERS))
    with Audit(folder / "audit.jsonl") as audit:
        async with Scp("FILMLESS", services, access=access, audit=audit).listen() as port:
            yield port


class Caller:
    """An application entity of pynetdicom by its title."""

    def __init__(self, port: int, title: str) -> None:
        ae = AE(title)
        for uid in (WORKLIST, STEP, RETRIEVE):
            ae.add_requested_context(uid)
        self._association = ae.associate("127.0.0.1", port, ae_title="FILMLESS")
        assert self._association.is_established

    def find(self) -> tuple[int, list[str]]:
        rows = list(self._association.send_c_find(asked(PatientID=""), WORKLIST))
        return rows[-1][0].Status, sorted(ds.PatientID for _, ds in rows[:-1])

    def create(self, number: int, uid: str = UID) -> int:
        return self._association.send_n_create(begun(number), STEP, uid)[0].Status

    def set(self, uid: str = UID) -> int:
        return self._association.send_n_set(ended(), STEP, uid)[0].Status

    def get(self, uid: str = UID) -> int:
        return self._association.send_n_get([], RETRIEVE, uid)[0].Status

    def close(self) -> None:
        self._association.release()


def test_roles_and_patients_in_sight(tmp_path: Path) -> None:
    def talk(port: int) -> None:
        reader, writer, one, everyone = (Caller(port, title) for title in ("READER", "WRITER", "ONE", "ALL"))
        assert reader.find() == (0, ["P1", "P2"])
        assert reader.create(1) == 0x0124
        assert writer.find() == (0x0124, [])
        assert one.find() == (0, ["P1"])
        assert one.create(2) != 0
        assert everyone.create(2) == 0
        assert (one.get(), one.set()) == (0x0112, 0x0112)
        assert (writer.get(), reader.get(), reader.set(), writer.set()) == (0x0124, 0, 0x0124, 0)
        for caller in (reader, writer, one, everyone):
            caller.close()

    async def serve() -> None:
        async with serving(tmp_path) as port:
            await asyncio.to_thread(talk, port)

    asyncio.run(serve())
    text = (tmp_path / "audit.jsonl").read_text()
    lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    [found] = [one for one in lines if one["operation"] == "C-FIND" and one["calling"] == "ONE"]
    assert (found["matches"], found["uids"]["studies"]) == (1, ["1.2.826.0.1.3680043.2.1.1"])
    [made] = [one for one in lines if one["operation"] == "N-CREATE" and one["calling"] == "ALL"]
    assert made["uids"]["instance"] == UID
    assert "1.2.826.0.1.3680043.2.1.2" in made["uids"]["studies"]
    assert "Secret" not in text
    assert "P1" not in text.replace("PPS1", "")


HOSTILE = ["..", "../../../tmp/x", "/tmp/x", "C:\\x", "CON", "1..2", "$(id)", "x" * 64]


def test_no_name_of_a_peer_becomes_a_path(tmp_path: Path) -> None:
    """Names that are no UIDs are refused, whatever the library of the peer thinks of them."""
    from filmless.dataset import Dataset
    from filmless.dimse import connect
    from filmless.dimse.driving import run
    from filmless.dimse.operations.requesting import ask, request_of
    from filmless.dimse.steps import Give
    from filmless.file import encode

    data = encode(Dataset({"PatientID": "P1"}), transfer_syntax="1.2.840.10008.1.2", part10=False)

    async def talk() -> list[int]:
        statuses = []
        async with (
            serving(tmp_path) as port,
            connect(
                f"FILMLESS@127.0.0.1:{port}", calling_ae_title="ALL", contexts=((STEP, ("1.2.840.10008.1.2",)),)
            ) as peer,
        ):
            link = peer.association.link
            for name in HOSTILE:
                for message, key in (("N-CREATE", "Affected"), ("N-SET", "Requested")):
                    uids = {f"{key}SOPClassUID": STEP, f"{key}SOPInstanceUID": name}
                    command = request_of(message, link.next_id(), **uids)

                    def operation(command=command):
                        answer = yield from ask(1, command, data)
                        yield Give(answer.status)

                    statuses += [status async for status in run(link, operation())]
        return statuses

    assert set(asyncio.run(talk())) == {0x0117}
    assert not (tmp_path / "performed").exists()
