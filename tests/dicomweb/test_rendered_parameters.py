"""Parameters of rendered resources: whatever is sent, it is understood or refused."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmless.dicomweb.origin.rendering_parameters import KEYS, Viewport, rendering_of, rendering_of_uri
from filmless.dicomweb.origin.search_parameters import asked
from filmless.errors import DicomWebError
from filmless.pixels.grey import Window

URI_KEYS = ("windowCenter", "windowWidth", "rows", "columns", "region", "imageQuality", "annotation", "iccprofile")
VALUES = st.one_of(st.text(max_size=40), st.from_regex(r"^[-+0-9.e,a-z ]{0,40}$"), st.integers().map(str))


def refusal(read: Callable[[Any], object], given_: Any) -> DicomWebError | None:
    try:
        read(given_)
    except DicomWebError as error:
        return error
    return None


@given(st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_anything_is_understood_or_refused(query: dict[str, str]) -> None:
    error = refusal(rendering_of, query)
    if error is not None:
        assert error.status == 400
        assert not any(len(value) > 9 and value in error.message for value in query.values())


@given(st.dictionaries(st.sampled_from(URI_KEYS), VALUES))
def test_so_is_wado_uri(query: dict[str, str]) -> None:
    error = refusal(rendering_of_uri, query)
    assert error is None or error.status == 400


@given(st.binary(max_size=200))
def test_so_is_a_search(query: bytes) -> None:
    error = refusal(asked, query)
    assert error is None or error.status == 400


def test_wado_uri() -> None:
    query = {"windowCenter": "40", "windowWidth": "400", "rows": "100", "region": "0.25,0,0.75,1", "imageQuality": "70"}
    found = rendering_of_uri(query)
    assert found.window == Window(40, 400)
    assert found.fractions == (0.25, 0.0, 0.75, 1.0)
    assert found.shows_a_part
    assert found.quality == 70
    assert found.viewport is not None
    assert found.viewport.height == 100
    assert rendering_of_uri({"rows": "10", "columns": "20"}).viewport == Viewport(20, 10)
    for wrong in (
        {"windowCenter": "40"},
        {"region": "0,0,0,1"},
        {"region": "0,0,2,1"},
        {"region": "0,0,1"},
        {"rows": "0"},
        {"columns": "70000"},
        {"imageQuality": "0"},
    ):
        with pytest.raises(DicomWebError):
            rendering_of_uri(wrong)
