"""All that is valid goes through `filmless store`, the server, `get` and `move`, and comes back byte by byte."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from click.testing import Result

from filmless.archive.record import record_of
from tests.dimse.dcmtk import dcmtk
from tests.dimse.test_whole_set import File, data_set_in, files_of, rounds

from .dimse_peers import free_port, running, storescp

Invoke = Callable[..., Result]
Peer = Callable[[str], str]

DEFLATED = "1.2.840.10008.1.2.1.99"

#: Else delayed acknowledgements hold DCMTK up.
QUICK = {**os.environ, "TCP_NODELAY": "1"}


#: Data sets that end in the middle of a value: a message has to be of even length.
ODD = {"dx_image.dcm", "NM_Kakadu44_SOTmarkerincons.dcm", "rtplan_truncated.dcm"}

#: What getscu proposes for the storage classes that it knows, by its option. (`+xi` is to be Implicit VR; in DCMTK
#: 3.6.7 it proposes Explicit VR.)
OF_GETSCU = {
    "+xe": "1.2.840.10008.1.2.1",
    "+xb": "1.2.840.10008.1.2.2",
    "+xd": DEFLATED,
    "+xs": "1.2.840.10008.1.2.4.70",
    "+xy": "1.2.840.10008.1.2.4.50",
    "+xx": "1.2.840.10008.1.2.4.51",
    "+xv": "1.2.840.10008.1.2.4.90",
    "+xw": "1.2.840.10008.1.2.4.91",
    "+xt": "1.2.840.10008.1.2.4.80",
    "+xu": "1.2.840.10008.1.2.4.81",
    "+xr": "1.2.840.10008.1.2.5",
}
#: What storescp takes with `+xa`: not JPEG lossless 14 (4.57), retired JPEG, JPEG XL, nor deflated frames.
OF_STORESCP = {*OF_GETSCU.values(), "1.2.840.10008.1.2"}

#: Which getscu does not propose: label maps, annotations, parametric maps.
NOT_OF_GETSCU = {f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("66.7", "91.1", "30")}


@pytest.fixture(scope="module")
def valid(all_files: list[Path]) -> list[list[File]]:
    """What an archive takes, in rounds in which no UID is twice."""
    found, _ = files_of(all_files)
    return list(rounds(found))


def came(folder: Path) -> dict[str, tuple[str, bytes]]:
    """Return what came, by UID: transfer syntax and data set."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            record = record_of(str(path), size=0, sha256="")
            assert record.instance_uid not in found
            found[record.instance_uid] = record.transfer_syntax_uid, data_set_in(path.read_bytes())
    return found


@dataclass
class Ours:
    web: str
    at: str
    mover: str
    moved: Path
    there: int

    @property
    def port(self) -> str:
        return self.at.rpartition(":")[2]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ours]:
    """A server, and a listener that it moves to."""
    folder = tmp_path_factory.mktemp("ours")
    there = free_port()  # of storescp
    with running("listen", folder / "moved", "--port", 0, "--ae-title", "MOVER", "--layout", "flat") as listener:
        port = int(listener.ready().rpartition(":")[2])
        peers = [("mover", "MOVER", port), ("there", "STORESCP", there)]
        known = [f'{name}={{ae_title="{title}", host="127.0.0.1", port={port}}}' for name, title, port in peers]
        options = [part for one in known for part in ("--peer", one)]
        with running("serve", "--data", folder / "data", "--port", 0, "--dimse", 0,
                     *options) as server:  # fmt: skip
            web = server.ready()
            yield Ours(f"{web}/dicom-web", server.ready(), "MOVER", folder / "moved", there)


def differing(found: dict[str, tuple[str, bytes]], files: list[File]) -> dict[str, str]:
    """Return what is not as it was sent, by name."""
    wrong = {}
    for file in files:
        syntax, data = found.get(file.instance, ("", b""))
        if syntax == DEFLATED:
            data = data[: len(file.data)] if data[len(file.data) :] == b"\0" else data  # PS3.5 A.5: of even length
        if (syntax, data) != (file.transfer_syntax, file.data):
            wrong[file.path.name] = f"{syntax} {len(data)} for {file.transfer_syntax} {len(file.data)}"
    return wrong


def study_of(file: File) -> str:
    return record_of(str(file.path), size=0, sha256="").study_uid


def test_our_commands(ours: Ours, invoke: Invoke, valid: list[list[File]]) -> None:
    refused = []
    for at, files in enumerate(valid):
        stored = invoke("store", ours.at, *(file.path for file in files), "--json")
        failed = {row["source"]: row["error"] for row in json.loads(stored.stdout) if row["status"] != "stored"}
        refused += failed.items()
        kept = [file for file in files if str(file.path) not in failed]
        studies = sorted({study_of(file) for file in kept})
        got = invoke("get", ours.at, *studies, "-o", f"out{at}")
        assert (got.exit_code, got.stderr) == (0, f"{len(kept)} fetched\n")
        assert differing(came(Path(f"out{at}")), kept) == {}
        moved = invoke("move", ours.at, ours.mover, *studies)
        assert (moved.exit_code, moved.stderr) == (0, f"{len(kept)} moved\n")
        assert differing(came(ours.moved), kept) == {}
        for path in [one for one in ours.moved.rglob("*") if one.is_file()]:
            path.unlink()
        with httpx.Client(base_url=ours.web, verify=False) as http:
            for study in studies:
                http.delete(f"/studies/{study}").raise_for_status()
    assert all("odd number of bytes" in why for _, why in refused), refused
    assert {Path(source).name for source, _ in refused} <= ODD


def test_dcmtk_fetches(ours: Ours, invoke: Invoke, valid: list[list[File]], peer: Peer, tmp_path: Path) -> None:
    kept = [file for file in valid[0] if file.transfer_syntax in OF_STORESCP and file.path.name not in ODD]
    stored = invoke("store", ours.at, *(file.path for file in kept))
    assert (stored.exit_code, stored.stderr) == (0, f"{len(kept)} stored\n")

    def ask(program: str, files: list[File], *options: object) -> None:
        uids = "\\".join(file.instance for file in files)
        keys = ("-k", "QueryRetrieveLevel=IMAGE", "-k", f"SOPInstanceUID={uids}")
        command = [dcmtk(program), "-S", "-aec", "FILMLESS", *keys, *options, "127.0.0.1", ours.port]
        subprocess.run([*map(str, command)], capture_output=True, timeout=120, check=True, env=QUICK)

    with storescp(peer, tmp_path / "moved", "+xa", "-pm", "+B", port=ours.there):
        ask("movescu", kept, "-aem", "STORESCP")
    assert differing(came(tmp_path / "moved"), kept) == {}
    for option, syntax in OF_GETSCU.items():
        some = [file for file in kept if file.transfer_syntax == syntax and file.sop_class not in NOT_OF_GETSCU]
        (tmp_path / option).mkdir()
        ask("getscu", some, option, "+B", "-od", tmp_path / option)
        assert differing(came(tmp_path / option), some) == {}
