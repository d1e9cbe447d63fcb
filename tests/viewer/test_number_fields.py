"""Fields for numbers show what is in effect: what cannot be is said in words, and does not stay in them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import snap
from .phantoms import series

STUDY = "1.2.826.0.1.3680043.10.73"


@pytest.fixture
def page(serve: Callable[..., Any], open_viewer: Callable[..., Any], tmp_path: Path) -> Any:
    """A CT of a few slices, with a window of the file."""
    paths = series(tmp_path, PatientID="A1", study=STUDY, count=4, size=64, WindowCenter=40, WindowWidth=400)
    viewer = open_viewer(serve(paths))
    viewer.open(f"/view/{STUDY}")
    viewer.wait_for_image()
    return viewer.page


def typed(page: Any, label: str, text: str, key: str) -> str:
    """Type into a field, leave it by a key, and return what it shows then."""
    field = page.get_by_label(label, exact=True)
    field.click(click_count=3)
    page.keyboard.type(text)
    page.keyboard.press(key)
    return str(field.input_value())


@pytest.mark.parametrize("key", ["Enter", "Tab"])
def test_a_wrong_number_is_refused_in_words(page: Any, key: str) -> None:
    for label, text, value, why in (
        ("Window width", "0", "400", "Window width has to be more than 0"),
        ("Window width", "-5", "400", "Window width has to be more than 0"),
        ("Window centre", "-", "40", "Window centre has to be a number"),
        ("Images per second", "0", "", "Images per second have to be more than 0, and 120 at most"),
        ("Images per second", "-5", "", "Images per second have to be more than 0, and 120 at most"),
        ("Images per second", "500", "", "Images per second have to be more than 0, and 120 at most"),
    ):
        assert typed(page, label, text, key) == value, (label, text)
        page.get_by_text(why).wait_for()
        if value:
            page.get_by_text(f"it is {value} as before").wait_for()
        page.get_by_role("button", name="Dismiss").click()
    assert page.get_by_text("C 40 · W 400").count() == 1


def test_a_wrong_number_is_marked_while_it_is_typed(page: Any) -> None:
    field = page.get_by_label("Window width", exact=True)
    field.fill("-5")
    assert field.get_attribute("aria-invalid") == "true"
    assert field.get_attribute("title") == "Window width has to be more than 0"
    snap(page, "number-field")
    field.fill("50")
    assert field.get_attribute("aria-invalid") == "false"
    field.press("Escape")
    assert (field.input_value(), page.get_by_text("C 40 · W 400").count()) == ("400", 1)


def test_what_is_taken_is_shown_as_it_is(page: Any) -> None:
    assert typed(page, "Window width", "300", "Enter") == "300"
    assert typed(page, "Window width", "0.25", "Enter") == "1"  # no ramp of whole values is narrower
    assert typed(page, "Window centre", "", "Enter") == "40"
    page.get_by_text("C 40 · W 1").wait_for()
    assert typed(page, "Images per second", "30", "Enter") == "30"
    page.get_by_label("Images per second").fill("")
    page.keyboard.press("Enter")
    assert page.get_by_label("Images per second").get_attribute("placeholder") == "12"
    assert page.locator(".notice").count() == 0


def test_a_rate_is_of_its_film(page: Any) -> None:
    assert typed(page, "Images per second", "30", "Enter") == "30"
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+ArrowRight")
    page.locator('[data-cell="1"]').click()
    page.locator(".series").first.click()
    page.wait_for_selector('[data-cell="1"] [data-drawn="true"]')
    assert page.get_by_label("Images per second").input_value() == ""
    page.locator('[data-cell="0"]').click()
    assert page.get_by_label("Images per second").input_value() == "30"
