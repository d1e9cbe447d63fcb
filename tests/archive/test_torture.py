"""Killed at random points, some dozens of times; `make torture` does it a thousand times."""

import subprocess
import sys
from pathlib import Path

import pytest

TREE = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform == "win32", reason="it forks, and kills with SIGKILL")
@pytest.mark.parametrize(("target", "kills"), [("direct", 20), ("served", 100), ("dimse", 60)])
def test_killed_at_random_points(tmp_path: Path, target: str, kills: int) -> None:
    command = [sys.executable, "-m", "tests.archive.torture", "--target", target, "--kills", str(kills), "--most", "20"]
    done = subprocess.run(
        [*command, "--folder", tmp_path / "archive"], cwd=TREE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "none lost" in done.stdout
