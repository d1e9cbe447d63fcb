"""The statement says what runs."""

import re
from pathlib import Path

from starlette.routing import Route

from filmless import _core
from filmless.archive import Archive
from filmless.dicomweb import application
from filmless.server import Statement, conformance_statement, read_settings
from filmless.server.statement import Table


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the table below a heading."""
    part = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [re.split(r"(?<!\\) \| ", line[2:-2]) for line in part.splitlines() if line.startswith("| ")][1:]


def test_every_route_and_every_transfer_syntax_is_in_it(tmp_path: Path) -> None:
    text = conformance_statement(read_settings()).markdown()
    with Archive(tmp_path) as archive:
        routes = [route for route in application(archive).routes if isinstance(route, Route)]
    claimed = {(method, path) for method, path, *_ in rows(text, "DICOMweb services")}
    for route in routes:
        for method in (route.methods or set()) - {"HEAD"}:
            assert (method, "/dicom-web" + route.path.replace(":path", "")) in claimed
    syntaxes = {row[1]: row for row in rows(text, "Transfer syntaxes")}
    assert syntaxes.keys() == {row["uid"] for row in _core.transfer_syntaxes()}
    assert syntaxes["1.2.840.10008.1.2.4.81"][2:] == ["lossless or lossy", "image/jls", "yes", "yes"]
    assert syntaxes["1.2.840.10008.1.2.4.65"][4:] == ["no", "no"]
    assert syntaxes["1.2.840.10008.1.2.4.94"][4:] == ["no", "no"]


def test_it_follows_the_settings(tmp_path: Path) -> None:
    tables = {"peers": ['b={url="https://b.example.org/dicom-web"}'], "forward": ['{to=["b"], match={Modality="CT"}}']}
    given = {
        "arrival.duplicates": "replace",
        "http.host": "192.0.2.7",
        "security.authentication": True,
        "data": tmp_path,
    }
    plain, told = (
        conformance_statement(read_settings()),
        conformance_statement(read_settings(given=given, tables=tables)),
    )
    assert "Nothing is sent on." in plain.markdown()
    assert rows(told.markdown(), "Forwarding") == [["b", "https://b.example.org/dicom-web", "Modality"]]
    security = dict(rows(told.markdown(), "Security"))
    assert security["Listens at"] == "192.0.2.7, port 8104"
    assert security["Authentication"] == "API keys"
    assert dict(rows(plain.markdown(), "Security"))["Authentication"].startswith("none")
    assert [
        "a SOP Instance UID is there with another data set",
        "success, it takes the place of the other one",
    ] in rows(told.markdown(), "SOP classes")


def test_the_application_entity(tmp_path: Path) -> None:
    given = {"dimse.port": 11112, "dimse.ae_title": "ARCHIVE", "dimse.also_called": ["OLD"], "data": tmp_path}
    peers = [
        'ws={ae_title="WS", host="ws.example.org", port=11113, moves=false, notices=["availability", "steps"]}',
        'web={url="http://x"}',
    ]
    tables = {"peers": peers, "forward": ['{to=["ws"]}']}
    text = conformance_statement(read_settings(given=given, tables=tables)).markdown()
    items = dict(rows(text, "Application entity"))
    assert items["AE title"] == "ARCHIVE"
    assert items["Called by"] == "ARCHIVE, OLD"
    assert items["Implementation class UID"] == _core.UserInformation().implementation_class_uid
    assert ["Verification SOP Class", "1.2.840.10008.1.1", "SCP", "C-ECHO", "all"] in rows(
        text, "Presentation contexts"
    )
    assert items["Maximum length"] == "131072 bytes of a PDU"
    assert items["Asynchronous operations"].startswith("8 at a time")
    known = rows(text, "Known application entities")
    assert known == [["ws", "WS", "ws.example.org", "11113", "no", "no", "none"]]
    assert rows(text, "Forwarding") == [["ws", "WS@ws.example.org:11113", "every instance"]]
    offered = {row[0]: row[1:] for row in rows(text, "Overview")}
    assert offered["Verification (DIMSE)"] == ["no", "yes"]
    assert offered["Storage (DIMSE)"][0] == "yes"
    assert offered["Instance availability notification (DIMSE)"] == ["yes", "yes"]
    assert offered["DICOMweb studies: store"] == ["no", "yes"]
    assert "Application entity" not in conformance_statement(read_settings(given={"data": tmp_path})).markdown()


def test_what_is_in_it_is_text() -> None:
    statement = Statement("<script>")
    statement.add("a | b", "<b>", Table(("<i>",), [("x | y\n## z <img src=x>",)]))
    assert "<script>" not in statement.html()
    assert "&lt;img src=x&gt;" in statement.html()
    assert statement.markdown() == (
        "# \\<script>\n\n## a | b\n\n\\<b>\n\n| \\<i> |\n|---|\n| x \\| y ## z \\<img src=x> |\n"
    )
