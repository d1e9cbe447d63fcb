"""Programs of DCMTK: pynetdicom brings some of the same names, which come first where it is installed."""

import os
import shutil
import sys
from pathlib import Path

import pytest


def dcmtk(name: str) -> str:
    """Find one; without it skip, or fail where FILMLESS_REQUIRE_PEERS=1."""
    ours = Path(sys.executable).parent
    elsewhere = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if Path(folder) != ours]
    path = shutil.which(name, path=os.pathsep.join(elsewhere))
    if path is None:
        missing = pytest.fail if os.environ.get("FILMLESS_REQUIRE_PEERS") == "1" else pytest.skip
        missing(f"DCMTK's {name} is not installed")
    return path
