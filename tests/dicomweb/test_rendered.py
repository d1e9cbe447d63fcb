"""Rendered resources: the pixels are those of `filmless.pixels.render`, and what is asked for is done or refused."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageSequence

import filmless
from filmless import Dataset
from filmless.archive import Archive, Outcome
from filmless.dicomweb import application
from filmless.dicomweb.origin.burned_in import labelled
from filmless.errors import DicomError
from filmless.pixels import render, set_pixels
from filmless.pixels.grey import Window
from filmless.pixels.scaling import scaled
from filmless.security import Principal

Serve = Callable[[object], AbstractContextManager[str]]
CT = "1.2.840.10008.5.1.4.1.1.2"


def url_of(outcome: Outcome) -> str:
    return f"/studies/{outcome.study_uid}/series/{outcome.series_uid}/instances/{outcome.instance_uid}"


def packed(ds: Dataset) -> bytes:
    stream = io.BytesIO()
    filmless.write(ds, stream)
    return stream.getvalue()


def picture_of(response: httpx.Response) -> NDArray[np.uint8]:
    assert response.status_code == 200, response.text
    with Image.open(io.BytesIO(response.content)) as image:
        return np.asarray(image)


def parts_of(response: httpx.Response) -> list[tuple[dict[str, str], bytes]]:
    assert response.status_code == 200, response.text
    boundary = response.headers["content-type"].partition("boundary=")[2].strip('"').encode()
    pieces = response.content.split(b"--" + boundary)
    assert pieces[-1].startswith(b"--")
    found = []
    for piece in pieces[1:-1]:
        head, _, body = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        names = (line.partition(": ") for line in head.decode().split("\r\n"))
        found.append(({name.lower(): value for name, _, value in names}, body.removesuffix(b"\r\n")))
    return found


def made(samples: NDArray[Any], *, uid: str, series: str = "1.2.5", study: str = "1.2.4", **more: Any) -> Dataset:
    """An image of these samples."""
    ds = Dataset({"SOPClassUID": CT, "SOPInstanceUID": uid, "SeriesInstanceUID": series, "StudyInstanceUID": study})
    ds.PatientID, ds.PatientName, ds.Modality, ds.StudyDate = "7", "Doe^Jane", "CT", "20200102"
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    more.setdefault("photometric_interpretation", "MONOCHROME2")
    set_pixels(ds, samples, photometric_interpretation=more.pop("photometric_interpretation"))
    for keyword, value in more.items():
        setattr(ds, keyword, value)
    return ds


RANDOM = np.random.default_rng(5)
GREYS = RANDOM.integers(0, 2000, (40, 60), dtype=np.uint16)
COLOURS = RANDOM.integers(0, 255, (24, 32, 3), dtype=np.uint8)
FRAMES = RANDOM.integers(0, 255, (6, 16, 20), dtype=np.uint8)


def presentation_state(image: Dataset) -> Dataset:
    """A state that turns, inverts the window and writes on an image."""
    ds = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.11.1", "SOPInstanceUID": "1.2.6.1"})
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.Modality = image.StudyInstanceUID, "1.2.6", "PR"
    ds.PatientID, ds.ImageHorizontalFlip, ds.ImageRotation, ds.PresentationLUTShape = "7", "Y", 90, "INVERSE"
    ds.SoftcopyVOILUTSequence = [Dataset({"WindowCenter": 900, "WindowWidth": 700})]
    reference = {"ReferencedSOPClassUID": CT, "ReferencedSOPInstanceUID": image.SOPInstanceUID}
    elsewhere = {"ReferencedSOPClassUID": CT, "ReferencedSOPInstanceUID": "1.2.99"}
    images = [Dataset(reference), Dataset(elsewhere)]
    series = {"SeriesInstanceUID": image.SeriesInstanceUID, "ReferencedImageSequence": images}
    ds.ReferencedSeriesSequence = [Dataset(series)]
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    return ds


def report() -> Dataset:
    """A report that would run a script where it is not escaped."""
    ds = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11", "SOPInstanceUID": "1.2.8.1", "Modality": "SR"})
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.PatientID, ds.PatientName = "1.2.8", "1.2.8.2", "7", "<b>Doe</b>^J"
    name = Dataset({"CodeValue": "1", "CodingSchemeDesignator": "99", "CodeMeaning": 'Finding"><script>'})
    text = Dataset({"RelationshipType": "CONTAINS", "ValueType": "TEXT", "TextValue": "<img src=x onerror=alert(1)>"})
    text.ConceptNameCodeSequence = [name]
    unit = [Dataset({"CodeValue": "mm", "CodingSchemeDesignator": "UCUM", "CodeMeaning": "millimeter"})]
    number = Dataset({"RelationshipType": "HAS PROPERTIES", "ValueType": "NUM"})
    number.MeasuredValueSequence = [Dataset({"NumericValue": 12.5, "MeasurementUnitsCodeSequence": unit})]
    text.ContentSequence = [number]
    ds.ContentSequence = [text, text]
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    return ds


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with Archive(tmp_path_factory.mktemp("archive")) as archive:
        yield archive


@pytest.fixture(scope="module")
def client(archive: Archive, serve: Serve) -> Iterator[httpx.Client]:
    with serve(application(archive)) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def images(archive: Archive) -> dict[str, tuple[str, Dataset]]:
    """Images of each kind: their URLs and data sets."""
    grey = made(GREYS, uid="1.2.3.1", RescaleSlope=1, RescaleIntercept=-100, WindowCenter=700, WindowWidth=900)
    found = {
        "grey": grey,
        "wide": made(GREYS, uid="1.2.3.2", series="1.2.5.2", study="1.2.4.2", PixelSpacing=[1.0, 2.0]),
        "colour": made(COLOURS, uid="1.2.3.3", series="1.2.5.3", study="1.2.4.3", photometric_interpretation="RGB"),
        "frames": made(FRAMES, uid="1.2.3.4", series="1.2.5.4", study="1.2.4.4", FrameTime=100.0),
        "state": presentation_state(grey),
        "report": report(),
    }
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()  # not of RGB
    found["odd-profile"] = made(COLOURS, uid="1.2.3.6", series="1.2.5.6", study="1.2.4.6",
                                photometric_interpretation="RGB", ICCProfile=profile)  # fmt: skip
    for number in (1, 2, 3):
        found[f"slice {number}"] = made(GREYS + number, uid=f"1.2.7.{number}", series="1.2.7", study="1.2.7.9",
                                        InstanceNumber=number)  # fmt: skip
    return {name: (url_of(archive.store(packed(ds))), ds) for name, ds in found.items()}


Images = dict[str, tuple[str, Dataset]]


def kinds(paths: list[Path]) -> list[tuple[Path, NDArray[np.uint8]]]:
    """The smallest file of each transfer syntax and photometric interpretation that renders, and what it renders to."""
    found: dict[tuple[str, str], tuple[Path, NDArray[np.uint8]]] = {}
    for path in sorted(paths, key=lambda path: path.stat().st_size):
        if path.stat().st_size > 1_000_000:
            break
        try:
            ds = filmless.read(path)
            key = str(ds.file_meta.TransferSyntaxUID), str(ds.PhotometricInterpretation)
            if key not in found and ds.get("SOPInstanceUID"):
                found[key] = path, render(ds)
        except (DicomError, AttributeError):
            continue
    return list(found.values())


def test_pixels_are_those_of_render(tmp_path: Path, all_files: list[Path], serve: Serve) -> None:
    paths = kinds(all_files)
    assert len(paths) >= (40 if "FILMLESS_CORPUS" in os.environ else 20)
    with ExitStack() as stack:
        archive = stack.enter_context(Archive(tmp_path))
        client = httpx.Client(base_url=stack.enter_context(serve(application(archive))), timeout=60)
        stack.enter_context(client)
        for number, (path, expected) in enumerate(paths):
            ds = filmless.read(path)
            # Some are of the same instance, and some of none.
            ds.SOPInstanceUID, ds.SeriesInstanceUID, ds.StudyInstanceUID = f"1.2.{number}", "1.2.9999.1", "1.2.9999"
            url = url_of(archive.store(packed(ds)))
            exact = picture_of(client.get(f"{url}/rendered", headers={"Accept": "image/png"}))
            assert np.array_equal(exact, expected), path
            lossy = picture_of(client.get(f"{url}/frames/1/rendered?quality=95"))
            assert lossy.shape == expected.shape, path
            if min(expected.shape[:2]) >= 8:
                assert np.abs(lossy.astype(int) - expected).mean() < 4, path


@pytest.mark.parametrize(
    ("asked", "window"),
    [
        ("700,300,linear", Window(700, 300)),
        ("700,300", Window(700, 300)),
        ("-20.5,1e2,linear-exact", Window(-20.5, 100, "LINEAR_EXACT")),
        ("700,300,sigmoid", Window(700, 300, "SIGMOID")),
    ],
)
def test_window(client: httpx.Client, images: Images, asked: str, window: Window) -> None:
    url, ds = images["grey"]
    found = picture_of(client.get(f"{url}/rendered", params={"window": asked, "accept": "image/png"}))
    assert np.array_equal(found, render(ds, voi=window))
    assert not np.array_equal(found, render(ds))


@pytest.mark.parametrize(
    ("viewport", "region", "flip"),
    [
        ("30,20,10,5,30,20", (slice(5, 25), slice(10, 40)), (1, 1)),
        ("30,20,10,5,-30,20", (slice(5, 25), slice(10, 40)), (1, -1)),
        ("30,20,10,5,30,-20", (slice(5, 25), slice(10, 40)), (-1, 1)),
        ("50,35,10,5", (slice(5, 40), slice(10, 60)), (1, 1)),
        ("60,20,,,,20", (slice(0, 20), slice(0, 60)), (1, 1)),
        ("10,10,50,30,99,99", (slice(30, 40), slice(50, 60)), (1, 1)),
    ],
)
def test_region(
    client: httpx.Client, images: Images, viewport: str, region: tuple[slice, slice], flip: tuple[int, int]
) -> None:
    url, ds = images["grey"]
    found = picture_of(client.get(f"{url}/rendered", params={"viewport": viewport, "accept": "image/png"}))
    assert np.array_equal(found, render(ds)[region][:: flip[0], :: flip[1]])


def test_viewport_keeps_proportions(client: httpx.Client, images: Images) -> None:
    url, ds = images["grey"]
    png = {"Accept": "image/png"}
    found = picture_of(client.get(f"{url}/rendered?viewport=90,90", headers=png))
    assert found.shape == (60, 90)
    assert np.array_equal(found, render(ds, size=(90, 90)))
    part = picture_of(client.get(f"{url}/rendered?viewport=80,80,0,0,20,10", headers=png))
    assert np.array_equal(part, scaled(np.ascontiguousarray(render(ds)[:10, :20]), ds, (80, 80)))
    url, ds = images["wide"]  # pixels twice as wide as high
    assert picture_of(client.get(f"{url}/rendered?viewport=60,60", headers=png)).shape == (20, 60)


@pytest.mark.parametrize(
    "query",
    [
        "window=1", "window=1,2,3,4", "window=a,2,linear", "window=1,0.5,linear", "window=1,-1,sigmoid", "window=nan,9",
        "window=1e999,2", "window=1,2,cubic", "window=1,2,LINEAR_EXACT", "window=5,10&window=5,20", "window=",
        "viewport=0,5", "viewport=5", "viewport=5,5,-1,0", "viewport=5,5,0,0,0,5", "viewport=5,5,600,0,5,5",
        "viewport=65536,1", "viewport=60000,60000", "viewport=1e3,5", "viewport=5,5,0,0,5,5,5", "viewport=٣,5",
        "quality=0", "quality=101", "quality=1.5", "quality=99999999999999999999", "annotation=everything",
        "iccprofile=adobergb", "iccprofile=",
    ],
)  # fmt: skip
def test_wrong_values_are_refused(client: httpx.Client, images: Images, query: str) -> None:
    response = client.get(f"{images['grey'][0]}/rendered?{query}")
    assert response.status_code == 400, response.text
    assert query.partition("=")[0] in response.json()["error"] or "region" in response.json()["error"]


def test_parameters_that_are_none_are_told_of(client: httpx.Client, images: Images) -> None:
    url = images["grey"][0]
    for form in ("rendered", "thumbnail"):
        assert "warning" not in client.get(f"{url}/{form}?window=40,400&Accept=image/png&charset=utf-8").headers
        misspelt = client.get(f"{url}/{form}?windw=40,400")
        assert misspelt.status_code == 200
        assert misspelt.headers["warning"].startswith("299 ")
        assert "window" in misspelt.headers["warning"]
        assert "40,400" not in misspelt.headers["warning"]


def test_colours_that_cannot_be_shown_are_not_called_damaged(
    client: httpx.Client, archive: Archive, pydicom_files: list[Path]
) -> None:
    path = next(path for path in pydicom_files if path.name == "SC_rgb_rle_32bit.dcm")
    response = client.get(f"{url_of(archive.store(path))}/rendered")
    assert response.status_code == 406
    assert "16 bits" in response.json()["error"]


def test_frames(client: httpx.Client, images: Images) -> None:
    url, ds = images["frames"]
    png = {"Accept": "image/png"}
    assert np.array_equal(picture_of(client.get(f"{url}/frames/3/rendered", headers=png)), render(ds, 2))
    response = client.get(f"{url}/frames/5,1/rendered", headers={"Accept": 'multipart/related; type="image/png"'})
    heads, bodies = zip(*parts_of(response), strict=True)
    assert [head["content-type"] for head in heads] == ["image/png"] * 2
    assert [head["content-location"].rpartition("/instances/")[2] for head in heads] == [
        f"{ds.SOPInstanceUID}/frames/{number}/rendered" for number in (5, 1)
    ]
    for body, number in zip(bodies, (4, 0), strict=True):
        with Image.open(io.BytesIO(body)) as image:
            assert np.array_equal(np.asarray(image), render(ds, number))
    # One alone is asked for, and there are several: as parts.
    assert len(parts_of(client.get(f"{url}/frames/1,2/rendered", headers=png))) == 2
    assert len(parts_of(client.get(f"{url}/rendered", headers={"Accept": "multipart/related; type=image/png"}))) == 6
    assert np.array_equal(picture_of(client.get(f"{url}/rendered", headers=png)), render(ds, 0))
    assert client.get(f"{url}/frames/7/rendered").status_code == 404
    for wrong in ("0", "-1", "a", "1,,2", "1;2", "9" * 30, "%20"):
        assert client.get(f"{url}/frames/{wrong}/rendered").status_code in (400, 404), wrong


def test_representative_frame(client: httpx.Client, archive: Archive) -> None:
    ds = made(FRAMES, uid="1.2.3.44", series="1.2.5.44", study="1.2.4.44", RepresentativeFrameNumber=4)
    url = url_of(archive.store(packed(ds)))
    png = {"Accept": "image/png"}
    assert np.array_equal(picture_of(client.get(f"{url}/rendered", headers=png)), render(ds, 3))
    assert np.array_equal(picture_of(client.get(f"{url}/thumbnail", headers=png)), render(ds, 3))


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_animations(client: httpx.Client, images: Images, kind: str) -> None:
    url, ds = images["frames"]
    response = client.get(f"{url}/rendered", headers={"Accept": f"image/{kind}"})
    assert response.headers["content-type"] == f"image/{kind}"
    with Image.open(io.BytesIO(response.content)) as image:
        frames = [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(image)]
    assert np.array_equal(np.stack(frames), np.stack([render(ds, number) for number in range(6)]))


def test_video(client: httpx.Client, images: Images) -> None:
    import av

    response = client.get(f"{images['frames'][0]}/rendered", headers={"Accept": "video/mp4"})
    assert response.headers["content-type"] == "video/mp4"
    with av.open(io.BytesIO(response.content)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 6
    assert client.get(f"{images['grey'][0]}/rendered", headers={"Accept": "video/mp4"}).status_code == 406


def test_endless_animations_are_not_made(client: httpx.Client, images: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"{images['frames'][0]}/rendered"
    monkeypatch.setattr("filmless.dicomweb.origin.pictures._MOST_MOVING", 6 * 16 * 20 - 1)
    response = client.get(url, headers={"Accept": "image/gif"})
    assert response.status_code == 406
    assert "multipart/related" in response.json()["hint"]
    assert client.get(url).status_code == 200


def test_all_still_media_types(client: httpx.Client, images: Images) -> None:
    import imagecodecs

    url, ds = images["colour"]
    decoders = {"jp2": imagecodecs.jpeg2k_decode, "jxl": imagecodecs.jpegxl_decode, "png": imagecodecs.png_decode}
    for kind, decode in decoders.items():
        response = client.get(f"{url}/rendered", headers={"Accept": f"image/{kind}"})
        assert response.headers["content-type"] == f"image/{kind}"
        assert np.array_equal(decode(response.content), render(ds)), kind
    accept = "text/html, image/webp;q=0.2, image/png;q=0.9"
    assert client.get(f"{url}/rendered", headers={"Accept": accept}).headers["content-type"] == "image/png"
    assert client.get(f"{url}/rendered").headers["content-type"] == "image/jpeg"


def test_quality(client: httpx.Client, images: Images) -> None:
    sizes = [len(client.get(f"{images['grey'][0]}/rendered?quality={quality}").content) for quality in (10, 60, 100)]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == 3


def test_study_and_series_are_parts(client: httpx.Client, images: Images) -> None:
    study, series = "/studies/1.2.7.9", "/studies/1.2.7.9/series/1.2.7"
    for url in (study, series):
        response = client.get(f"{url}/rendered", headers={"Accept": 'multipart/related; type="image/png"'})
        parts = parts_of(response)
        assert len(parts) == 3
        for number, (head, body) in enumerate(parts, 1):
            assert head["content-location"].endswith(f"/instances/1.2.7.{number}/rendered")
            with Image.open(io.BytesIO(body)) as image:
                assert np.array_equal(np.asarray(image), render(images[f"slice {number}"][1]))
    assert client.get(f"{study}/rendered").headers["content-type"].startswith('multipart/related; type="image/jpeg"')
    assert client.get("/studies/1.2.404/rendered").status_code == 404


def test_presentation_state(client: httpx.Client, images: Images) -> None:
    url, state = images["state"]
    image = images["grey"][1]
    png = {"Accept": "image/png"}
    found = picture_of(client.get(f"{url}/rendered", headers=png))
    assert np.array_equal(found, render(image, presentation_state=state))
    assert found.shape == (60, 40)
    small = picture_of(client.get(f"{url}/rendered?viewport=30,30", headers=png))
    assert np.array_equal(small, render(image, presentation_state=state, size=(30, 30)))
    assert client.get(f"{url}/rendered?viewport=30,30,0,0,5,5", headers=png).status_code == 400
    # Of a study with images its states are not shown beside them.
    study = client.get(f"/studies/{image.StudyInstanceUID}/rendered", headers=png)
    assert np.array_equal(picture_of(study), render(image))


def test_annotation(client: httpx.Client, archive: Archive) -> None:
    plain = np.full((256, 256), 100, np.uint8)
    ds = made(plain, uid="1.2.11.1", series="1.2.11", study="1.2.11.9", SliceThickness=5.0)
    url = url_of(archive.store(packed(ds)))
    png = {"Accept": "image/png"}
    pictures = {
        asked: picture_of(client.get(f"{url}/rendered?annotation={asked}", headers=png))
        for asked in ("", "patient", "technique", "patient,technique")
    }
    without = render(ds)
    assert np.array_equal(pictures[""], without)
    upper = (pictures["patient"] != without).nonzero()
    lower = (pictures["technique"] != without).nonzero()
    assert upper[0].size > 100
    assert lower[0].size > 100
    assert upper[0].max() < 80
    assert lower[0].min() > 170
    letters = (pictures["technique"] > 200).nonzero()[0]
    assert letters.max() < 255  # nothing is cut off at the edge
    both = pictures["patient,technique"] != without
    assert both.sum() == upper[0].size + lower[0].size


@pytest.mark.parametrize("letters", ["üöäßłČ", "ЖШЩф", "αβγω", "אבגד"])
def test_annotations_in_other_scripts(letters: str) -> None:
    paper = np.zeros((40, 40), np.uint8)
    drawn = [labelled(paper, [((0.0, 0.5), letter)]).tobytes() for letter in letters]
    assert len(set(drawn)) == len(letters)  # and not the box that stands for a letter that is missing


def test_icc_profiles(client: httpx.Client, images: Images) -> None:
    url = images["colour"][0]

    def profile(query: str) -> bytes | None:
        content = client.get(f"{url}/rendered{query}", headers={"Accept": "image/png"}).content
        with Image.open(io.BytesIO(content)) as image:
            return image.info.get("icc_profile")

    assert profile("") is None
    assert profile("?iccprofile=no") is None
    for asked in ("yes", "srgb"):
        found = profile(f"?iccprofile={asked}")
        assert found is not None
        assert "sRGB" in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(found)))
    # A profile that cannot be applied is the instance's fault, and not the request's.
    response = client.get(f"{images['odd-profile'][0]}/rendered?iccprofile=srgb")
    assert response.status_code == 500
    assert "ICCProfile" in response.json()["error"]
    assert client.get(f"{images['odd-profile'][0]}/rendered").status_code == 200


def test_report_is_inert(client: httpx.Client, images: Images) -> None:
    url, _ = images["report"]
    response = client.get(f"{url}/rendered")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "sandbox" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    for script in ("<script>", "<img", "<b>Doe"):
        assert script not in response.text
    assert "&lt;img src=x onerror=alert(1)&gt;" in response.text
    assert response.text.count("<ul>") == response.text.count("</ul>")
    assert response.text.count("<li>") == response.text.count("</li>") == 4
    plain = client.get(f"{url}/rendered", headers={"Accept": "text/plain"})
    assert plain.headers["content-type"] == "text/plain; charset=utf-8"
    assert "12.5 mm" in plain.text
    native = client.get(f"{url}/rendered", headers={"Accept": "text/xml"})
    assert Dataset.from_xml(native.content).SOPInstanceUID == "1.2.8.1"
    refused = client.get(f"{url}/rendered", headers={"Accept": "image/jpeg"})
    assert refused.status_code == 406
    assert "text/html" in refused.json()["hint"]
    assert client.get(f"{url}/frames/1/rendered").status_code == 404


def test_encapsulated_document(client: httpx.Client, archive: Archive) -> None:
    pdf = b"%PDF-1.4\n%%EOF\n"
    ds = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.104.1", "SOPInstanceUID": "1.2.12.1"})
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.MIMETypeOfEncapsulatedDocument = "1.2.12", "1.2.12.2", "text/html"
    ds.EncapsulatedDocument, ds.EncapsulatedDocumentLength = pdf + b"\0", len(pdf)
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    response = client.get(f"{url_of(archive.store(packed(ds)))}/rendered")
    # By its SOP class, whatever a stranger says in the MIME type.
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.content == pdf


def test_conditional_requests(client: httpx.Client, images: Images) -> None:
    url = f"{images['grey'][0]}/rendered"
    first = client.get(url)
    assert first.headers["cache-control"].startswith("private")
    again = client.get(url, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    others = {client.get(f"{url}{query}").headers["etag"] for query in ("?quality=50", "?window=1,2", "?quality=51")}
    others |= {client.get(url, headers={"Accept": "image/png"}).headers["etag"]}
    assert len(others | {first.headers["etag"]}) == 5
    head = client.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == first.headers["etag"]


def test_damaged_pixels_have_a_status(client: httpx.Client, archive: Archive) -> None:
    ds = made(GREYS, uid="1.2.13.1", series="1.2.13", study="1.2.13.9")
    ds.Rows = 4000
    url = url_of(archive.store(packed(ds)))
    response = client.get(f"{url}/rendered")
    assert response.status_code == 500
    assert "cannot be drawn" in response.json()["error"]
    thumbnail = client.get(f"{url}/thumbnail", headers={"Accept": "image/png"})
    assert picture_of(thumbnail).shape == (256, 256)
    # Beside an image that is whole it is left out.
    whole = made(GREYS, uid="1.2.13.2", series="1.2.13", study="1.2.13.9", InstanceNumber=2)
    archive.store(packed(whole))
    parts = parts_of(client.get("/studies/1.2.13.9/rendered", headers={"Accept": "multipart/related; type=image/png"}))
    assert [head["content-location"].rpartition("/instances/")[2] for head, _ in parts] == ["1.2.13.2/rendered"]


def test_a_file_that_is_gone(client: httpx.Client, archive: Archive) -> None:
    outcomes = [
        archive.store(packed(made(GREYS + number, uid=f"1.2.16.{number}", series="1.2.16", study="1.2.16.9")))
        for number in range(2)
    ]
    entry = archive.entries("1.2.16.9", "1.2.16", "1.2.16.0")[0]
    path = archive.storage.path(entry.location)
    assert path is not None
    Path(path).unlink()
    png = {"Accept": "multipart/related; type=image/png"}
    assert client.get(f"{url_of(outcomes[0])}/rendered").status_code == 404
    assert client.get(f"{url_of(outcomes[0])}/rendered", headers=png).status_code == 404
    assert client.get(f"{url_of(outcomes[0])}/thumbnail").status_code == 200
    parts = parts_of(client.get("/studies/1.2.16.9/rendered", headers=png))
    assert [head["content-location"].rpartition("/instances/")[2] for head, _ in parts] == ["1.2.16.1/rendered"]
    archive.delete([entry])


def test_gigapixels_are_not_drawn(client: httpx.Client, archive: Archive) -> None:
    ds = made(np.zeros((8, 8), bool), uid="1.2.15.1", series="1.2.15", study="1.2.15.9")
    ds.Rows = ds.Columns = 60_000
    response = client.get(f"{url_of(archive.store(packed(ds)))}/rendered")
    assert response.status_code == 406
    assert "3600000000 pixels" in response.json()["error"]


def test_nothing_to_render(client: httpx.Client, archive: Archive) -> None:
    ds = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.481.5", "SOPInstanceUID": "1.2.14.1"})
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.14", "1.2.14.2"
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    response = client.get(f"{url_of(archive.store(packed(ds)))}/rendered")
    assert response.status_code == 406
    assert "thumbnail" in response.json()["hint"]


def test_what_is_out_of_sight_is_not_there(archive: Archive, images: Images, serve: Serve) -> None:
    inner = application(archive)

    def restricted(**what: Any) -> Callable[..., Any]:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            scope["filmless.principal"] = Principal("token", frozenset(what.get("roles", {"read"})), **what["sight"])
            await inner(scope, receive, send)

        return app

    url = images["grey"][0]
    for sight, status in (
        ({"studies": frozenset({"1.2.4"})}, 200),
        ({"studies": frozenset({"1.2.77"})}, 404),
        ({"patients": frozenset({"8"})}, 404),
    ):
        with serve(restricted(sight=sight)) as base, httpx.Client(base_url=base) as client:
            for path in ("/rendered", "/thumbnail", "/frames/1/rendered", "/frames/1/thumbnail"):
                assert client.get(url + path).status_code == status
    with serve(restricted(sight={}, roles={"write"})) as base, httpx.Client(base_url=base) as client:
        assert client.get(url + "/rendered").status_code == 403


def test_dicomweb_client_renders(client: httpx.Client, images: Images) -> None:
    from dicomweb_client.api import DICOMwebClient

    peer = DICOMwebClient(str(client.base_url))
    ds = images["frames"][1]
    uids = ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID
    for media_types in (None, ("image/png",)):
        with Image.open(io.BytesIO(peer.retrieve_instance_rendered(*uids, media_types=media_types))) as image:
            assert image.size == (20, 16)
    content = peer.retrieve_instance_frames_rendered(*uids, frame_numbers=[2], media_types=("image/png",))
    with Image.open(io.BytesIO(content)) as image:
        assert np.array_equal(np.asarray(image), render(ds, 1))
    peer._session.close()
