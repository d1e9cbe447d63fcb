"""Studies are sent to a peer of the server, by its queue."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pydicom.data

from filmless.archive import Archive
from filmless.server import Server, read_settings

from .test_study_list import settled, shoot, studies

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
    shoot(page, "sent")
    assert httpx.get(f"{other.addresses.urls[0]}/viewer/study-counts").json()["total"] == 2


def test_nobody_is_no_peer(serve: Callable[..., Any]) -> None:
    root = serve([FILES / "CT_small.dcm"]).addresses.urls[0]
    assert httpx.get(f"{root}/viewer/peers").json() == []
    assert httpx.post(f"{root}/viewer/send?peer=other&study=1.2").status_code == 404
