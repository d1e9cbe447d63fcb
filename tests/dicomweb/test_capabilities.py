"""What the service says of itself is true: capabilities, OpenAPI, and schemathesis that tries all of it."""

import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest
from starlette.routing import Route

from filmless.archive import Archive, Outcome
from filmless.dicomweb import application
from filmless.dicomweb.origin.openapi import openapi
from filmless.dicomweb.origin.operations import OPERATIONS, PARAMETERS, operations_of
from filmless.security import Limits

Serve = Callable[[object], AbstractContextManager[str]]
WADL = "{http://wadl.dev.java.net/2009/02}"
EXAMPLES = {"positive": 4, "negative": 3}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, pydicom_files: list[Path]) -> Iterator[tuple[Archive, Outcome]]:
    with Archive(tmp_path_factory.mktemp("archive")) as archive:
        paths = {path.name: path for path in pydicom_files}
        archive.store(paths["test-SR.dcm"])
        yield archive, archive.store(paths["rtdose.dcm"])


@pytest.fixture(scope="module")
def url(archive: tuple[Archive, Outcome], serve: Serve) -> Iterator[str]:
    with serve(application(archive[0], limits=Limits(body_bytes=1 << 20))) as address:
        yield address


def test_every_route_is_described(archive: tuple[Archive, Outcome]) -> None:
    routes = application(archive[0]).routes
    found = {(row.method, row.path) for row in operations_of(routes)}
    assert found - OPERATIONS.keys() == set()
    assert OPERATIONS.keys() - found == set()  # and nothing else is
    assert {name for row in OPERATIONS.values() for name in row.query} == PARAMETERS.keys()
    names = [row.name for row in OPERATIONS.values()]
    assert len(names) == len(set(names))


def test_a_route_without_a_row_is_described_by_its_name() -> None:
    async def some_thing(_request: Any) -> Any: ...

    [row] = operations_of([Route("/some/{path:path}", some_thing, methods=["PATCH"])])
    assert (row.method, row.path, row.name) == ("PATCH", "/some/{path}", "PatchSome_Thing")
    described = openapi([Route("/some/{path:path}", some_thing)], url="http://x")
    assert described["paths"]["/some/{path}"]["get"]["parameters"][0]["name"] == "path"


def test_capabilities_as_wadl(url: str) -> None:
    for method in ("OPTIONS", "GET"):
        response = httpx.request(method, f"{url}/")
        assert response.headers["content-type"] == "application/vnd.sun.wadl+xml"
        [resources] = ET.fromstring(response.content)
        assert (resources.tag, resources.get("base")) == (f"{WADL}resources", url)
    methods = {element.get("id"): element for element in resources.iter(f"{WADL}method")}
    transactions = {"SearchForStudies", "SearchForStudySeriesInstances", "StoreInstances", "RetrieveStudy"}
    assert transactions | {"RetrieveRenderedFrames", "RetrieveInstanceThumbnail"} <= methods.keys()
    studies = next(one for one in resources if one.get("path") == "studies")
    study = next(one for one in studies.iter(f"{WADL}resource") if one.get("path") == "{study}")
    assert study.find(f"{WADL}param").get("style") == "template"  # type: ignore[union-attr]
    accept = [one for one in methods["RetrieveRenderedFrames"].iter(f"{WADL}param") if one.get("name") == "Accept"]
    assert accept[0].get("default") == "image/jpeg"


def test_capabilities_as_json(url: str) -> None:
    response = httpx.options(f"{url}/", headers={"Accept": "application/json"})
    assert response.headers["content-type"] == "application/json"
    [resources] = response.json()["application"]["resources"]
    assert {one["path"] for one in resources["resource"]} >= {"studies", "series", "instances"}
    assert httpx.options(f"{url}/", headers={"Accept": "image/png"}).status_code == 406


def test_openapi(url: str) -> None:
    response = httpx.get(f"{url}/openapi.json")
    assert response.headers["content-type"] == "application/json"
    found = response.json()
    assert found["openapi"].startswith("3.1")
    assert found["servers"] == [{"url": url}]
    assert set(found["paths"]["/studies/{study}"]) == {"get", "delete", "post"}


def test_a_method_that_is_not_taken(url: str, archive: tuple[Archive, Outcome]) -> None:
    study = archive[1].study_uid
    for method, path, allowed in (
        ("PUT", f"/studies/{study}", "DELETE, GET, HEAD, POST"),
        ("DELETE", "/studies", "GET, HEAD, POST"),
        ("POST", f"/studies/{study}/rendered", "GET, HEAD"),
    ):
        response = httpx.request(method, url + path)
        assert (response.status_code, response.headers["allow"]) == (405, allowed)
        assert response.headers["content-type"] == "application/json"
    assert httpx.get(f"{url}/nothing").status_code == 404


def described(url: str, outcome: Outcome, mode: str) -> dict[str, Any]:
    """The description, with UIDs that are there, or odd ones."""
    found: dict[str, Any] = httpx.get(f"{url}/openapi.json").json()
    known = {"study": outcome.study_uid, "series": outcome.series_uid, "instance": outcome.instance_uid}
    for operations in found["paths"].values():
        for operation in operations.values():
            for parameter in operation["parameters"]:
                if parameter["in"] == "path" and parameter["name"] in known:
                    real = known[parameter["name"]]
                    odd = {"anyOf": [{"enum": [real]}, {"type": "string", "minLength": 1, "maxLength": 80}]}
                    parameter["schema"] = {"enum": [real]} if mode == "positive" else odd
    del found["paths"]["/studies/{study}"]["delete"]  # what the others are tried on stays
    del found["paths"]["/studies/{study}/series/{series}"]["delete"]
    del found["paths"]["/studies/{study}/series/{series}/instances/{instance}"]["delete"]
    return found


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_schemathesis(url: str, archive: tuple[Archive, Outcome], mode: str) -> None:
    import schemathesis
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    @schemathesis.serializer("multipart/related")
    def related(_context: Any, value: Any) -> bytes:
        part = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + str(value).encode("utf-8", "replace")
        return part + b"\r\n--b--\r\n"

    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    schema = schemathesis.openapi.from_dict(described(url, archive[1], mode))
    tried: dict[int, int] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hypothesis.errors.HypothesisWarning)
        for result in schema.get_all_operations():
            operation = result.ok()
            if mode == "negative" and re.search(r"\{(study|series)\}/?\w*$", operation.path):
                continue  # what is wrong is the same at the level of instances

            @hypothesis.settings(
                max_examples=EXAMPLES[mode],
                deadline=None,
                database=None,
                derandomize=True,
                suppress_health_check=list(hypothesis.HealthCheck),
                phases=[hypothesis.Phase.generate],
            )
            @hypothesis.given(case=operation.as_strategy(generation_mode=GenerationMode(mode)))
            def run(case: Any) -> None:
                response = case.call(base_url=url)
                case.validate_response(response, checks=checks)
                tried[response.status_code] = tried.get(response.status_code, 0) + 1

            try:
                run()
            except hypothesis.errors.Unsatisfiable:
                assert mode == "negative"  # nothing can be wrong where there are no parameters
    assert sum(tried.values()) >= 40
    assert mode == "negative" or tried[200] > 30
    assert httpx.get(f"{url}/studies").status_code == 200
