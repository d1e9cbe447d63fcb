"""A real `filmless serve` that is attacked, and what holds after every attack.

Where the lines of the list of attacks are:

- Path: `test_files` (UIDs, Patient ID and Name), `test_web` (URLs, JSON, options of the conversion), `test_servers`
  (the client's side); ZIP members and file-sets are in `tests/convert` and `tests/file/media`.
- Lengths that lie, Depth, Sizes that wrap, File content: `test_files`, stored and asked for in every way; bulk data
  URIs in `test_web`; code streams of all families in `tests/pixels`.
- Bombs: `test_web` (bodies, XML, pictures), `test_files` (deflated data sets), `test_servers` (answers).
- Web: `test_web` (searches, bodies, documents), `test_access` (keys, roles, Host, Origin, other patients),
  `test_pages` (script in names, TLS and plain); lengths of bodies in `tests/dicomweb/test_hostile_bodies`, heads,
  tokens and `alg: none` in `tests/security`.
- Who else is on the machine: `test_folder`.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from filmless.file import encode, read

COMMAND = [sys.executable, "-c", "from filmless.cli import main; main()", "serve"]
#: What nothing but an answer to who may see it has.
SECRETS = ("Geheim", "SECRET-4711")
#: 64 MiB, and what allocators do not give back at once.
WITHIN_S, BESIDE = 2.0, (64 + 16) << 20
LAST_S = 30


class Target:
    """`filmless serve` as a process, with two studies of two patients in it."""

    def __init__(
        self, data: Path, *arguments: str, scheme: str = "http", headers: dict[str, str] | None = None
    ) -> None:
        self.data, self._log = data, data.parent / f"{data.name}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "--data", str(data), "--port", "0", "--logs-level", "debug", *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        assert line.startswith("ready "), self._log.read_text()
        self.url = line.removeprefix("ready ").strip()
        self.port = int(self.url.rpartition(":")[2])
        self.client = httpx.Client(base_url=self.url, timeout=LAST_S, verify=False, headers=headers)

    def end(self) -> None:
        self.client.close()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stdout is not None
        self.process.stdout.close()
        assert self.process.wait(LAST_S) == 0

    def files(self) -> list[str]:
        """What lies in the archive's folder beside the index."""
        kinds = {".dcm", ".part"}
        return sorted(path.name for path in self.data.rglob("*") if path.suffix in kinds)

    def logged(self) -> str:
        return self._log.read_text()

    def told(self) -> str:
        """All that was logged, audited and counted."""
        return self.logged() + (self.data / "audit.jsonl").read_text() + self.client.get("/metrics").text

    def busy_s(self) -> float:
        """Processor time that was taken by now, which a busy machine does not lengthen; else time as it goes."""
        try:
            stat = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return time.monotonic()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def peak(self) -> int:
        """The most memory that was resident since `forget_peak`; 0 where that is not told."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return 0
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(found[1]) << 10 if found else 0

    def forget_peak(self) -> int:
        """Begin to measure anew; return what is resident now."""
        try:
            Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        except OSError:
            return 0
        return self.peak()


class Watch:
    """Looks at what one attack did to a target."""

    def __init__(self, target: Target) -> None:
        self._target, self._files = target, target.files()
        self._before = target.forget_peak()
        self._start = target.busy_s()

    def check(self, sent: int, *, stored: int = 0) -> None:
        """Check that the attack took little, left nothing, and that the target goes on."""
        took = self._target.busy_s() - self._start
        grown = self._target.peak() - self._before
        assert took < WITHIN_S, f"took {took:.1f} s"
        assert grown <= sent + BESIDE, f"took {grown >> 20} MiB of memory for {sent >> 20} MiB"
        assert self._target.process.poll() is None
        health = self._target.client.get("/health")
        assert health.status_code == 200, health.text
        assert len(self._target.files()) == len(self._files) + stored


def instance(ct: Path, number: int, patient: str, **values: Any) -> bytes:
    """The CT slice as another instance, of a patient and a study of theirs."""
    ds = read(ct)
    ds.PatientID, ds.PatientName = f"{SECRETS[1]}-{patient}", f"{SECRETS[0]}^{patient}"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = f"1.2.{ord(patient)}", f"1.2.{ord(patient)}.1"
    ds.SOPInstanceUID = f"1.2.{ord(patient)}.1.{number}"
    for name, value in values.items():
        setattr(ds, name, value)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return encode(ds)


def multipart(*parts: bytes, kind: str = "application/dicom") -> bytes:
    head = f"--x\r\nContent-Type: {kind}\r\n\r\n".encode()
    return b"".join(head + part + b"\r\n" for part in parts) + b"--x--\r\n"


def stow(client: httpx.Client, *files: bytes, study: str = "", headers: dict[str, str] | None = None) -> httpx.Response:
    """Store instances."""
    kind = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=x'}
    path = f"/dicom-web/studies/{study}".rstrip("/")
    return client.post(path, content=multipart(*files), headers={**kind, **(headers or {})})


def is_told_well(answer: httpx.Response) -> bool:
    """Whether an answer is a typed refusal, with nothing of a patient in it."""
    if not 400 <= answer.status_code < 500 or any(secret in answer.text for secret in SECRETS):
        return False
    kind = answer.headers.get("content-type", "")
    if kind.startswith("application/dicom+json"):
        return "00081198" in answer.json() or "0008119A" in answer.json()
    return kind == "application/json" and set(json.loads(answer.text)) <= {"error", "hint"}


@pytest.fixture(scope="session")
def ct(pydicom_files: list[Path]) -> Path:
    return next(path for path in pydicom_files if path.name == "CT_small.dcm")


@pytest.fixture(scope="session")
def begin(tmp_path_factory: pytest.TempPathFactory, ct: Path) -> Iterator[Callable[..., Target]]:
    """Start servers that end with the tests."""
    started: list[Target] = []

    def begun(*arguments: str, **options: Any) -> Target:
        data = tmp_path_factory.mktemp("target") / "data"
        for made in options.pop("before", ()):
            made(data)
        started.append(Target(data, *arguments, **options))
        return started[-1]

    yield begun
    for target in started:
        target.end()


@pytest.fixture(scope="session")
def target(begin: Callable[..., Target], ct: Path) -> Target:
    """A loopback that is open to its machine."""
    found = begin()
    assert stow(found.client, *(instance(ct, 1, patient) for patient in "AB")).status_code == 200
    return found


@pytest.fixture
def watch(target: Target) -> Watch:
    return Watch(target)
