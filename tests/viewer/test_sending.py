"""Studies, and series, are sent to a peer of the server, by its queue."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pydicom.data

from filmless.archive import Archive
from filmless.file import read
from filmless.server import Server, read_settings
from tests.dimse.receiving import storescp
from tests.server.conftest import until

from .conftest import snap
from .phantoms import series
from .test_study_list import settled, studies

FILES = Path(pydicom.data.__file__).parent / "test_files"


def test_studies_are_sent_to_a_peer(serve: Callable[..., Any], open_viewer: Callable[..., Any], tmp_path: Path) -> None:
    other = serve([])
    config = tmp_path / "filmless.toml"
    config.write_text(f'[peers.other]\nurl = "{other.addresses.dicom_web}"\n')
    with Archive(tmp_path / "sends") as archive:
        for path in studies(tmp_path, 3):
            archive.store(path)
    given = {"data": tmp_path / "sends", "http.port": 0, "logs.level": "error"}
    with Server(read_settings(config, given=given)) as server:
        _send(open_viewer(server), other)


def _send(viewer: Any, other: Server) -> None:
    page = viewer.open()
    settled(page, 3)
    page.keyboard.press(" ")
    page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    page.get_by_role("toolbar").get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name="Send").click()
    page.get_by_role("dialog").get_by_role("button", name="Send", exact=True).click()
    page.wait_for_selector('.sending[data-over="true"]')
    assert page.locator(".sending p").first.inner_text() == "2 of 2 instances sent"
    snap(page, "sent")
    assert httpx.get(f"{other.addresses.urls[0]}/viewer/study-counts").json()["total"] == 2


def test_one_series_is_sent_by_either_protocol(serve: Callable[..., Any], tmp_path: Path) -> None:
    """To an application entity of DCMTK, and to a DICOMweb service; the other series of the study stays."""
    paths = [path for number in (1, 2) for path in series(tmp_path / f"ct{number}", count=2, size=8)]
    (received := tmp_path / "received").mkdir()
    web = serve([])
    with storescp(received) as port:
        config = tmp_path / "filmless.toml"
        config.write_text(
            f'[peers.web]\nurl = "{web.addresses.dicom_web}"\n'
            f'[peers.modality]\nae_title = "THERE"\nhost = "127.0.0.1"\nport = {port}\n'
        )
        with Archive(tmp_path / "sends") as archive:
            first, *_ = [archive.store(path) for path in paths]
        given = {"data": tmp_path / "sends", "http.port": 0, "logs.level": "error"}
        with (
            Server(read_settings(config, given=given)) as server,
            httpx.Client(base_url=server.addresses.urls[0]) as ask,
        ):
            assert ask.get("/viewer/peers").json() == [
                {"name": "web", "by": "DICOMweb"}, {"name": "modality", "by": "DIMSE"},
            ]  # fmt: skip
            for peer in ("modality", "web"):
                query = {"peer": peer, "study": first.study_uid, "series": first.series_uid}
                assert ask.post("/viewer/send", params=query).json() == {"instances": 2, "queued": 2}
                until(lambda query=query: not ask.get("/viewer/send", params=query).json()["waiting"], "all is sent")
                told = ask.get("/viewer/send", params=query).json()
                assert told == {"instances": 2, "waiting": 0, "failed": 0, "error": ""}
            two = {"peer": "web", "study": [first.study_uid, "1.2"], "series": first.series_uid}
            assert ask.post("/viewer/send", params=two).status_code == 400
    assert {read(path).SeriesInstanceUID for path in received.iterdir()} == {first.series_uid}
    assert len(list(received.iterdir())) == 2
    there = httpx.get(f"{web.addresses.dicom_web}/studies/{first.study_uid}/series").json()
    assert [one["0020000E"]["Value"] for one in there] == [[first.series_uid]]


def test_nobody_is_no_peer(serve: Callable[..., Any]) -> None:
    root = serve([FILES / "CT_small.dcm"]).addresses.urls[0]
    assert httpx.get(f"{root}/viewer/peers").json() == []
    assert httpx.post(f"{root}/viewer/send?peer=other&study=1.2").status_code == 404
