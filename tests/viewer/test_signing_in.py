"""Where a key is needed the browser asks for it, once, and all that the page loads goes with it."""

from pathlib import Path

import httpx
import pydicom.data
import pytest

from filmless.security import ApiKeys

FILES = Path(pydicom.data.__file__).parent / "test_files"
STUDY = "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322"


@pytest.fixture
def key(tmp_path: Path) -> str:
    """Of somebody who may read; the server asks for keys as soon as there is one."""
    return ApiKeys(tmp_path / "keys.json").create("reader", roles={"read"})


@pytest.fixture
def closed(serve, key: str, tmp_path: Path):
    return serve([FILES / "CT_small.dcm"], **{"security.key_file": tmp_path / "keys.json"})


@pytest.mark.parametrize("path", ["/", f"/view/{STUDY}"])
def test_who_signs_in_sees_images(closed, open_viewer, key: str, path: str) -> None:
    viewer = open_viewer(closed, http_credentials={"username": "any", "password": key})
    refused: list[str] = []
    viewer.page.on("response", lambda answer: answer.status >= 400 and refused.append(answer.url))
    page = viewer.open(path)
    if path == "/":
        page.get_by_text("CompressedSamples, CT1").click()
    viewer.wait_for_image()
    assert {url for url in refused if not url.startswith(viewer.root)} == set()


def test_without_a_key_nothing_is_given(closed, key: str) -> None:
    root = closed.addresses.urls[0]
    page = httpx.get(f"{root}/view/{STUDY}")
    script = httpx.get(f"{root}/view/{STUDY}", auth=("any", key)).text.partition('src="')[2].partition('"')[0]
    for answer in (page, httpx.get(f"{root}{script}"), httpx.get(f"{root}/viewer/session")):
        assert answer.status_code == 401
        assert answer.headers["cache-control"] == "no-store"


def test_what_signing_in_gives_no_other_may_keep(closed, key: str) -> None:
    root, auth = closed.addresses.urls[0], ("any", key)
    page = httpx.get(f"{root}/", auth=auth)
    script = page.text.partition('src="')[2].partition('"')[0]
    answers = [page, httpx.get(f"{root}{script}", auth=auth), httpx.get(f"{root}/viewer/studies/{STUDY}", auth=auth)]
    for answer in answers:
        assert answer.status_code == 200
        kept = answer.headers["cache-control"]
        assert "private" in kept or "no-store" in kept, answer.url
