"""A series of single images becomes one film."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pydicom.data
import pytest
from PIL import Image

from filmless.errors import DicomWebError
from filmless.file import read
from filmless.pixels import render
from filmless.pixels.grey import Window
from filmless.viewer import films

from .phantoms import series

FILES = Path(pydicom.data.__file__).parent / "test_files"


@pytest.fixture
def film(serve: Callable[..., Any], tmp_path: Path) -> tuple[list[Path], str]:
    """The files of a CT of seven slices, in their order, and the address of its film."""
    paths = series(tmp_path / "ct", count=7, size=49, SeriesDate="20260101")
    server = serve([*paths, FILES / "waveform_ecg.dcm"])
    ds = read(paths[0])
    path = f"/viewer/studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}/film"
    return paths, server.addresses.urls[0] + path


def test_a_series_is_an_mp4_of_its_images(film: tuple[list[Path], str]) -> None:
    paths, url = film
    answer = httpx.get(url, params={"window": "40,400,linear", "fps": 5, "quality": 95})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "video/mp4"
    assert 'filename="series.mp4"' in answer.headers["content-disposition"]
    with av.open(io.BytesIO(answer.content)) as container:
        stream = container.streams.video[0]
        shown = [frame.to_ndarray(format="gray") for frame in container.decode(stream)]
        assert stream.average_rate == 5
    assert len(shown) == 7
    for path, frame in zip(paths, shown, strict=True):
        expected = render(read(path), voi=Window(40, 400))
        assert frame.shape == (50, 50)  # of even sides
        assert np.abs(frame[:49, :49].astype(int) - expected).mean() < 4


def test_without_video_it_moves_all_the_same(film: tuple[list[Path], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(films, "media_types", lambda *, moving: ("image/png", "image/gif", "image/webp"))
    paths, url = film
    answer = httpx.get(url)
    assert answer.headers["content-type"] == "image/webp"
    gif = Image.open(io.BytesIO(httpx.get(url, params={"accept": "image/gif"}).content))
    assert gif.n_frames == Image.open(io.BytesIO(answer.content)).n_frames == 7
    gif.seek(3)
    assert np.array_equal(np.asarray(gif.convert("L")), render(read(paths[3])))
    assert httpx.get(url, params={"accept": "video/mp4"}).status_code == 406
    session = httpx.get(f"{url.split('/viewer', maxsplit=1)[0]}/viewer/session").json()
    assert session["films"] == ["image/webp", "image/gif"]


def test_it_has_a_size_and_is_bounded(film: tuple[list[Path], str], monkeypatch: pytest.MonkeyPatch) -> None:
    _, url = film
    answer = httpx.get(url, params={"viewport": "20,30", "accept": "image/gif"})
    assert Image.open(io.BytesIO(answer.content)).size == (20, 20)
    monkeypatch.setattr(films, "_MOST_PIXELS", 49 * 49 * 7 - 1)
    refused = httpx.get(url)
    assert refused.status_code == 406
    assert "viewport" in refused.json()["hint"]
    monkeypatch.setattr(films, "_MOST_SHOTS", 6)
    assert "7 images" in httpx.get(url).json()["error"]


@pytest.mark.parametrize("query", ["fps=0", "fps=nan", "fps=x", "fps=1000", "window=a", "viewport=9,9,1,1,2,2"])
def test_what_cannot_be_is_refused(film: tuple[list[Path], str], query: str) -> None:
    answer = httpx.get(f"{film[1]}?{query}")
    assert answer.status_code == 400
    assert query.split("=", maxsplit=1)[0] in answer.json()["error"]


def test_images_of_other_sizes_lie_in_the_size_of_the_first(serve: Callable[..., Any], tmp_path: Path) -> None:
    big = series(tmp_path / "big", count=1, size=40)
    uid = str(read(big[0]).SeriesInstanceUID)
    small = series(tmp_path / "small", count=1, size=24, SeriesInstanceUID=uid, InstanceNumber=2)
    server = serve([*big, *small])
    url = (
        f"{server.addresses.urls[0]}/viewer/studies/{read(big[0]).StudyInstanceUID}/series/{uid}/film?accept=image/gif"
    )
    gif = Image.open(io.BytesIO(httpx.get(url).content))
    assert (gif.size, gif.n_frames) == ((40, 40), 2)


def test_what_has_no_images_is_no_film() -> None:
    with pytest.raises(DicomWebError, match="no images"):
        films.shots_of([])
