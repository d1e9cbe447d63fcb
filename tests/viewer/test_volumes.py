"""Volumes are cut into planes, seen whole, and fused; what lies on the left is on the left."""

import os
from pathlib import Path
from typing import Any

import pytest

from .phantoms import series


def shot(page: Any, name: str) -> None:
    if folder := os.environ.get("FILMLESS_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


@pytest.fixture
def opened(serve, open_viewer, tmp_path):
    """Open the study of some series: ``opened(paths)``."""

    def start(paths: list[Path], **options: Any) -> Any:
        viewer = open_viewer(serve(paths), **options)
        viewer.open("/view/1.2.826.0.1.3680043.10.1")
        return viewer

    return start


def planes(viewer: Any) -> Any:
    """Show the planes, and wait until all slices are there."""
    page = viewer.page
    viewer.wait_for_image()
    page.get_by_role("button", name="MPR").click()
    for plane in ("axial", "sagittal", "coronal"):
        page.wait_for_selector(f'[data-plane="{plane}"][data-drawn="true"][data-loaded="true"]')
    return page


def test_the_planes_of_a_series_lie_side_by_side(opened, tmp_path):
    page = planes(opened(series(tmp_path / "ct")))
    shot(page, "mpr")
    page.keyboard.press("m")
    page.wait_for_selector('[data-cell="0"] .viewport:not([data-plane])')
    assert page.locator("[data-plane]").count() == 0
