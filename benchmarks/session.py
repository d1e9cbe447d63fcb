"""One contender in a process of its own, asked over a pipe.

Processes of their own keep one contender's garbage, imports and crashes from the others, and let Python and C++ be
asked, timed and weighed in the same way.
"""

import os
import selectors
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_S = 120.0
NOT_OFFERED = "not offered"
CLOCK = "FILMLESS_BENCHMARK_CLOCK"
ELAPSED, PROCESSOR = "elapsed", "processor"


class PeerError(Exception):
    """A contender could not do a task; ``seconds`` is how long it took to say so, when it said so."""

    def __init__(self, message: str, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


class NotOfferedError(PeerError):
    """A contender has no such function, or the benchmark has no adapter for it."""


@dataclass(frozen=True)
class Memory:
    """What a request cost at its peak, in bytes."""

    resident: int
    address_space: int
    whole: int  # resident memory of the whole process, what it held before included


class Session:
    """A running contender; it is started on the first request and again after a crash."""

    def __init__(self, command: list[str], cwd: Path, clock: str = ELAPSED) -> None:
        self._command, self._cwd = command, cwd
        self._environment = os.environ | {CLOCK: clock}
        self._process: subprocess.Popen[str] | None = None

    def ask(self, task: str, path: Path, attributes: dict[str, int], repetitions: int = 1) -> tuple[float, int]:
        """Seconds for all repetitions, and what the last of them counted."""
        process = self._started()
        tags = ",".join(f"{tag:08X}" for tag in attributes.values())
        assert process.stdin is not None
        # When the process has just died the pipe is broken; reading its answer says how it ended.
        with suppress(BrokenPipeError):
            process.stdin.write(f"{task}\t{repetitions}\t{path}\t{tags}\t{','.join(attributes)}\n")
            process.stdin.flush()
        first, *rest = self._line(process).split("\t")
        if first == "error":
            if rest[0] == NOT_OFFERED:
                raise NotOfferedError(NOT_OFFERED)
            raise PeerError(rest[0], float(rest[1]))
        return float(first), int(rest[0])

    def weigh(self, task: str, path: Path, expected: int | None = None) -> Memory:
        """Peak memory of one request (Linux); what it counts has to be what is expected."""
        process = self._started()
        status = Path(f"/proc/{process.pid}/status")
        # 5 resets the high-water mark of resident memory to what is resident now.
        Path(f"/proc/{process.pid}/clear_refs").write_text("5")
        before = _status(status)
        try:
            _, counted = self.ask(task, path, {})
        except PeerError as error:
            if error.seconds is None or expected is not None:
                raise
        else:
            if expected is not None and counted != expected:
                raise PeerError(f"gave {counted} of {expected}")
        after = _status(status)
        return Memory(after["VmHWM"] - before["VmRSS"], after["VmPeak"] - before["VmPeak"], after["VmHWM"])

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._cwd,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                errors="replace",
                bufsize=1,
            )
            if (greeting := self._line(self._process)) != "ready":
                raise PeerError(greeting)
        return self._process

    def _line(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if not selector.select(TIMEOUT_S):
                self.close()
                raise PeerError(f"no answer in {TIMEOUT_S:.0f} s")
        line = process.stdout.readline()
        if not line:
            code = process.wait()
            self._process = None
            raise PeerError(f"crash (signal {-code})" if code < 0 else f"ended with code {code}")
        return line.rstrip("\n")


def _status(path: Path) -> dict[str, int]:
    fields = (line.split() for line in path.read_text().splitlines())
    return {words[0][:-1]: int(words[1]) * 1024 for words in fields if words[-1] == "kB"}
