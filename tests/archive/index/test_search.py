"""Searching: against a plain matcher over data sets, and what hostile keys come to."""

import json
import re
import time
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from filmless import _core
from filmless.archive.index.index import Index
from filmless.archive.query import Key, Level, Query
from filmless.archive.within import Within
from filmless.dataset import Dataset
from filmless.errors import LimitError, ValueRepresentationError

from .made import CT, SR, data_set, keys, path, placed


def _item(**values: Any) -> Dataset:
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


DATA_SETS = [
    data_set(
        1, 1, 1, PatientName="Doe^Jane", StudyDate="20200101", StudyTime="0930", AccessionNumber="A_1", StudyID="S%",
        StudyDescription="CT [brain]*", ReferringPhysicianName="House^Gregory", KVP=120, Rows=512,
        ReferencedImageSequence=[_item(KVP=90, StudyDescription='"00180060":{"vr":"DS","Value":[90]}')],
        CTExposureSequence=[_item(KVP=90)],
        SeriesDescription="axial 5mm", SeriesDate="20200101", SeriesTime="093100.5", AcquisitionDate="20200101",
        AcquisitionTime="1000", InstitutionName="St. Mary",
        RequestAttributesSequence=[
            _item(ScheduledProcedureStepID="1", RequestedProcedureID="A"),
            _item(ScheduledProcedureStepID="2", RequestedProcedureID="B"),
        ],
    ),
    data_set(
        1, 1, 2, PatientName="Doe^Jane", StudyDate="20200101", StudyTime="0930", AccessionNumber="A_1", KVP=100,
        Rows=256, AcquisitionDate="20200101", AcquisitionTime="120000", AcquisitionDateTime="20200101120000.5+0100",
    ),
    data_set(1, 2, 1, Modality="SR", SOPClassUID=SR, SeriesDescription="report", SeriesNumber=None, KVP=None),
    data_set(
        2, 1, 1, PatientName="DOE^JOSÉ^^Dr", PatientID="a%", IssuerOfPatientID="X", PatientSex="M",
        PatientBirthDate="19700131", StudyDate="20200102", StudyTime="235959.999999", AccessionNumber="AB1",
        ReferringPhysicianName="Müller^Ö", Modality="MR", KVP=120, InstanceNumber=None, ProtocolName="axial\\sag",
        BodyPartExamined="HEAD", PerformedProcedureStepStartDate="20200102", PerformedProcedureStepStartTime="10",
    ),
    data_set(
        3, 1, 1, PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう", PatientID="a_", StudyDate=None, StudyTime="1200",
        AccessionNumber="", StudyID="s%", Modality="CT", BodyPartExamined="CHEST", OperatorsName="Li^Wei\\Doe^J",
        RequestAttributesSequence=[_item(ScheduledProcedureStepID="1", RequestedProcedureID="B")],
    ),
    data_set(
        4, 1, 1, PatientName="van der Doe^J", PatientID="P1", StudyDate="20191231", StudyTime=None,
        AccessionNumber="\\", StudyDescription="it's; DROP TABLE study", ReferringPhysicianName=None, Modality=None,
        SeriesTime="000000", SeriesDate="20191231", Rows=512,
    ),
]  # fmt: skip

PARENTS: dict[Level, str] = {
    "study": "StudyInstanceUID",
    "series": "SeriesInstanceUID",
    "instance": "SOPInstanceUID",
}


# -- the plain matcher: written apart from the one that is tested, over data sets ------------------------------------


def _plain_fold(text: str) -> str:
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in apart if not "\u0300" <= c <= "\u036f")).lower()


def _plain_glob(pattern: str, text: str) -> bool:
    places = {0}
    for letter in pattern:
        if letter == "*":
            places = set(range(min(places, default=len(text) + 1), len(text) + 1))
        else:
            places = {p + 1 for p in places if p < len(text) and letter in {"?", text[p]}}
    return len(text) in places


def _texts(ds: Dataset, keyword: str) -> list[str]:
    if keyword not in ds:
        return []
    value = ds[keyword].value
    values = list(value) if isinstance(value, list | tuple) else [value]
    return [str(value) for value in values if value is not None and str(value)]


def _plain(ds: Dataset, keyword: str, text: str, *, fuzzy: bool) -> bool:
    """Whether one data set matches one key of one attribute."""
    if not text.strip("*\\ ") or "*" in text.split("\\"):
        return True
    values = _texts(ds, keyword)
    text = text.strip()
    if '""' in text.split("\\") and not values:
        return True
    vr = _core.dictionary_entry(keyword)[1]  # type: ignore[index]
    parts = [part.strip() for part in text.split("\\") if part.strip(" ") not in {"", '""'}]
    if vr == "DA":
        return any(_in_range(part, value, 8) for part in parts for value in values)
    if vr == "TM":
        return any(_in_range(part, value, 12) for part in parts for value in values)
    if vr in {"IS", "US", "DS"}:
        return any(float(part) == float(value) for part in parts for value in values if re.fullmatch(r"[\d.]+", part))
    if vr == "UI":
        return any(part == value for part in parts for value in values)
    if vr == "PN":
        return any(_plain_name(part, value, fuzzy=fuzzy) for part in parts for value in values)
    return any(_plain_glob(part, value.strip()) for part in parts for value in values)


def _in_range(text: str, value: str, digits: int) -> bool:
    def low(part: str) -> str:
        return part.replace(".", "").ljust(digits, "0")

    def high(part: str) -> str:
        part = part.replace(".", "")
        return part + "235959999999"[len(part) :] if digits == 12 else part

    if "-" not in text:
        return low(text) <= low(value) <= high(text)
    before, after = text.split("-")
    return (not before or low(before) <= low(value)) and (not after or low(value) <= high(after))


def _plain_name(part: str, value: str, *, fuzzy: bool) -> bool:
    groups = [_plain_fold(group).rstrip("^") for group in value.split("=")]
    if fuzzy:
        words = [word for group in groups for word in re.split(r"[ ^-]+", group)]
        wanted = [word for word in re.split(r"[ ^=*?-]+", _plain_fold(part)) if word]
        return all(any(word.startswith(each) for word in words) for each in wanted)
    patterns = ["^".join(_plain_fold(c).strip() for c in group.split("^")).rstrip("^") for group in part.split("=")]
    if not any(patterns):
        return any(groups)

    def matches(pattern: str, group: str) -> bool:
        return _plain_glob(pattern, group) or (pattern.endswith("^*") and matches(pattern[:-2].rstrip("^"), group))

    if len(patterns) == 1:
        return any(matches(patterns[0], group) for group in groups if group)
    groups += [""] * 3
    return all(matches(pattern, group) for pattern, group in zip(patterns, groups, strict=False) if pattern)


ABOVE = {"PatientName", "PatientID", "IssuerOfPatientID", "PatientSex", "PatientBirthDate", "StudyDate", "StudyTime",
         "AccessionNumber", "StudyID", "StudyDescription", "ReferringPhysicianName", "InstitutionName"}  # fmt: skip
SERIES = {"SeriesDescription", "SeriesDate", "SeriesTime", "SeriesNumber", "Modality", "BodyPartExamined",
          "ProtocolName", "OperatorsName", "PerformedProcedureStepStartDate",
          "PerformedProcedureStepStartTime"}  # fmt: skip


def _expected(level: Level, pairs: list[tuple[str, str]], *, fuzzy: bool) -> set[str]:
    """The UIDs that match, from data sets whose parents are those that came first, as in the index."""
    parent = PARENTS[level]
    found = set()
    for uid in {str(ds[parent].value) for ds in DATA_SETS}:
        own = [ds for ds in DATA_SETS if str(ds[parent].value) == uid]
        study = next(ds for ds in DATA_SETS if ds.StudyInstanceUID == own[0].StudyInstanceUID)
        all_of_study = [ds for ds in DATA_SETS if ds.StudyInstanceUID == own[0].StudyInstanceUID]
        series_of = {str(ds.SeriesInstanceUID): ds for ds in reversed(DATA_SETS)}

        def matches(keyword: str, text: str) -> bool:
            if keyword == "ModalitiesInStudy":
                return any(_plain(ds, "Modality", text, fuzzy=False) for ds in all_of_study)  # noqa: B023
            if keyword in ABOVE:
                return _plain(study, keyword, text, fuzzy=fuzzy)  # noqa: B023
            if keyword in SERIES:
                return any(_plain(series_of[str(ds.SeriesInstanceUID)], keyword, text, fuzzy=fuzzy) for ds in own)  # noqa: B023
            return any(_plain(ds, keyword, text, fuzzy=fuzzy) for ds in own)  # noqa: B023

        if all(matches(keyword, text) for keyword, text in pairs):
            found.add(uid)
    return found


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index of each kind with the data sets in it."""
    folder = tmp_path_factory.mktemp("index")
    url = f"sqlite:///{folder / 'i'}" if request.param == "sqlite" else request.getfixturevalue("postgres")()
    index = Index(url)
    for ds in DATA_SETS:
        assert index.add(placed(ds)) == [True]
    yield index
    index.close()


def _uids(index: Index, level: Level, pairs: Any, **options: Any) -> list[str]:
    found = index.search(Query(level, keys(pairs), **options))
    return [(row.instance_uid or row.series_uid or row.study_uid) for row in found.rows]


_TEXT = st.one_of(
    st.sampled_from(["*", "", "A*", "?_1", "A_1", "a%", "a_", "P?", "S%", "*[brain]*", "*'*", "it's; DROP TABLE study",
                     "A_1\\AB1", '""', '""\\A_1', "??", "*\\*", "CT", "C?", "MR\\SR", "HEAD", "axial*", "*mm", "report",
                     "M", "St*"]),
    st.text("aA1*?_%[]\\'\" PS-^", max_size=6),
)  # fmt: skip
_NAME = st.one_of(
    st.sampled_from(["doe^j*", "DOE^JANE", "Doe^José", "doe*", "Doe^*", "*^j?ne", "山田*", "=山田^太郎",
                     "Yamada^*=山田*",
                     "やまだ^たろう", "DOE^JOSE^^DR", "d", "muller*", "J Doe", "tar yam", "=*", "*=*", "li^wei",
                     '""', "?*"]),
    st.text("doeDOEjé^=*? 山", max_size=7),
)  # fmt: skip
_DATE = st.one_of(
    st.sampled_from(["20200101", "20200101-", "-20200101", "20191231-20200101", "20200102\\20191231", "20200103-",
                     '""']),
    st.tuples(st.integers(20191230, 20191231), st.integers(20200101, 20200103)).map(lambda d: f"{d[0]}-{d[1]}"),
)  # fmt: skip
_TIME = st.sampled_from(
    ["09", "0930", "09-10", "-093000", "1200-", "235959.999999", "0930-2359", "093001", "12\\09", '""']
)
_NUMBERS = st.sampled_from(["1", "2", "1\\2", "512", "120", "x", "1*", "9999999999999999999", "100.0", '""', "-1"])

_KEYS: dict[str, st.SearchStrategy[str]] = {
    **dict.fromkeys(["PatientName", "ReferringPhysicianName", "OperatorsName"], _NAME),
    **dict.fromkeys(["PatientBirthDate", "StudyDate", "SeriesDate", "PerformedProcedureStepStartDate"], _DATE),
    **dict.fromkeys(["StudyTime", "SeriesTime", "PerformedProcedureStepStartTime"], _TIME),
    **dict.fromkeys(["SeriesNumber", "InstanceNumber", "Rows", "KVP"], _NUMBERS),
    **dict.fromkeys(
        ["PatientID", "IssuerOfPatientID", "PatientSex", "AccessionNumber", "StudyID", "StudyDescription", "Modality",
         "ModalitiesInStudy", "SeriesDescription", "BodyPartExamined", "ProtocolName", "InstitutionName"],
        _TEXT,
    ),
    "SOPClassUID": st.sampled_from([CT, SR, f"{CT}\\{SR}", "1.2", "1.2*"]),
    "StudyInstanceUID": st.sampled_from(["1.2.1", "1.2.2\\1.2.3", "1.2.%", "1.2.9"]),
    "SOPInstanceUID": st.sampled_from(["1.2.1.1.2", "1.2.1.2.1\\1.2.4.1.1\\x", "1"]),
}  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(
    level=st.sampled_from(list(PARENTS)),
    pairs=st.lists(st.sampled_from(sorted(_KEYS)), unique=True, max_size=3).flatmap(
        lambda names: st.tuples(*(st.tuples(st.just(name), _KEYS[name]) for name in names))
    ),
    fuzzy=st.booleans(),
)
@example(level="study", pairs=(("AccessionNumber", "A_1"),), fuzzy=False)
@example(level="study", pairs=(("PatientID", "a%"),), fuzzy=False)
@example(level="instance", pairs=(("KVP", "120"), ("Modality", "MR")), fuzzy=False)
@example(level="study", pairs=(("KVP", "90"),), fuzzy=False)
@example(level="study", pairs=(("InstitutionName", "*\\1"),), fuzzy=False)
@example(level="study", pairs=(("OperatorsName", "doe li"),), fuzzy=True)
def test_a_search_finds_what_the_plain_matcher_finds(
    filled: Index, level: Level, pairs: tuple[tuple[str, str], ...], fuzzy: bool
) -> None:
    names = dict(pairs)
    for date in ("StudyDate", "SeriesDate", "PerformedProcedureStepStartDate"):
        both = names.get(date, ""), names.get(date.replace("Date", "Time"), "")
        if all("-" in text for text in both):  # one range of moments, which has a test of its own
            return
    assert set(_uids(filled, level, pairs, fuzzy=fuzzy)) == _expected(level, list(pairs), fuzzy=fuzzy)


@pytest.mark.parametrize(
    ("date", "time_", "expected"),
    [
        ("20191231-20200102", "0930-1000", {"1.2.1"}),  # 20191231 without a time is before 09:30
        ("20200101-20200102", "0931-2359", {"1.2.2"}),  # from 1 January 09:31 to 2 January 23:59:59
        ("20200101-", "0930-", {"1.2.1", "1.2.2"}),
        ("-20200101", "-0929", {"1.2.4"}),
        ("20200101", "0900-1000", {"1.2.1"}),  # no two ranges
        ("20191231-20200102", "12", set()),
    ],
)
def test_two_ranges_are_one_of_moments(filled: Index, date: str, time_: str, expected: set[str]) -> None:
    assert set(_uids(filled, "study", {"StudyDate": date, "StudyTime": time_})) == expected


def test_moments_without_columns_are_combined_too(filled: Index) -> None:
    pairs = {"AcquisitionDate": "20191231-20200101", "AcquisitionTime": "11-1130"}
    assert set(_uids(filled, "instance", pairs)) == {"1.2.1.1.1"}  # 31 December 11:00 to 1 January 11:30
    assert set(_uids(filled, "instance", {"AcquisitionDateTime": "20200101110000+0000-20200101110001+0000"})) == {
        "1.2.1.1.2"
    }
    assert set(_uids(filled, "instance", {"AcquisitionDateTime": "2020"})) == {"1.2.1.1.2"}
    assert _uids(filled, "instance", {"AcquisitionDateTime": "20200101110002+0000-"}) == []


def test_keys_in_a_sequence_match_in_one_item(filled: Index) -> None:
    step, procedure = (
        f"RequestAttributesSequence.{name}" for name in ("ScheduledProcedureStepID", "RequestedProcedureID")
    )
    assert set(_uids(filled, "series", {step: "1"})) == {"1.2.1.1", "1.2.3.1"}
    assert _uids(filled, "series", {step: "1", procedure: "A"}) == ["1.2.1.1"]
    assert _uids(filled, "series", {step: "2", procedure: "A"}) == []
    assert _uids(filled, "study", {step: "1", procedure: "B"}) == ["1.2.3"]
    assert set(_uids(filled, "instance", {step: "1", procedure: "?"})) == {"1.2.1.1.1", "1.2.1.1.2", "1.2.3.1.1"}
    assert len(_uids(filled, "series", {step: "*", procedure: ""})) == 5


def test_counts_and_what_an_answer_says_of_itself(filled: Index) -> None:
    assert _uids(filled, "study", {"NumberOfStudyRelatedSeries": "2"}) == ["1.2.1"]
    assert _uids(filled, "study", {"NumberOfStudyRelatedInstances": "3"}) == ["1.2.1"]
    assert _uids(filled, "series", {"NumberOfSeriesRelatedInstances": "2"}) == ["1.2.1.1"]
    assert _uids(filled, "study", {"SOPClassesInStudy": SR}) == ["1.2.1"]
    assert len(_uids(filled, "study", {"InstanceAvailability": "ONLINE"})) == 4
    assert _uids(filled, "study", {"InstanceAvailability": "OFFLINE"}) == []
    assert len(_uids(filled, "study", {"SpecificCharacterSet": "ISO_IR 100", "RetrieveURL": "x"})) == 4


def test_patients_are_found_by_what_is_below(filled: Index) -> None:
    def found(pairs: dict[str, str], **options: Any) -> list[str]:
        rows = filled.search(Query("patient", keys(pairs), **options)).rows
        return [json.loads(row.json)["00100020"]["Value"][0] for row in rows]

    assert found({}) == ["P1", "a%", "a_"]
    assert found({"StudyDate": "20200101-20200102"}) == ["P1", "a%"]
    assert found({"ModalitiesInStudy": "SR"}) == found({"NumberOfStudyRelatedSeries": "2"}) == ["P1"]
    assert found({"NumberOfPatientRelatedStudies": "7"}) == found({})  # it is returned, not matched
    assert found({"Modality": "SR"}) == found({"KVP": "100"}) == found({"SOPInstanceUID": "1.2.4.1.1"}) == ["P1"]
    assert found({"RequestAttributesSequence.RequestedProcedureID": "B", "PatientName": "*太郎"}) == ["a_"]
    (row,) = filled.search(Query("patient", keys({"PatientID": "P1", "NumberOfPatientRelatedStudies": ""}))).rows
    assert json.loads(row.json)["00201200"]["Value"] == [2]
    sight = Within(studies=frozenset({"1.2.4", "1.2.2"}))
    assert found({}, within=sight) == ["P1", "a%"]
    assert found({"StudyDate": "20200101"}, within=sight) == []  # study 1.2.1 is out of sight
    assert found({"KVP": "100"}, within=sight) == []
    (row,) = filled.search(
        Query("patient", keys({"PatientID": "P1", "NumberOfPatientRelatedStudies": ""}), within=sight)
    ).rows
    assert json.loads(row.json)["00201200"]["Value"] == [1]


def test_only_what_is_in_sight_is_found(filled: Index) -> None:
    for within, expected in [
        (Within(patients=frozenset({"a%", "a_"})), {"1.2.2", "1.2.3"}),
        (Within(studies=frozenset({"1.2.1"})), {"1.2.1"}),
        (Within(patients=frozenset({"P1"}), studies=frozenset({"1.2.2", "1.2.4"})), {"1.2.4"}),
        (Within(patients=frozenset()), set()),
        (Within(studies=frozenset({"1.2.%"})), set()),
    ]:
        assert set(_uids(filled, "study", {}, within=within)) == expected
        assert {uid[:5] for uid in _uids(filled, "instance", {}, within=within)} == expected
        assert {uid[:5] for uid in _uids(filled, "series", {"KVP": "*"}, within=within)} == expected


def test_pages_are_parts_of_one_order(filled: Index) -> None:
    for level, pairs in [("study", {}), ("series", {}), ("instance", {}), ("patient", {}), ("instance", {"KVP": "1*"}),
                         ("instance", {"KVP": "100\\120"}), ("instance", {"StudyInstanceUID": "1.2.1"})]:  # fmt: skip
        query = Query(level, keys(pairs))
        everything = filled.search(query)
        assert not everything.more
        for size in (1, 2, 5):
            pages = []
            while True:
                found = filled.search(Query(level, keys(pairs), limit=size, offset=len(pages)))
                pages += found.rows
                assert len(found.rows) == (size if found.more else len(everything.rows) - len(pages) + len(found.rows))
                if not found.more:
                    break
            assert pages == everything.rows
    assert _uids(filled, "study", {}) == ["1.2.2", "1.2.1", "1.2.4", "1.2.3"]  # newest first
    for pairs in ({}, {"KVP": "120"}):
        assert filled.search(Query("instance", keys(pairs), limit=0)) == ([], True)
        assert not filled.search(Query("instance", keys(pairs), limit=10**30, offset=10**30)).rows
    with pytest.raises(ValueError, match="not below 0"):
        filled.search(Query("study", limit=-1))


@pytest.mark.parametrize(
    "text",
    ["'; DROP TABLE study; --", "\\'; --", '" OR 1=1 --', "1) OR (1=1", "?", "%s", "%(a)s", ":uid", "$1", "[?]",
     "IN [?]",
     "\0", "a\0b", "\ud800", "😀", "%", "_", "[a-z]", "GLOB ?", "{}", "\\", "\\\\", "=", "^", "\n"],
)  # fmt: skip
def test_what_looks_like_sql_is_text(filled: Index, text: str) -> None:
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "SOPClassesInStudy", "ModalitiesInStudy",
                    "SeriesNumber", "KVP", "InstitutionName"):  # fmt: skip
        for fuzzy in (False, True):
            for given_text in (text, f"{text}*"):
                rows = filled.search(Query("study", keys({keyword: given_text}), fuzzy=fuzzy)).rows
                is_plain = keyword != "PatientName" and not text.startswith("?")
                assert len(rows) in ({0, 4} if is_plain else range(5))
    assert filled.totals().studies == 4


def _timed(work: Callable[[], Any], *, seconds: float) -> Any:
    start = time.process_time()
    found = work()
    assert time.process_time() - start < seconds
    return found


def test_huge_keys_take_no_longer_than_they_are_long(filled: Index) -> None:
    uids = "\\".join(f"1.2.840.{number}" for number in range(80_000))
    assert len(uids) > 1_000_000
    for keyword in ("StudyInstanceUID", "SOPInstanceUID", "SOPClassUID", "FrameOfReferenceUID"):
        assert _timed(lambda keyword=keyword: _uids(filled, "study", {keyword: uids}), seconds=2) == []
    assert _timed(lambda: _uids(filled, "study", {"StudyInstanceUID": f"{uids}\\1.2.3"}), seconds=2) == ["1.2.3"]
    within = Within(studies=frozenset(uids.split("\\")) | {"1.2.4"})
    assert _timed(lambda: _uids(filled, "study", {}, within=within), seconds=2) == ["1.2.4"]
    for pattern in (
        "*?" * 10_000,
        "?" * 1_000_000,
        "a*" * 500_000,
        "*a" * 10_000 + "b",
        "%" * 100_000,
        "[" * 50_000 + "*",
    ):
        for keyword in ("PatientName", "PatientID", "ModalitiesInStudy", "StudyDescription", "InstitutionName"):
            assert _timed(lambda p=pattern, k=keyword: _uids(filled, "study", {k: p}), seconds=2) == []
    # All one-letter pieces apart: what makes a matcher that goes back exponential.
    assert _uids(filled, "study", {"PatientID": "*1" * 40, "InstitutionName": "*a*" * 40}) == []
    many = tuple(Key(path("PatientID"), f"P{'?' * (number % 2)}*") for number in range(5000))
    assert len(_timed(lambda: filled.search(Query("study", many)), seconds=2).rows) == 2
    several = tuple(Key(path("PatientID"), f"*{number}*") for number in range(200))
    assert _timed(lambda: filled.search(Query("study", several)), seconds=2).rows == []
    with pytest.raises(LimitError, match="more than 200 keys"):
        filled.search(Query("study", (*several, Key(path("PatientID"), "x"))))


@pytest.mark.parametrize("keyword", ["PatientID", "PatientName", "ModalitiesInStudy", "StudyDate", "SOPClassesInStudy",
                                     "StudyTime", "KVP", "InstitutionName", "NumberOfStudyRelatedSeries"])  # fmt: skip
def test_a_key_of_many_values(filled: Index, keyword: str) -> None:
    value = {"StudyDate": "1900010{}", "StudyTime": "000000.{}"}.get(
        keyword, "x{}*" if "Number" not in keyword else "9{}"
    )
    parts = [value.format(number % 10) for number in range(1000)]
    assert _timed(lambda: _uids(filled, "study", {keyword: "\\".join(parts)}), seconds=3) == []
    if keyword not in {"KVP", "InstitutionName"}:  # these have no column
        with pytest.raises(LimitError, match="more than 1000 values"):
            _uids(filled, "study", {keyword: "\\".join([*parts, parts[0], parts[0]])})


@pytest.mark.parametrize(
    "pair",
    [("StudyDate", "yesterday"), ("StudyDate", "2020"), ("StudyTime", "9"), ("StudyDate", "20200101-x"),
     ("StudyDate", "-"),
     ("AcquisitionDateTime", "x-y"), ("StudyDate", "-" * 100_000), ("StudyTime", "٠٩"), ("StudyDate", "20200101--")],
)  # fmt: skip
def test_a_date_that_is_none_is_refused_without_its_text(filled: Index, pair: tuple[str, str]) -> None:
    told = r"^the key \w+ is neither a [a-z ]+ nor a range of them: \(....,....\)\nhint: expected one as [-0-9a-z, ]+$"
    with pytest.raises(ValueRepresentationError, match=told):
        filled.search(Query("study", keys([pair])))
