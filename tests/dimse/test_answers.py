"""Rows of the index as identifiers: what the core encodes at once is what is encoded by way of a data set."""

import json
from typing import Any

import pytest

from filmless.archive import Key, Row
from filmless.dimse.services.answers import Answers
from filmless.dimse.services.identifier import Identifier

_SYNTAXES = {"implicit": "1.2.840.10008.1.2", "explicit": "1.2.840.10008.1.2.1", "big": "1.2.840.10008.1.2.2"}
_PLAIN: dict[str, Any] = {
    "00080020": {"vr": "DA", "Value": ["20260101"]},
    "00080050": {"vr": "SH"},
    "00080054": {"vr": "AE"},
    "00080056": {"vr": "CS", "Value": ["OFFLINE"]},
    "00080061": {"vr": "CS", "Value": ["CT", "MR"]},
    "00081032": {"vr": "SQ", "Value": [{"00080100": {"vr": "SH", "Value": ["A"]}}, {}]},
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane"}]},
    "00101020": {"vr": "DS", "Value": [1.5]},
    "00200010": {"vr": "SH", "Value": ['a\\"b']},
    "00201208": {"vr": "IS", "Value": [12]},
    "00280010": {"vr": "US", "Value": [512]},
}
_NAMES = ("Müller^Jörg", "Ерёмин^Иван", "山田^太郎", "Δ und ß", "😀")
_SETS = (None, "ISO_IR 100", "ISO_IR 144", ["", "ISO 2022 IR 87"], "ISO_IR 192", "nonsense")


def _answers(syntax: str, character_set: str | list[str] | None = None, title: str = "FILMLESS") -> Answers:
    asked = Identifier("study", "STUDY", (Key((0x0010_0010,), ""),), character_set, is_understood=True)
    return Answers(asked, transfer_syntax=_SYNTAXES[syntax], retrieve_ae_title=title)


def _text(attributes: dict[str, Any]) -> bytes:
    return json.dumps(attributes, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize("syntax", _SYNTAXES)
@pytest.mark.parametrize("title", ["FILMLESS", 'an "odd"', ""])
def test_an_answer_is_encoded_as_its_data_set_is(syntax: str, title: str) -> None:
    """Byte for byte, in each syntax."""
    answers, text = _answers(syntax, title=title), _text(_PLAIN)
    assert answers.encoded(Row("", "", "", text)) == answers.read(text)


@pytest.mark.parametrize("character_set", _SETS, ids=repr)
@pytest.mark.parametrize("name", _NAMES)
def test_text_is_in_the_character_set_that_was_asked_in(name: str, character_set: str | list[str] | None) -> None:
    """As by way of a data set: in UTF-8 where the set cannot hold it, or none was named."""
    answers = _answers("explicit", character_set)
    text = _text({"00100010": {"vr": "PN", "Value": [{"Alphabetic": name}]}})
    assert answers.encoded(Row("", "", "", text)) == answers.read(text)


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"00100020": {"vr": "LO", "Value": [7]}, "00100040": {"vr": "CS", "Value": ["F"]}},
        {"00280010": {"vr": "US", "Value": [-1]}},
    ],
    ids=repr,
)
def test_what_no_data_set_can_hold_is_left_out(attributes: dict[str, Any]) -> None:
    """The rest is answered all the same."""
    answers, text = _answers("implicit"), _text(attributes)
    found = answers.encoded(Row("", "", "", text))
    assert found == answers.read(text)
    assert b"ONLINE" in found
