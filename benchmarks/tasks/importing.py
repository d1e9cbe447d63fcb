"""How long a package takes to import, in a new process each time."""

import importlib.util
import subprocess
import sys
from time import perf_counter

from benchmarks import make_files
from benchmarks.contenders import DICOMSDL, OURS, PYDICOM, ROOT
from benchmarks.harness import Bar, Timer, race
from benchmarks.session import PeerError
from benchmarks.table import NOT_MEASURED, Row, verdict

from . import Bench

INTERPRETER = "python (nothing imported)"
_HEADER_WORK = """
import sys, filmless
ds = filmless.read(sys.argv[1])
for element in ds.walk(): element.value
ds.to_json()
print("numpy" in sys.modules)
"""


def imports(bench: Bench) -> list[Row]:
    """Whole processes: start, import, end."""
    timers = {INTERPRETER: _process("pass")}
    for name in (OURS, PYDICOM, DICOMSDL):
        if importlib.util.find_spec(name) is not None:
            timers[name] = _process(f"import {name}")
    row = race("import (whole process)", timers, rounds=bench.rounds).row(Bar(PYDICOM, 4))
    row.task += f"; bare interpreter {row.cells.get(INTERPRETER, '?')}"
    return [row, _numpy(bench)]


def _process(code: str) -> Timer:
    def run(repetitions: int) -> float:
        start = perf_counter()
        for _ in range(repetitions):
            if subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True).returncode:
                raise PeerError(f"`{code}` failed")
        return perf_counter() - start

    return run


def _numpy(bench: Bench) -> Row:
    row = Row("numpy loaded by reading, walking, JSON", bar="no", verdict=NOT_MEASURED)
    if OURS in bench.contenders.sessions:
        path = make_files.ct(bench.folder / "ct.dcm")
        command = [sys.executable, "-c", _HEADER_WORK, str(path)]
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
        answer = {"True": "yes", "False": "no"}.get(done.stdout.strip(), "failed")
        row.cells[OURS], row.verdict = answer, verdict(met=answer == "no")
    return row
