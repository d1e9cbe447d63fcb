"""Who asks for what they may not see: every route of the whole server, with every kind of key that is not enough."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Mount, Route

from filmless.security import ApiKeys
from filmless.server import read_settings
from filmless.server.composing import _Parts
from filmless.server.logs import make_log

from .conftest import SECRETS, Target, instance, is_told_well, stow

OF_B = {
    "study": "1.2.66", "series": "1.2.66.1", "instance": "1.2.66.1.1", "frames": "1", "path": "7FE00010",
    "frame": "1", "page": "1", "rest": "1.2.66", "name": "none.js",
}  # fmt: skip
WADO = "?requestType=WADO&studyUID=1.2.66&seriesUID=1.2.66.1&objectUID=1.2.66.1.1"
OPEN = {"/health", "/health/live", "/health/ready"}
#: The viewer's pages, which hold nothing until they ask: for everyone who has a key.
SHELL = {"/", "/view/1.2.66", "/assets/none.js"}
#: Those of no instance, that who may read something may have.
HARMLESS = {"/dicom-web/", "/dicom-web/openapi.json", "/viewer/session", *SHELL}
#: Those of all the archive.
WHOLE = {"/about", "/metrics", "/conformance"}
KEYS: dict[str, dict[str, Any]] = {
    "all": {"roles": {"admin"}},
    "reader": {"roles": {"read"}},
    "writer": {"roles": {"write"}},
    "eraser": {"roles": {"delete"}},
    "study A": {"roles": {"admin"}, "studies": {"1.2.65"}},
    "patient A": {"roles": {"admin"}, "patients": {f"{SECRETS[1]}-A"}},
    "both": {"roles": {"admin"}, "patients": {f"{SECRETS[1]}-A"}, "studies": {"1.2.66"}},
    "nobody": {"roles": {"admin"}, "patients": set()},
}


class Keyed:
    """A server with keys."""

    def __init__(self, target: Target, keys: dict[str, str]) -> None:
        self.target, self._keys = target, keys

    def ask(self, name: str | None, method: str, path: str, **rest: Any) -> httpx.Response:
        headers = {"Authorization": ""} if name is None else {"X-Api-Key": self._keys[name], "Authorization": ""}
        headers = {**headers, **rest.pop("headers", {})}
        headers.pop("Authorization")
        return self.target.client.request(method, path, headers=headers, **rest)

    def key(self, name: str) -> dict[str, str]:
        return {"X-Api-Key": self._keys[name]}


@pytest.fixture(scope="module")
def keyed(begin: Callable[..., Target], ct: Path) -> Keyed:
    keys: dict[str, str] = {}

    def made(data: Path) -> None:
        file = ApiKeys(data / "keys.json")
        keys.update({name: file.create(name, **options) for name, options in KEYS.items()})

    target = begin(before=[made])
    found = Keyed(target, keys)
    files = [instance(ct, 1, patient) for patient in "AB"]
    assert stow(target.client, *files, headers=found.key("all")).status_code == 200
    return found


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """Method and path of every route of a server, about patient B."""
    from filmless.archive import Archive
    from filmless.server.metrics import Metrics

    folder = tmp_path_factory.mktemp("routes")
    settings = read_settings(given={"data": str(folder / "data"), "logs.level": "error"})
    found: list[tuple[str, str]] = []

    def walk(routes: Any, prefix: str) -> None:
        for route in routes:
            if isinstance(route, Mount):
                walk(route.routes, prefix + route.path)
            elif isinstance(route, Route):
                path = prefix + route.path
                for name, value in OF_B.items():
                    for kind in ("", ":path", ":int"):
                        path = path.replace(f"{{{name}{kind}}}", value)
                assert "{" not in path, path
                path += WADO if path.endswith("/wado") else ""
                found.extend((method, path) for method in sorted(route.methods or {"GET"}))

    with ExitStack() as stack:
        archive = stack.enter_context(Archive(settings.data))
        log = make_log(settings.logs, stack.enter_context((folder / "log").open("w")))
        outer = _Parts(settings, archive, Metrics(), log).routed(None)
        walk(outer.routes, "")
    assert len(found) > 40
    return found


def about_b(routes: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The routes that need a role, but for those of the whole archive."""
    return ((method, path) for method, path in routes if path not in OPEN | WHOLE | HARMLESS)


def test_nobody_gets_in(keyed: Keyed, routes: list[tuple[str, str]]) -> None:
    for method, path in routes:
        answer = keyed.ask(None, method, path)
        if path in OPEN and method in {"GET", "HEAD"}:
            assert answer.status_code == 200
        else:
            assert answer.status_code == 401, (method, path)
            assert method == "HEAD" or is_told_well(answer)


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
def test_foreign_pages_get_nothing(
    keyed: Keyed, target: Target, routes: list[tuple[str, str]], headers: dict[str, str]
) -> None:
    for method, path in routes:
        if path in OPEN:
            continue
        for answer in (
            keyed.ask("all", method, path, headers=headers),
            target.client.request(method, path, headers=headers),
        ):
            assert answer.status_code == 403, (method, path)
            assert method == "HEAD" or is_told_well(answer)


def needed(method: str, path: str) -> str:
    if method == "POST":
        return "writer"
    return "eraser" if method == "DELETE" else "reader"


def test_roles_are_needed(keyed: Keyed, routes: list[tuple[str, str]]) -> None:
    for method, path in routes:
        if path in OPEN | SHELL:
            continue
        for name in {"reader", "writer", "eraser"} - {needed(method, path)}:
            answer = keyed.ask(name, method, path)
            assert answer.status_code == 403, (name, method, path, answer.status_code)
            assert method == "HEAD" or is_told_well(answer)


@pytest.mark.parametrize("name", ["study A", "patient A", "both", "nobody"])
def test_another_patient_is_not_there(keyed: Keyed, routes: list[tuple[str, str]], name: str) -> None:
    """What is out of sight is told of as what never was: the same status, the same words."""
    for method, path in about_b(routes):
        if method == "POST":
            continue
        there = keyed.ask(name, method, path)
        assert "B" not in there.text.replace("BulkDataURI", ""), (method, path)
        never = keyed.ask(name, method, path.replace("1.2.66", "1.2.99"))
        assert there.status_code == never.status_code, (method, path)
        assert there.text == never.text
        assert {*there.headers} == {*never.headers}
        assert there.status_code == 404 or there.text in {"", "[]"} or "1.2.66" not in there.text
        etag = keyed.ask("all", "GET" if method == "DELETE" else method, path).headers.get("etag")
        for condition in ("If-None-Match", "If-Match"):
            for tag in filter(None, (etag, "*")):
                answer = keyed.ask(name, method, path, headers={condition: tag})
                assert answer.status_code == never.status_code, (method, path, condition)
    for path in WHOLE:
        assert keyed.ask(name, "GET", path).status_code == 403
    assert keyed.ask("all", "GET", "/dicom-web/studies/1.2.66/instances").json()


COUNTS = (
    "NumberOfPatientRelatedStudies,NumberOfPatientRelatedSeries,NumberOfPatientRelatedInstances,"
    "NumberOfStudyRelatedInstances,ModalitiesInStudy"
)


def test_roll_ups_count_what_is_in_sight(keyed: Keyed, ct: Path) -> None:
    """A second study of patient A is out of sight of who may see the first: no number has it in."""
    more = instance(ct, 7, "A", StudyInstanceUID="1.2.165", SeriesInstanceUID="1.2.165.1", SOPInstanceUID="1.2.165.1.1")
    path = f"/dicom-web/studies?includefield={COUNTS}"
    before = keyed.ask("study A", "GET", path)
    assert len(before.json()) == 1
    assert stow(keyed.target.client, more, headers=keyed.key("all")).status_code == 200
    after = keyed.ask("study A", "GET", path)
    assert after.json() == before.json()
    assert len(keyed.ask("patient A", "GET", path).json()) == 2
    for query in ("PatientID=SECRET-4711-B", "PatientName=Geheim*&StudyInstanceUID=1.2.66", "limit=1&offset=1"):
        found = keyed.ask("study A", "GET", f"/dicom-web/studies?{query}")
        assert found.json() == []
        assert "warning" not in found.headers
    assert keyed.ask("all", "DELETE", "/dicom-web/studies/1.2.165").status_code == 204


def test_nothing_is_written_out_of_sight(keyed: Keyed, ct: Path) -> None:
    client, files = keyed.target.client, keyed.target.files()
    of_b_in_a = instance(ct, 2, "B", StudyInstanceUID="1.2.65")
    # The study is of patient B, whatever the instance says.
    of_a_in_b = instance(ct, 2, "A", StudyInstanceUID="1.2.66")
    for name, content in (
        ("patient A", of_a_in_b), ("patient A", of_b_in_a), ("patient A", instance(ct, 2, "B")),
        ("study A", of_a_in_b), ("study A", instance(ct, 2, "B")), ("both", of_a_in_b), ("both", instance(ct, 2, "B")),
        ("nobody", instance(ct, 2, "A")),
    ):  # fmt: skip
        for study in ("", "1.2.66"):
            answer = stow(client, content, study=study, headers=keyed.key(name))
            assert answer.status_code == 409, (name, answer.text)
            assert is_told_well(answer)
    png = {"Content-Type": "image/png", **keyed.key("patient A")}
    picture = b"\x89PNG\r\n\x1a\n" + bytes.fromhex(
        "0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082"
    )
    answer = client.post("/dicom-web/convert?PatientID=SECRET-4711-B", content=picture, headers=png)
    assert is_told_well(answer), answer.text
    assert keyed.target.files() == files


def test_a_uid_that_is_another_s_tells_nothing(keyed: Keyed, ct: Path) -> None:
    """Who writes an instance of a UID that is out of sight there is answered as everybody; B's stays as it was."""
    before = keyed.ask("all", "GET", "/dicom-web/studies/1.2.66/metadata").json()
    taken = instance(ct, 3, "A", SOPInstanceUID="1.2.66.1.1")
    answer = stow(keyed.target.client, taken, headers=keyed.key("patient A"))
    free = stow(keyed.target.client, instance(ct, 3, "A"), headers=keyed.key("patient A"))
    assert answer.status_code == free.status_code == 200
    assert answer.text.replace("1.2.66.1.1", "1.2.65.1.3") == free.text
    assert keyed.ask("all", "GET", "/dicom-web/studies/1.2.66/metadata").json() == before


def test_nothing_of_a_patient_is_told(keyed: Keyed) -> None:
    audit = (keyed.target.data / "audit.jsonl").read_text()
    told = audit + keyed.target.logged() + keyed.ask("all", "GET", "/metrics").text
    assert not any(secret in told for secret in SECRETS)
