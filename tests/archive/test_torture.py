"""Killed at random points, a hundred times; `make torture` does it a thousand times."""

import subprocess
import sys
from pathlib import Path

import pytest

TORTURE = Path(__file__).with_name("torture.py")


@pytest.mark.skipif(sys.platform == "win32", reason="it forks, and kills with SIGKILL")
def test_killed_a_hundred_times(tmp_path: Path) -> None:
    command = [sys.executable, TORTURE, "--kills", "100", "--folder", tmp_path / "archive"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "none lost" in done.stdout
