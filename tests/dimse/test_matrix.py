"""Operations, peers, who asks, and whether over TLS: the test of each cell, or why there is none."""

import ast
from itertools import product
from pathlib import Path

import pytest

OPERATIONS = (
    "C-ECHO", "C-STORE", "C-FIND patient", "C-FIND study", "C-FIND series", "C-FIND image", "C-FIND worklist",
    "C-MOVE", "C-GET", "C-CANCEL", "N-EVENT-REPORT", "N-GET", "N-SET", "N-ACTION", "N-CREATE", "N-DELETE",
    "storage commitment",
)  # fmt: skip
PEERS = ("DCMTK", "pynetdicom", "Orthanc")
FINDS = ("C-FIND patient", "C-FIND study", "C-FIND series", "C-FIND image")
COMMITMENT = ("N-EVENT-REPORT", "N-ACTION", "storage commitment")
STEPS = ("N-GET", "N-SET", "N-CREATE")
N_SERVICES = (*COMMITMENT, *STEPS, "N-DELETE")

ASKED, ASKING = "test_matrix_asked.py::", "test_matrix_asking.py::"
NO_TLS = "none: {} of DCMTK 3.6.7 has no TLS"
NO_PROGRAM = "none: DCMTK has no program for it"
NO_ORTHANC = "none: Orthanc 1.10 does not have it"

#: Who asks, the peer, operations; without TLS; with TLS, when it is not the same.
ROWS: list[tuple[str, str, tuple[str, ...], str, str]] = [
    # They ask us: the programs of DCMTK, `filmless serve --dimse`.
    ("they", "DCMTK", ("C-ECHO", "C-STORE"), ASKED + "test_echoscu_and_storescu", ""),  # and test_dcmsend
    ("they", "DCMTK", (*FINDS, "C-FIND worklist"), ASKED + "test_findscu", ""),
    ("they", "DCMTK", ("C-MOVE",), ASKED + "test_movescu_to_storescp", NO_TLS.format("movescu")),
    ("they", "DCMTK", ("C-GET",), ASKED + "test_getscu", NO_TLS.format("getscu")),
    ("they", "DCMTK", ("C-CANCEL",), ASKED + "test_findscu_cancels", ""),
    ("they", "DCMTK", N_SERVICES, NO_PROGRAM, ""),
    ("they", "pynetdicom", ("C-ECHO", "C-STORE", *FINDS, "C-FIND worklist", "C-MOVE", "C-GET"),
     ASKED + "test_pynetdicom_stores_finds_and_retrieves", ""),
    ("they", "pynetdicom", ("C-CANCEL",), ASKED + "test_pynetdicom_cancels", ""),
    ("they", "pynetdicom", STEPS, ASKED + "test_pynetdicom_performs_a_step", ""),
    ("they", "pynetdicom", ("storage commitment",), ASKED + "test_pynetdicom_has_instances_committed", ""),
    ("they", "pynetdicom", ("N-DELETE", "N-ACTION", "N-EVENT-REPORT"), ASKED + "test_pynetdicom_asks_handlers", ""),
    ("they", "Orthanc", ("C-ECHO", "C-STORE", *FINDS, "C-FIND worklist", "C-MOVE", *COMMITMENT),
     ASKED + "test_orthanc_asks", ""),
    ("they", "Orthanc", ("C-GET", "C-CANCEL", *STEPS, "N-DELETE"), NO_ORTHANC, ""),
    # We ask them: storescp, dcmqrscp, wlmscpfs.
    ("we", "DCMTK", ("C-ECHO", "C-STORE"), ASKING + "test_storescp", ""),
    ("we", "DCMTK", (*FINDS, "C-MOVE", "C-GET"), ASKING + "test_dcmqrscp", NO_TLS.format("dcmqrscp")),
    ("we", "DCMTK", ("C-FIND worklist", "C-CANCEL"), ASKING + "test_wlmscpfs", NO_TLS.format("wlmscpfs")),
    ("we", "DCMTK", N_SERVICES, NO_PROGRAM, ""),
    ("we", "pynetdicom", ("C-ECHO", "C-STORE", *FINDS, "C-FIND worklist", "C-MOVE", "C-GET", "C-CANCEL", *STEPS,
                          "N-ACTION", "N-DELETE", "storage commitment"), ASKING + "test_pynetdicom", ""),
    ("we", "pynetdicom", ("N-EVENT-REPORT",), ASKING + "test_events_that_we_report_to_pynetdicom", ""),
    ("we", "Orthanc", ("C-ECHO", "C-STORE", *FINDS, "C-FIND worklist", "C-MOVE", "C-GET", "N-ACTION",
                       "storage commitment"), ASKING + "test_orthanc", ""),
    # Ours reports what Orthanc asked for.
    ("we", "Orthanc", ("N-EVENT-REPORT",), ASKED + "test_orthanc_asks", ""),
    ("we", "Orthanc", ("C-CANCEL", *STEPS, "N-DELETE"), NO_ORTHANC, ""),
]  # fmt: skip


def _cells() -> list[tuple[str, str, str, str, str]]:
    """Give side, peer, operation, whether by TLS, and what there is of it."""
    return [
        (side, peer, operation, tls, (secure or plain) if tls == "tls" else plain)
        for side, peer, operations, plain, secure in ROWS
        for operation in operations
        for tls in ("plain", "tls")
    ]


def test_every_cell_is_in_the_table_once() -> None:
    expected = sorted(product(("they", "we"), PEERS, OPERATIONS, ("plain", "tls")))
    assert sorted(cell[:4] for cell in _cells()) == expected


@pytest.mark.parametrize("name", sorted({cell[4] for cell in _cells() if not cell[4].startswith("none: ")}))
def test_what_the_table_names_is_there(name: str) -> None:
    """Each runs plainly and over TLS, unless the table says that the peer has none."""
    file, _, function = name.partition("::")
    tree = ast.parse((Path(__file__).parent / file).read_text(encoding="utf-8"))
    [found] = [one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == function]
    is_plain_alone = "PLAINLY" in map(ast.unparse, found.decorator_list)
    runs_twice = bool({argument.arg for argument in found.args.args} & {"authority", "filled", "there"})
    assert (runs_twice and not is_plain_alone) == any(cell[3:] == ("tls", name) for cell in _cells())
