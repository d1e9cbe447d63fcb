"""CDA: XML that is looked at and kept as it is."""

import time

import pytest

from filmless.convert.options import ReadOptions
from filmless.convert.reading import contents
from filmless.errors import ConversionError


def test_document_is_the_file(cda):
    data, options = cda(), ReadOptions()
    (document,) = contents(data, options)
    assert (document.kind, document.mime_type) == ("CDA", "text/XML")
    assert document.data is data
    assert document.facts["DocumentTitle"] == "Discharge summary"
    assert document.facts["HL7InstanceIdentifier"] == "2.16.840.1.113883.19.4^c266"
    (code,) = document.facts["ConceptNameCodeSequence"]
    assert (code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning) == ("18842-5", "LN", "Discharge summary")
    assert set(document.facts) == {"DocumentTitle", "HL7InstanceIdentifier", "ConceptNameCodeSequence"}
    assert [notice.code for notice in options.notices] == ["document-title"]


@pytest.mark.parametrize(
    ("encoding", "declared", "title"),
    [
        ("UTF-8", None, "Zoë Ελένη 山田"),
        ("UTF-16", None, "Zoë Ελένη 山田"),
        ("ISO-8859-1", None, "Zoë"),
        ("windows-1253", None, "Ελένη"),
        ("shift_jis", "Shift_JIS", "山田"),
        ("gb18030", "GB18030", "张三"),
        ("utf-8-sig", "UTF-8", "Zoë"),
    ],
)
def test_encodings(cda, encoding, declared, title):
    data = cda(encoding, title=title, declared=declared)
    (document,) = contents(data, ReadOptions())
    assert document.facts["DocumentTitle"] == title
    assert document.data is data


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ('<id root="1.2.3"/>', "1.2.3"),
        ('<id root="D93AF3A0-2B8B-4D2D-8A8F-1C2E8F2A0F5C" extension="7"/>', "D93AF3A0-2B8B-4D2D-8A8F-1C2E8F2A0F5C^7"),
        ('<id nullFlavor="NI"/>', None),
        ('<id root="x y"/>', None),
        ("", None),
    ],
)
def test_identifier(cda, identifier, expected):
    (document,) = contents(cda(id=identifier), ReadOptions())
    assert document.facts.get("HL7InstanceIdentifier") == expected


def test_padding_stays(cda):
    data = cda() + b"\0"
    (document,) = contents(data, ReadOptions())
    assert document.data is data


def test_prefixes_and_markup_in_the_title():
    data = (
        b'<h:ClinicalDocument xmlns:h="urn:hl7-org:v3"><h:title> A <b>&lt;B&gt;</b>\n &#67;</h:title>'
        b"</h:ClinicalDocument>"
    )
    (document,) = contents(data, ReadOptions())
    assert document.facts["DocumentTitle"] == "A <B> C"


_ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(12))


@pytest.mark.parametrize(
    "before",
    [
        f"<!DOCTYPE ClinicalDocument [{_ENTITIES}]>",
        '<!DOCTYPE ClinicalDocument [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE ClinicalDocument SYSTEM "http://localhost:1/a.dtd">',
        "<!DOCTYPE ClinicalDocument>",
    ],
)
def test_document_types_are_refused(cda, before):
    started = time.monotonic()
    body = "<text>&e11;&x;</text>" if "ENTITY" in before else "<text/>"
    with pytest.raises(ConversionError, match="document type"):
        contents(cda(before=before, body=body), ReadOptions())
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("part", [0.4, 0.9, 0.99])
def test_cut_off(cda, part):
    data = cda()
    with pytest.raises(ConversionError, match="damaged or ends early"):
        contents(data[: int(len(data) * part)], ReadOptions())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((b"urn:hl7-org:v3", b"urn:hl7-org:v2"), "no CDA"),
        ((b"</title>", b"</titel>"), "line 2"),
        ((b"UTF-8", b"UTF-9"), "encoding"),
        ((b"UTF-8", b"rot13"), "encoding"),
        ((b"Discharge", b"\xff\xfeDis"), "damaged"),
        ((b"<text>", b"<text>&nothing;"), "damaged"),
    ],
)
def test_damaged(cda, change, message):
    with pytest.raises(ConversionError, match=message) as caught:
        contents(cda().replace(*change), ReadOptions())
    assert "Doe" not in str(caught.value)


def test_not_in_its_encoding(cda):
    with pytest.raises(ConversionError, match="does not fit"):
        contents(cda("latin-1", title="Zo\xe9\xe9\xff", declared="EUC-JP"), ReadOptions())


def test_depth_costs_nothing(cda):
    with pytest.raises(ConversionError, match="nested"):
        contents(cda(body="<a>" * 1_000_000), ReadOptions())


def test_size_costs_time_only(cda):
    started = time.monotonic()
    contents(cda(body="<text>word</text>" * 300_000), ReadOptions())
    assert time.monotonic() - started < 10
