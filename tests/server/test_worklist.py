"""Worklist items and performed steps over HTTP: roles, names that are no paths, what survives a restart."""

import asyncio
import json
from collections.abc import Iterator
from functools import partialmethod
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from filmless.dataset import Dataset
from filmless.dicomweb.origin.application import HANDLERS
from filmless.dimse.services.performed_steps import PerformedSteps
from filmless.dimse.services.worklist_items import WorklistFolder
from filmless.security.principal import LOCAL, Principal
from filmless.server import performed_steps, worklist

UID = "1.2.826.0.1.3680043.2.1.1"


def item(patient: str = "42", **step: Any) -> dict[str, Any]:
    values = {"Modality": "CT", "ScheduledProcedureStepID": "S1", **step}
    ds = Dataset({"PatientID": patient, "PatientName": "Müller^Jörg", "StudyInstanceUID": UID})
    ds["ScheduledProcedureStepSequence"] = [Dataset(values)]
    return json.loads(ds.to_json())


class Client:
    """Asks an application in this process."""

    def __init__(self, application: Any) -> None:
        self._application = application

    def _ask(self, method: str, url: str, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._application, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, url, **options)

        return asyncio.run(ask())

    get = partialmethod(_ask, "GET")
    put = partialmethod(_ask, "PUT")
    post = partialmethod(_ask, "POST")
    delete = partialmethod(_ask, "DELETE")


class Served:
    """The routes in an application; `who` asks, `noted` is what the audit would say of the last request."""

    def __init__(self, folder: Path) -> None:
        self.who: Principal = LOCAL
        self.noted: dict[str, Any] = {}
        self.steps = PerformedSteps(folder / "performed")
        routes = worklist.routes(WorklistFolder(folder / "worklist")) + performed_steps.routes(self.steps)
        self._inner = Starlette(routes=routes, exception_handlers=HANDLERS)
        self.client = Client(self)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope["filmless.principal"], scope["filmless.audit"] = self.who, {}
        try:
            await self._inner(scope, receive, send)
        finally:
            self.noted = scope["filmless.audit"]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    return Served(tmp_path)


def test_an_item_is_put_read_replaced_listed_and_deleted(served: Served, tmp_path: Path) -> None:
    client = served.client
    answer = client.put(f"/worklist/{UID}", json=item())
    assert (answer.status_code, answer.headers["location"]) == (201, f"/worklist/{UID}")
    assert served.noted == {"studies": [UID]}
    assert client.put(f"/worklist/{UID}", json=item("43")).status_code == 200
    assert client.get(f"/worklist/{UID}").json()["00100020"]["Value"] == ["43"]
    assert [path.name for path in (tmp_path / "worklist").iterdir()] == [f"{UID}.wl"]

    other = client.post("/worklist", json=item("44", Modality="MR")).headers["location"]
    rows = client.get("/worklist").json()
    assert {row["attributes"]["00100020"]["Value"][0] for row in rows} == {"43", "44"}
    [row] = client.get("/worklist?ScheduledProcedureStepSequence.Modality=M*").json()
    assert f"/worklist/{row['item']}" == other
    answer = client.get("/worklist?limit=1")
    assert len(answer.json()) == 1
    assert "more items" in answer.headers["warning"]

    assert client.delete(f"/worklist/{UID}").status_code == 204
    assert client.delete(f"/worklist/{UID}").status_code == 404
    assert client.get(f"/worklist/{UID}").status_code == 404
    assert len(Served(tmp_path).client.get("/worklist").json()) == 1  # as after a restart


@pytest.mark.parametrize(
    "name",
    ["..", "..%2f..%2fx", "%2e%2e", "..%5cx", "C:%5cx", "a%00b", "CON", "$(id)", "%c0%ae%c0%ae", "x" * 5000, "1.2..3"],
)
def test_a_name_never_becomes_a_path(served: Served, tmp_path: Path, name: str) -> None:
    url = f"/worklist/{name}"
    answer = served.client.put(url, json=item())
    if answer.status_code != 201:  # the URL itself is of something else
        assert answer.status_code in {404, 405}
        assert not any(tmp_path.rglob("*.*"))
        return
    [file] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert file.parent == tmp_path / "worklist"
    assert len(file.stem) == 32
    assert set(file.stem) <= set("0123456789abcdef")
    assert served.client.get(url).status_code == 200
    assert served.client.get(answer.headers["location"]).status_code == 200
    assert served.client.delete(url).status_code == 204


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"3", 400),
        (b"[" * 100_000, 400),
        (b'{"00400100":' + b'{"vr":"SQ","Value":[{"00400100":' * 20_000, 400),
        (b'{"00100020": {"vr": "LO", "Value": ["secret"]}}', 400),
        (b'{"0010002": {"vr": "LO", "Value": ["secret"]}}', 400),
        (b'{"00280010": {"vr": "US", "Value": ["secret"]}}', 400),
        (b" " * (2 << 20), 413),
    ],
)
def test_what_is_no_item_is_refused(served: Served, tmp_path: Path, body: bytes, status: int) -> None:
    answer = served.client.put(f"/worklist/{UID}", content=body)
    assert answer.status_code == status
    assert "secret" not in answer.text
    assert not any(tmp_path.rglob("*.wl"))


def test_roles(served: Served) -> None:
    served.client.put(f"/worklist/{UID}", json=item())
    served.who = Principal("reader", frozenset({"read"}))
    assert served.client.get(f"/worklist/{UID}").status_code == 200
    assert served.client.put(f"/worklist/{UID}", json=item()).status_code == 403
    assert served.client.delete(f"/worklist/{UID}").status_code == 403
    served.who = Principal("one patient's", frozenset({"admin"}), patients=frozenset({"42"}))
    assert served.client.get("/worklist").status_code == 403
    served.who = Principal("modality", frozenset({"write"}))
    assert served.client.get("/worklist").status_code == 403
    assert served.client.put(f"/worklist/{UID}", json=item()).status_code == 200
    assert served.client.get("/performed-procedure-steps").status_code == 403


@pytest.mark.parametrize("query", ["limit=-1", "limit=1e3", "offset=99999999999", "Nothing=1", "StudyDate=yesterday"])
def test_a_query_that_is_none(served: Served, query: str) -> None:
    assert served.client.get(f"/worklist?{query}").status_code == 400


def test_performed_steps(served: Served) -> None:
    scheduled = Dataset({"StudyInstanceUID": UID, "ScheduledProcedureStepID": "S1"})
    ds = Dataset(
        {
            "PerformedProcedureStepStatus": "IN PROGRESS",
            "PerformedProcedureStepStartDate": "20260131",
            "PerformedProcedureStepStartTime": "1030",
            "ScheduledStepAttributesSequence": [scheduled],
        }
    )
    served.steps.create("1.2.3", ds)
    [row] = served.client.get("/performed-procedure-steps").json()
    assert row == {
        "step": "1.2.3",
        "status": "IN PROGRESS",
        "started": "20260131T1030",
        "scheduled": [{"study": UID, "step": "S1"}],
    }
    assert served.client.get("/performed-procedure-steps?status=COMPLETED").json() == []
    assert len(served.client.get(f"/performed-procedure-steps?study={UID}").json()) == 1
    assert served.client.get("/performed-procedure-steps/1.2.3").json()["00400252"]["Value"] == ["IN PROGRESS"]
    assert served.noted == {"step": "1.2.3"}
    assert served.client.get("/performed-procedure-steps/..%2f..%2fx").status_code == 404
    assert served.client.get("/performed-procedure-steps/1.2.4").status_code == 404
