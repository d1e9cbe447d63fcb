"""Names of persons: text with components."""

import pickle

import pytest

import filmless
from filmless import PersonName


def test_it_is_text() -> None:
    name = PersonName("Doe^Jane")
    assert name == "Doe^Jane"
    assert isinstance(name, str)
    assert f"{name}" == "Doe^Jane"
    assert pickle.loads(pickle.dumps(name)).family_name == "Doe"
    assert hash(name) == hash("Doe^Jane")


@pytest.mark.parametrize(
    ("text", "components"),
    [
        ("Adams^John Robert Quincy^^Rev.^B.A. M.Div.", ("Adams", "John Robert Quincy", "", "Rev.", "B.A. M.Div.")),
        ("Doe", ("Doe", "", "", "", "")),
        ("", ("", "", "", "", "")),
        ("^Jane", ("", "Jane", "", "", "")),
    ],
)
def test_components(text, components) -> None:
    name = PersonName(text)
    parts = (name.family_name, name.given_name, name.middle_name, name.name_prefix, name.name_suffix)
    assert parts == components


def test_groups() -> None:
    name = PersonName("Yamada^Tarou=山田^太郎=やまだ^たろう")
    assert (name.alphabetic, name.ideographic, name.phonetic) == ("Yamada^Tarou", "山田^太郎", "やまだ^たろう")
    assert len(name.components) == 3
    assert PersonName("=山田^太郎").ideographic == "山田^太郎"
    assert PersonName("Doe").ideographic == ""


def test_made_of_components() -> None:
    name = PersonName.from_components("Yamada", "Tarou", ideographic="山田^太郎")
    assert name == "Yamada^Tarou=山田^太郎"
    assert PersonName.from_components("Doe", "Jane", name_suffix="M.D.") == "Doe^Jane^^^M.D."


def test_formatted() -> None:
    assert PersonName("Doe^Jane").formatted("%(given_name)s %(family_name)s") == "Jane Doe"


def test_values_of_names_are_person_names() -> None:
    ds = filmless.Dataset({"PatientName": "Doe^Jane", "OtherPatientNames": ["A^B", "C^D"]})
    assert ds.PatientName.family_name == "Doe"
    assert [name.given_name for name in ds.OtherPatientNames] == ["B", "D"]


def test_three_groups_through_a_file_in_japanese_character_sets() -> None:
    ds = filmless.Dataset({"SpecificCharacterSet": ["", "ISO 2022 IR 87"]})
    ds.PatientName = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    data = filmless.file.encode(ds)
    assert "山田".encode() not in data
    assert filmless.read(data).PatientName == ds.PatientName
