"""Thumbnails: every study, series, instance and frame has one."""

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import filmless
from filmless import Dataset
from filmless.archive import Archive, Entry, Outcome
from filmless.dicomweb import application
from filmless.dicomweb.origin.rendering_parameters import Rendering, Viewport
from filmless.dicomweb.origin.thumbnails import MEDIA_TYPES, placeholder, representative
from filmless.pixels import render

SR, RT = "test-SR.dcm", "rtplan.dcm"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, pydicom_files: list[Path]) -> Iterator[tuple[Archive, dict]]:
    wanted = {SR, RT, "waveform_ecg.dcm", "CT_small.dcm", "rtdose.dcm"}
    with Archive(tmp_path_factory.mktemp("archive")) as archive:
        paths = {path.name: path for path in pydicom_files if path.name in wanted}
        yield archive, {name: (archive.store(path), path) for name, path in paths.items()}


@pytest.fixture(scope="module")
def client(
    stored: tuple[Archive, dict], serve: Callable[[object], AbstractContextManager[str]]
) -> Iterator[httpx.Client]:
    with serve(application(stored[0])) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


def levels(outcome: Outcome) -> list[str]:
    series = f"/studies/{outcome.study_uid}/series/{outcome.series_uid}"
    return [f"/studies/{outcome.study_uid}", series, f"{series}/instances/{outcome.instance_uid}"]


def picture_of(response: httpx.Response) -> NDArray[np.uint8]:
    assert response.status_code == 200, response.text
    with Image.open(io.BytesIO(response.content)) as image:
        return np.asarray(image)


def test_of_everything(client: httpx.Client, stored: tuple[Archive, dict]) -> None:
    assert len(stored[1]) == 5
    for outcome, path in stored[1].values():
        for url in levels(outcome):
            for kind in MEDIA_TYPES:
                response = client.get(f"{url}/thumbnail", headers={"Accept": kind})
                assert response.headers["content-type"] == kind
                picture = picture_of(response)
                assert max(picture.shape[:2]) <= 256, path.name
                assert picture.std() > 1, path.name  # there is something on it
            assert client.get(f"{url}/thumbnail").headers["content-type"] == "image/jpeg"


def test_of_an_image_is_what_render_draws(client: httpx.Client, stored: tuple[Archive, dict]) -> None:
    png = {"Accept": "image/png"}
    outcome, path = stored[1]["CT_small.dcm"]
    ds = filmless.read(path)
    for url in levels(outcome):
        assert np.array_equal(picture_of(client.get(f"{url}/thumbnail", headers=png)), render(ds))  # not enlarged
        small = picture_of(client.get(f"{url}/thumbnail?viewport=40,50", headers=png))
        assert np.array_equal(small, render(ds, size=(50, 40)))
    windowed = picture_of(client.get(f"{url}/thumbnail?window=40,400", headers=png))
    assert np.array_equal(windowed, render(ds, window=(40, 400)))
    outcome, path = stored[1]["rtdose.dcm"]
    ds = filmless.read(path)
    url = levels(outcome)[2]
    middle = int(ds.NumberOfFrames) // 2
    assert np.array_equal(picture_of(client.get(f"{url}/thumbnail", headers=png)), render(ds, middle))
    assert np.array_equal(picture_of(client.get(f"{url}/frames/2/thumbnail", headers=png)), render(ds, 1))


def test_what_is_refused(client: httpx.Client, stored: tuple[Archive, dict]) -> None:
    url = levels(stored[1]["rtdose.dcm"][0])[2]
    for query in ("viewport=5,5,1,1", "viewport=0,0", "viewport=5", "quality=0"):
        assert client.get(f"{url}/thumbnail?{query}").status_code == 400
    assert client.get(f"{url}/frames/1,2/thumbnail").status_code == 400
    assert client.get(f"{url}/frames/99/thumbnail").status_code == 404
    assert client.get(f"{url}/thumbnail", headers={"Accept": "video/mp4"}).status_code == 406
    assert client.get("/studies/1.2.404/thumbnail").status_code == 404


def test_conditional(client: httpx.Client, stored: tuple[Archive, dict]) -> None:
    url = f"{levels(stored[1][SR][0])[0]}/thumbnail"
    first = client.get(url)
    assert client.get(url, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    assert client.get(f"{url}?viewport=64,64").headers["etag"] != first.headers["etag"]


def test_of_a_state_changes_when_its_image_comes(
    tmp_path: Path, pydicom_files: list[Path], serve: Callable[[object], AbstractContextManager[str]]
) -> None:
    path = next(path for path in pydicom_files if path.name == "CT_small.dcm")
    image = filmless.read(path)
    state = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.11.1", "SOPInstanceUID": "1.2.3", "PatientID": "1CT1"})
    state.StudyInstanceUID, state.SeriesInstanceUID = image.StudyInstanceUID, "1.2.4"
    reference = Dataset({"ReferencedSOPClassUID": image.SOPClassUID, "ReferencedSOPInstanceUID": image.SOPInstanceUID})
    series = Dataset({"SeriesInstanceUID": image.SeriesInstanceUID, "ReferencedImageSequence": [reference]})
    state.ReferencedSeriesSequence, state.PresentationLUTShape = [series], "INVERSE"
    state.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    state.save_as(tmp_path / "state.dcm")
    png = {"Accept": "image/png"}
    with Archive(tmp_path / "a") as archive, serve(application(archive)) as url, httpx.Client(base_url=url) as client:
        place = f"{levels(archive.store(tmp_path / 'state.dcm'))[2]}/thumbnail"
        before = client.get(place, headers=png)
        assert picture_of(before).shape == (256, 256)
        archive.store(path)
        after = client.get(place, headers=png | {"If-None-Match": before.headers["etag"]})
        assert np.array_equal(picture_of(after), render(image, presentation_state=state))


def test_placeholders_say_what_it_is() -> None:
    report, plan = (
        placeholder(uid, "image/png", Rendering())
        for uid in ("1.2.840.10008.5.1.4.1.1.88.33", "1.2.840.10008.5.1.4.1.1.481.5")
    )
    assert report != plan
    for width, height in ((1, 1), (5, 400), (4000, 8)):
        picture = placeholder("1.2.3", "image/png", Rendering(viewport=Viewport(width, height)))
        with Image.open(io.BytesIO(picture)) as image:
            assert image.size == (width, height)


def test_the_middle_image_stands_for_all() -> None:
    def entry(number: int, sop_class: str, frames: int) -> Entry:
        return Entry(number, "", "1", "2", str(number), sop_class, "", 1, "", "", "", frames, 0.0)

    state, report = "1.2.840.10008.5.1.4.1.1.11.1", "1.2.840.10008.5.1.4.1.1.88.11"
    image, segmentation = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.66.4"
    images = [entry(number, image, 1) for number in range(5)]
    assert representative([entry(9, report, 0), *images, entry(8, segmentation, 9)]).id == 2
    assert representative([entry(9, report, 0), entry(8, segmentation, 9)]).id == 8
    assert representative([entry(7, state, 0), entry(9, report, 0)]).id == 9
    assert representative([entry(7, state, 0)]).id == 7
