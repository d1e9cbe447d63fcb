"""Instances, and archives to put them in."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from filmless.archive import Archive

from .made import instance_maker


@pytest.fixture(scope="session")
def make() -> Callable[..., bytes]:
    return instance_maker()


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive(tmp_path / "archive") as opened:
        yield opened
