"""The loop around one Python contender's tasks, the counterpart of ``cpp/bench.hpp``: same requests, same answers.

``python -m benchmarks.python.serve with_pydicom`` reads a request a line from stdin. The garbage collector runs as it
does in a user's program.
"""

import gc
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

from benchmarks.request import Request
from benchmarks.session import CLOCK, PROCESSOR

_now = process_time if os.environ.get(CLOCK) == PROCESSOR else perf_counter


def main(module: str) -> None:
    """Answer requests until stdin ends."""
    try:
        tasks: dict[str, Callable[[Request], int]] = importlib.import_module(f"benchmarks.python.{module}").TASKS
    except ImportError as error:
        sys.exit(print(f"cannot be imported: {error}"))
    answers = sys.stdout
    # Whatever a package prints must not be taken for an answer.
    sys.stdout = sys.stderr
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        print(_answer(tasks, line.rstrip("\n")), file=answers, flush=True)


def _answer(tasks: dict[str, Callable[[Request], int]], line: str) -> str:
    name, repetitions, path, tags, keywords = line.split("\t")
    if name not in tasks:
        return "error\tnot offered\t0"
    request = Request(Path(path), tuple(int(tag, 16) for tag in tags.split(",") if tag), tuple(keywords.split(",")))
    request.paths  # noqa: B018 - a list of files is read before the clock starts
    task, counted = tasks[name], 0
    gc.collect()
    start = _now()
    try:
        for _ in range(int(repetitions)):
            counted = task(request)
    except Exception as error:  # noqa: BLE001 - the benchmark reports whatever a contender does
        elapsed = _now() - start
        return f"error\t{type(error).__name__}: {' '.join(str(error).split())}\t{elapsed}"
    return f"{_now() - start}\t{int(counted)}"


if __name__ == "__main__":
    main(sys.argv[1])
