"""Sequences are lists of data sets."""

from collections.abc import MutableSequence

import pytest

import filmless
from filmless import Dataset, Sequence


@pytest.fixture
def items() -> list[Dataset]:
    return [Dataset({"CodeValue": letter}) for letter in "abc"]


def letters(sequence) -> str:
    return "".join(item.CodeValue for item in sequence)


def test_it_is_a_list(items) -> None:
    sequence = Sequence(items)
    assert isinstance(sequence, MutableSequence)
    assert len(sequence) == 3
    assert sequence[0] is items[0]
    assert sequence[-1] is items[2]
    assert [item.CodeValue for item in sequence[::2]] == ["a", "c"]
    assert items[1] in sequence
    assert sequence.index(items[1]) == 1
    assert sequence.count(items[1]) == 1
    with pytest.raises(IndexError, match="3 items"):
        _ = sequence[3]


def test_every_change_of_a_list(items) -> None:
    sequence = Sequence(items)
    sequence.append(Dataset({"CodeValue": "d"}))
    sequence.insert(0, Dataset({"CodeValue": "z"}))
    assert letters(sequence) == "zabcd"
    assert sequence.pop().CodeValue == "d"
    assert sequence.pop(0).CodeValue == "z"
    sequence.reverse()
    assert letters(sequence) == "cba"
    sequence.remove(items[1])
    sequence += [items[1]]
    sequence.extend([Dataset({"CodeValue": "e"})])
    assert letters(sequence) == "cabe"
    del sequence[1:3]
    assert letters(sequence) == "ce"
    sequence[0] = items[0]
    assert letters(sequence) == "ae"
    sequence.clear()
    assert len(sequence) == 0


def test_only_data_sets_go_in(items) -> None:
    sequence = Sequence(items)
    for wrong in ("x", None, {}):
        with pytest.raises(TypeError, match="data sets"):
            sequence.append(wrong)
    ds = Dataset()
    with pytest.raises(TypeError):
        ds.ReferencedStudySequence = [1]


def test_every_change_reaches_the_file(nested) -> None:
    nested.ReferencedStudySequence.pop()
    nested.ReferencedStudySequence.insert(0, Dataset({"CodeValue": "first"}))
    back = filmless.read(filmless.file.encode(nested))
    assert len(back.ReferencedStudySequence) == 2
    assert back.ReferencedStudySequence[0].CodeValue == "first"
    assert "ReferencedSeriesSequence" in back.ReferencedStudySequence[1]


def test_equality(items) -> None:
    assert Sequence(items) == Sequence([item.copy() for item in items])
    assert Sequence(items) != Sequence(items[:2])
    assert Sequence(items) == items


def test_an_empty_sequence_is_written(nested) -> None:
    nested.ReferencedStudySequence = []
    back = filmless.read(filmless.file.encode(nested))
    assert len(back.ReferencedStudySequence) == 0
    assert back["ReferencedStudySequence"].is_empty


def test_a_data_set_that_holds_itself_is_refused_when_written() -> None:
    ds = Dataset()
    ds.ReferencedStudySequence = [ds]
    with pytest.raises(filmless.errors.LimitError):
        filmless.file.encode(ds)
    del ds.ReferencedStudySequence


def test_text_of_items_from_another_file_is_written_in_the_character_set_of_this_one() -> None:
    latin = Dataset({"SpecificCharacterSet": "ISO_IR 100"})
    latin.ProcedureCodeSequence = [Dataset({"CodeMeaning": "Größe"})]
    source = filmless.read(filmless.file.encode(latin))
    item = source.ProcedureCodeSequence[0]
    assert item["CodeMeaning"].raw == "Größe ".encode("latin-1")
    target = Dataset({"SpecificCharacterSet": "ISO_IR 192", "PatientName": "山田^太郎"})
    target.ProcedureCodeSequence = [item]
    assert target.ProcedureCodeSequence[0].CodeMeaning == "Größe"
    back = filmless.read(filmless.file.encode(target))
    assert back.ProcedureCodeSequence[0].CodeMeaning == "Größe"
    target.ProcedureCodeSequence = source["ProcedureCodeSequence"]
    assert filmless.read(filmless.file.encode(target)).ProcedureCodeSequence[0].CodeMeaning == "Größe"
    assert target.copy().ProcedureCodeSequence[0].CodeMeaning == "Größe"
