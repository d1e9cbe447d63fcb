"""`filmless listen`, sent to by DCMTK."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import filmless

from .dimse_peers import running

Peer = Callable[[str], str]


def send(peer: Peer, address: str, *arguments: object) -> int:
    title, _, place = address.partition("@")
    host, _, port = place.partition(":")
    command = [peer("dcmsend"), *arguments[:-1], "-aec", title, host, port, arguments[-1]]
    return subprocess.run(list(map(str, command)), capture_output=True, timeout=30, check=False).returncode


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no Ctrl-C for a process of another group")
def test_what_peers_send_becomes_files(tmp_path: Path, peer: Peer, ct: Path, pydicom_files: list[Path]) -> None:
    mr = next(path for path in pydicom_files if path.name == "MR_small.dcm")
    with running("listen", tmp_path / "in", "--port", 0, "--ae-title", "STORE", "-v") as listening:
        address = listening.ready()
        assert address.startswith("STORE@127.0.0.1:")
        for path in (ct, mr, ct):
            assert send(peer, address, path) == 0
        assert send(peer, address.replace("STORE", "OTHER"), ct) != 0
        assert listening.interrupt() == 0
    files = {path.name: path for path in (tmp_path / "in").rglob("*") if path.is_file()}
    assert len(files) == 2
    for path in (ct, mr):
        ds = filmless.read(path)
        assert filmless.read(files[f"{ds.SOPInstanceUID}.dcm"]).PixelData == ds.PixelData
    assert listening.err.all == [
        "refused 127.0.0.1 DCMSEND, which called OTHER: called AE title",
        "2 received, 1 there already",
    ]
    told = listening.out.all[1:]
    assert len(told) == 3
    assert told[2] == f"{told[0]} was there"
    for line in told[:2]:
        assert (tmp_path / "in" / line).is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no Ctrl-C for a process of another group")
def test_layout_and_who_may_send(tmp_path: Path, peer: Peer, ct: Path) -> None:
    allow = ("--allow", "CT-1@127.0.0.1", "--host", "127.0.0.1", "--layout", "flat", "--any-ae-title")
    with running("listen", tmp_path / "in", "--port", 0, *allow) as listening:
        address = listening.ready().replace("FILMLESS", "WHOEVER")
        assert send(peer, address, "-aet", "CT-2", ct) != 0
        assert send(peer, address, "-aet", "CT-1", ct) == 0
        assert listening.interrupt() == 0
    [path] = (tmp_path / "in").iterdir()
    assert path.suffix == ".dcm"
    assert listening.err.all == ["refused 127.0.0.1 CT-2, which called WHOEVER: calling AE title", "1 received"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--host", "0.0.0.0"), 1, "name who may send with --allow"),
        (("--allow", "CT@nowhere"), 2, "--allow is [AE@]ADDRESS"),
        (("--tls-key", "key"), 2, "need --tls-certificate"),
        (("--tls-certificate", "missing.pem"), 1, "missing.pem"),
        (("--ae-title", "MUCHTOOLONGATITLE"), 2, "1 to 16 characters"),
    ],
)
def test_what_is_wrong_is_told(invoke, arguments: tuple[str, ...], code: int, message: str) -> None:
    result = invoke("listen", "in", "--port", "0", *arguments)
    assert result.exit_code == code
    assert message in result.stderr
    assert not Path("in").exists()


def test_a_port_that_is_taken(invoke) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = invoke("listen", "in", "--port", port)
    assert result.exit_code == 1
    assert f"cannot listen at 127.0.0.1 port {port}" in result.stderr
