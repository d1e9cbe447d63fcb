"""An instance of any size passes through little memory of the SCP."""

import asyncio
import sys
from pathlib import Path

import pytest

from .large_instance import measure


@pytest.mark.skipif(sys.platform == "win32", reason="it measures with getrusage")
@pytest.mark.parametrize("to", ["archive", "folder"])
def test_a_large_instance_takes_little_memory(tmp_path: Path, to: str) -> None:
    """Of 200 MB a fifth at the most: `python -m tests.dimse.large_instance` does it with 2 GB."""
    before, most, _ = asyncio.run(measure(to, tmp_path / "out", 200))
    assert most - before < 40 << 10
    assert most < 100 << 10
