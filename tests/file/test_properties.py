"""What must hold of any data set: what is written is read again, however it is encoded."""

import io
import math
import pickle
from typing import Any

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import filmless
from filmless import Dataset
from filmless.file import encode

SYNTAXES = ["ImplicitVRLittleEndian", "ExplicitVRLittleEndian", "ExplicitVRBigEndian", "DeflatedExplicitVRLittleEndian"]
#: Letters of the repertoires: what each character set must hold.
REPERTOIRES = {
    "ISO_IR 100": "äéñßÆ°",
    "ISO_IR 101": "łžąđ",
    "ISO_IR 109": "ĉĝħ",
    "ISO_IR 110": "ąēģ",
    "ISO_IR 144": "Люкceмбyрг",
    "ISO_IR 127": "قباني",
    "ISO_IR 126": "Διονυσιος",
    "ISO_IR 138": "שרון",
    "ISO_IR 148": "çğıöşü",
    "ISO_IR 203": "€Šœ",
    "ISO_IR 13": "ﾔﾏﾀﾞ",
    "ISO_IR 166": "นามสกุล",
    "\\ISO 2022 IR 87": "山田太郎やまだ",
    "\\ISO 2022 IR 159": "丂丄丅",
    "\\ISO 2022 IR 149": "김희중洪吉洞",
    "\\ISO 2022 IR 58": "张小东",
    "ISO_IR 192": "山😀é김ไ",
    "GB18030": "张小东€😀",
    "GBK": "张小东",
}

plain = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="\\^="), max_size=12)
text = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="\\^="), max_size=12)


def several(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """One value, or a list of some; an empty value is none and stands for itself."""
    return values | st.lists(values, min_size=2, max_size=4)


def integers(bits: int, *, signed: bool) -> st.SearchStrategy[Any]:
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return several(st.integers(low, high))


finite = st.floats(allow_nan=False, allow_infinity=False)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "AE": several(plain.filter(bool)),
    "AS": st.sampled_from(["001D", "018M", "099Y"]),
    "AT": several(st.integers(0, 0xFFFFFFFF)),
    "CS": several(st.text("ABC_ 09", min_size=1, max_size=16).map(str.strip).filter(bool)),
    "DA": several(st.dates().map(lambda day: f"{day:%Y%m%d}".zfill(8))),
    "DS": several(st.floats(-1e9, 1e9).map(lambda number: float(f"{number:.6g}"))),
    "DT": st.datetimes().map(lambda moment: f"{moment:%Y%m%d%H%M%S}".zfill(14)),
    "FD": several(finite),
    "FL": several(st.floats(allow_nan=False, allow_infinity=False, width=32)),
    "IS": several(st.integers(-(1 << 31), (1 << 31) - 1)),
    "LO": several(text.filter(bool)),
    "LT": text,
    "OB": st.binary(max_size=40).filter(lambda value: len(value) % 2 == 0),
    "OW": st.binary(max_size=40).filter(lambda value: len(value) % 2 == 0),
    "OD": st.lists(finite, max_size=4).map(lambda numbers: b"\0\1\2\3\4\5\6\7" * len(numbers)),
    "PN": several(text.filter(bool)),
    "SH": several(text.filter(bool)),
    "SL": integers(32, signed=True),
    "SS": integers(16, signed=True),
    "ST": text,
    "SV": integers(64, signed=True),
    "TM": st.times().map(lambda time: f"{time:%H%M%S}"),
    "UC": several(text.filter(bool)),
    "UI": several(st.lists(st.integers(1, 999), min_size=2, max_size=8).map(lambda parts: ".".join(map(str, parts)))),
    "UL": integers(32, signed=False),
    "UN": st.binary(min_size=2, max_size=40).filter(lambda value: len(value) % 2 == 0),
    "UR": plain,
    "US": integers(16, signed=False),
    "UT": text,
    "UV": integers(64, signed=False),
}


@st.composite
def data_sets(draw: st.DrawFn, depth: int = 2) -> Dataset:
    """Private elements of any representation (no dictionary knows better), and sequences of such data sets."""
    dataset = Dataset()
    if depth == 2:
        dataset.SpecificCharacterSet = "ISO_IR 192"
        dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3"
    dataset.add_new(0x0009_0010, "LO", "FILMLESS TESTS")
    for number, vr in enumerate(draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=8))):
        dataset.add_new(0x0009_1000 + number, vr, draw(VALUES[vr]))
    if depth:
        items = draw(st.lists(data_sets(depth=depth - 1), max_size=2))
        dataset.ReferencedStudySequence = items
    return dataset


def values(dataset: Dataset) -> list[tuple[int, str, object]]:
    """Everything in a data set but the bytes of words, which lie as the transfer syntax has them."""
    elements = [element for element in dataset.walk() if element.VR not in {"SQ", "OW", "OD"}]
    return [(int(element.tag), element.VR, element.value) for element in elements]


@settings(max_examples=60)
@given(data_sets(), st.sampled_from(SYNTAXES[1:]), st.sampled_from(["keep", "defined", "undefined"]))
def test_what_is_written_is_read(dataset: Dataset, syntax: str, lengths: str) -> None:
    data = encode(dataset, transfer_syntax=syntax, lengths=lengths)  # type: ignore[arg-type]
    again = filmless.read(data)
    assert again == dataset
    assert values(again) == values(dataset)
    assert encode(again) == data, "read and written unchanged is the same file"


@settings(max_examples=40)
@given(data_sets())
def test_implicit_vr_keeps_what_the_dictionary_knows(dataset: Dataset) -> None:
    again = filmless.read(encode(dataset, transfer_syntax="ImplicitVRLittleEndian"))
    raw = [(int(element.tag), element.raw) for element in again.walk() if element.VR != "SQ"]
    explicit = filmless.read(encode(dataset))
    assert raw == [(int(element.tag), element.raw) for element in explicit.walk() if element.VR != "SQ"]


@settings(max_examples=40)
@given(data_sets())
def test_pydicom_reads_the_same(dataset: Dataset) -> None:
    theirs = pydicom.dcmread(io.BytesIO(encode(dataset)))
    read = [element for element in filmless.read(encode(dataset)).walk() if element.VR != "SQ"]
    for ours, other in zip(read, (element for element in theirs.iterall() if element.VR != "SQ"), strict=True):
        assert (int(ours.tag), ours.VR) == (int(other.tag), other.VR)
        mine = ours.value if isinstance(ours.value, list) else [ours.value]
        value = other.value
        several = isinstance(value, pydicom.multival.MultiValue) or type(value) is list
        yours = list(value) if several else [value]
        assert [part or None for part in mine] == [(str(part) if ours.VR == "PN" else part) or None for part in yours]


@settings(max_examples=40)
@given(data_sets())
def test_json_xml_pickle_and_copies_are_the_same(dataset: Dataset) -> None:
    assert Dataset.from_json(dataset.to_json()) == dataset
    assert Dataset.from_xml(dataset.to_xml()) == dataset
    assert pickle.loads(pickle.dumps(dataset)) == dataset
    assert dataset.copy() == dataset


@settings(max_examples=40)
@given(data_sets(), data_sets())
def test_data_sets_are_equal_when_their_elements_are(left: Dataset, right: Dataset) -> None:
    def plain(dataset: Dataset) -> list[Any]:
        return [(int(element.tag), element.VR, repr(element.value)) for element in dataset.walk()]

    assert (left == right) == (plain(left) == plain(right))


@pytest.mark.parametrize("vr", sorted(VALUES))
def test_a_value_is_decoded_as_it_was_set(vr: str) -> None:
    @settings(max_examples=30)
    @given(VALUES[vr])
    def check(value: Any) -> None:
        dataset = Dataset()
        dataset.add_new(0x0009_0010, "LO", "FILMLESS TESTS")
        dataset.add_new(0x0009_1001, vr, value)
        again = filmless.read(encode(dataset, part10=False), force=True)
        found = again[0x0009_1001].value
        if value in ("", b"", None):
            assert not found
        elif vr in {"FL", "FD", "DS"}:
            pairs = zip(found, value, strict=True) if isinstance(value, list) else [(found, value)]
            assert all(math.isclose(one, other, rel_tol=1e-12) for one, other in pairs)
        else:
            assert found == value

    check()


@pytest.mark.parametrize("character_set", REPERTOIRES)
def test_text_of_a_character_set_there_and_back(character_set: str) -> None:
    @settings(max_examples=25)
    @given(st.text("ab " + REPERTOIRES[character_set], min_size=1, max_size=16).map(str.strip).filter(bool))
    def check(text: str) -> None:
        dataset = Dataset()
        dataset.SpecificCharacterSet = character_set.split("\\")
        dataset.PatientName = f"{text}^{text}"
        dataset.StudyDescription = text
        again = filmless.read(encode(dataset))
        assert (again.PatientName, again.StudyDescription) == (f"{text}^{text}", text)
        assert again["SpecificCharacterSet"].text == dataset["SpecificCharacterSet"].text, "nothing else was needed"

    check()


def test_text_that_the_character_set_does_not_hold_makes_it_unicode() -> None:
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.PatientName = "山田^太郎"
    dataset.StudyDescription = "é"
    again = filmless.read(encode(dataset))
    assert again.SpecificCharacterSet == "ISO_IR 192"
    assert (again.PatientName, again.StudyDescription) == ("山田^太郎", "é")
