"""What a process asked the system to do, by strace: for the order of it, and for the disk that it leaves at any point.

As a script it is that process: it stores instances from four senders, deletes some, and says so for each; or it serves,
and is sent instances by STOW-RS or C-STORE over four connections.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

CALLS = (
    "openat,creat,write,pwrite64,writev,pwritev,ftruncate,fallocate,fsync,fdatasync,rename,renameat,renameat2,link,linkat,"
    "unlink,unlinkat,mkdir,mkdirat,sendto"
)

SENDERS = 4


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the system: it was entered with one line of the log, and left with another or the same."""

    entered: int
    left: int
    name: str
    arguments: str
    result: str

    @property
    def path(self) -> str:
        """The path behind its file descriptor."""
        found = re.match(r"-?\d+<([^>]*)>", self.arguments)
        return unescaped(found[1]).decode(errors="replace") if found else ""

    @property
    def texts(self) -> list[bytes]:
        """Its arguments in quotation marks."""
        return [unescaped(text) for text in re.findall(r'"((?:[^"\\]|\\.)*)"', self.arguments)]


def unescaped(text: str) -> bytes:
    """Undo strace's ``\\x41``."""
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1") if "\\" in text else text.encode()


def calls(log: Path) -> list[Call]:
    """Read a log; in the order in which calls were left."""
    found, under_way = [], {}
    for number, line in enumerate(log.read_text(encoding="latin-1").splitlines()):
        pid, _, text = line.partition(" ")
        text = text.strip()
        if match := re.match(r"(\w+)\((.*) <unfinished \.\.\.>$", text):
            under_way[pid] = (number, match[1], match[2])
        elif match := re.match(r"<\.\.\. (\w+) resumed>(.*)\)\s+= (.*)$", text):
            entered, name, arguments = under_way.pop(pid)
            found.append(Call(entered, number, name, arguments + match[2], match[3]))
        elif match := re.match(r"(\w+)\((.*)\)\s+= (.*)$", text):
            found.append(Call(number, number, match[1], match[2], match[3]))
    return found


def trace(strace: str, folder: Path, log: Path, *, instances: int, way: str = "direct") -> list[Call]:
    """Run this file under strace, which keeps all bytes that are written; the process is killed in the end."""
    command = [strace, "-f", "-y", "-xx", "-s", "200000", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", str(log)]
    done = subprocess.run([*command, sys.executable, __file__, str(folder), str(instances), way], check=False)
    assert done.returncode == -9
    return calls(log)


@dataclass
class File:
    """Contents as a process sees them, and as they are on the disk for certain."""

    seen: bytearray = field(default_factory=bytearray)
    kept: bytes = b""


class Disk:
    """A folder on a disk that loses what it may: writes without fsync, names without fsync of their folder."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self.names: dict[str, File | None] = {self.root: None}  # None: a folder
        self.kept: dict[str, File | None] = {self.root: None}
        self._ends: dict[str, int] = {}

    def do(self, call: Call) -> None:
        """Follow a call that succeeded."""
        if call.result.startswith("-"):
            return
        texts = [text.decode("latin-1") for text in call.texts[:2]]
        if call.name in {"openat", "creat"}:
            path = texts[0]
            if self._is_ours(path) and "O_CREAT" in call.arguments and path not in self.names:
                self.names[path] = File()
            if self._is_ours(path) and isinstance(self.names.get(path), File):
                self._ends[path] = 0
        elif call.name.startswith(("write", "pwrite")):
            self._write(call)
        elif call.name in {"ftruncate", "fallocate"}:
            if isinstance(file := self.names.get(call.path), File):
                length = int(call.arguments.rpartition(",")[2])
                file.seen[:] = file.seen[:length].ljust(length, b"\0")
        elif call.name in {"fsync", "fdatasync"}:
            self._sync(call.path)
        elif call.name.startswith("rename"):
            if self._is_ours(texts[1]):
                self.names[texts[1]] = self.names.pop(texts[0])
        elif call.name.startswith("unlink"):
            self.names.pop(texts[0], None)
        elif call.name.startswith("mkdir") and self._is_ours(texts[0]):
            self.names[texts[0]] = None
        elif call.name.startswith("link"):
            raise NotImplementedError(call.name)

    def _is_ours(self, path: str) -> bool:
        return path.startswith(self.root + "/")

    def _write(self, call: Call) -> None:
        path = call.path
        file = self.names.get(path)
        if not isinstance(file, File) or path.endswith("/ballast"):  # which holds nothing
            return
        data = call.texts[-1][: int(call.result.split()[0])]
        assert len(data) == int(call.result.split()[0]), "strace kept too little"
        if call.name == "pwrite64":
            at = int(call.arguments.rpartition(",")[2])
        else:
            at = self._ends.get(path, 0)
            self._ends[path] = at + len(data)
        file.seen[:] = file.seen.ljust(at, b"\0")
        file.seen[at : at + len(data)] = data

    def _sync(self, path: str) -> None:
        if not path.startswith(self.root):
            return
        target = self.names.get(path)
        if isinstance(target, File):
            target.kept = bytes(target.seen)
            return
        inside = {name for name in {*self.names, *self.kept} if name.rpartition("/")[0] == path}
        for name in inside:
            if name in self.names:
                self.kept[name] = self.names[name]
            else:
                self.kept.pop(name, None)

    def lay_out(self, target: Path) -> None:
        """Make the folder that is there after a loss of power."""
        target.mkdir()
        for name in sorted(self.kept):
            # A folder whose own name was lost is not there, nor what is in it.
            parents = [name[: match.start()] for match in re.finditer("/", name) if match.start() > len(self.root)]
            if name == self.root or not all(parent in self.kept for parent in parents):
                continue
            path, file = target / name[len(self.root) + 1 :], self.kept[name]
            if file is None:
                path.mkdir()
            else:
                path.write_bytes(file.kept)


def main() -> None:
    import signal

    from made import instance_maker

    folder, instances = Path(sys.argv[1]), int(sys.argv[2])
    ways = {"served": serve, "dimse": serve_dimse, "direct": store_and_delete}
    ways[sys.argv[3]](folder, instances, instance_maker())
    os.kill(os.getpid(), signal.SIGKILL)


def store_and_delete(folder: Path, instances: int, make: Callable[..., bytes]) -> None:
    """Say what becomes of each."""
    from made import uid_of

    from filmless.archive import Archive, Options

    archive = Archive(folder, options=Options(batch_delay_s=0.005))

    def store(number: int) -> None:
        outcome = archive.store(make(number))
        os.write(1, f"ack {number} {outcome.kind}\n".encode())

    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(store, range(instances)))
    for number in range(0, instances, 6):
        os.write(1, f"deleting {number}\n".encode())
        archive.delete([found for found in [archive.index.find(uid_of(number))] if found])
        os.write(1, f"deleted {number}\n".encode())


def serve(folder: Path, instances: int, make: Callable[..., bytes]) -> None:
    """Answer requests as `filmless serve` does; who sends them is in the process, too."""
    import http.client

    from filmless.server import Server, read_settings

    with Server(read_settings(given={"data": folder, "http.port": 0})) as server:
        address = server.addresses.urls[0].removeprefix("http://")

        def send(first: int) -> None:
            connection = http.client.HTTPConnection(address)
            for number in range(first, instances, SENDERS):
                connection.request("POST", "/dicom-web/studies", make(number), {"Content-Type": "application/dicom"})
                answer = connection.getresponse()
                assert (answer.status, bool(answer.read())) == (200, True)
            connection.close()

        with ThreadPoolExecutor(SENDERS) as pool:
            list(pool.map(send, range(SENDERS)))


def serve_dimse(folder: Path, instances: int, make: Callable[..., bytes]) -> None:
    """Answer C-STORE as `filmless serve --dimse` does; who sends is in the process, too."""
    from torture_dimse import Associated

    from filmless.server import Server, read_settings

    with Server(read_settings(given={"data": folder, "http.port": 0, "dimse.port": 0})) as server:
        address = server.addresses.dimse[0].rpartition("@")[2]

        def send(first: int) -> None:
            door = Associated(address)
            for number in range(first, instances, SENDERS):
                door.store(make(number), is_other=False)
            door.close()

        with ThreadPoolExecutor(SENDERS) as pool:
            list(pool.map(send, range(SENDERS)))


if __name__ == "__main__":
    main()
