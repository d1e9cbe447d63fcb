"""Orthanc asks us, and has what it found sent to itself."""

from collections.abc import Callable
from pathlib import Path

import httpx

from filmless.archive import Archive
from filmless.dimse.services.destinations import Destination
from filmless.dimse.services.move import move
from filmless.dimse.services.query import query
from filmless.file import read
from tests.orthanc import orthanc

from .people import five_people
from .serving import serving


def test_query_and_retrieve(peer: Callable[[str], str], tmp_path: Path) -> None:
    destinations: dict[str, Destination] = {}
    (tmp_path / "orthanc").mkdir()
    with Archive(tmp_path / "archive") as archive:
        made = [ds for ds in five_people() if ds.PatientID in {"P1", "P3"}]
        for ds in made:
            archive.store(ds)
        with (
            serving([query(archive), move(archive, destinations)]) as port,
            orthanc(peer("Orthanc"), tmp_path / "orthanc", modalities={"us": ("FILMLESS", port)}) as there,
            httpx.Client(base_url=there.url, timeout=60) as http,
        ):
            destinations["ORTHANC"] = Destination("127.0.0.1", there.port)
            asked = {"Level": "Study", "Query": {"PatientID": "P*", "StudyDate": "20260103-"}}
            found = http.post("/modalities/us/query", json=asked).raise_for_status().json()["ID"]
            [answer] = http.get(f"/queries/{found}/answers").json()
            content = http.get(f"/queries/{found}/answers/{answer}/content?simplify").json()
            assert (content["PatientID"], content["StudyInstanceUID"]) == ("P3", "1.2.3")
            done = http.post(f"/queries/{found}/retrieve", json={"TargetAet": "ORTHANC", "Synchronous": True})
            done.raise_for_status()
            came = {}
            for instance in http.get("/instances").json():
                ds = read(http.get(f"/instances/{instance}/file").raise_for_status().content)
                came[str(ds.SOPInstanceUID)] = ds
    assert set(came) == {"1.2.3.1.1", "1.2.3.2.1", "1.2.3.2.2"}
    for ds in made:
        if ds.PatientID == "P3":
            assert came[str(ds.SOPInstanceUID)] == ds
