"""UIDs and numbers: of one run, by folder or file; new, or such as follow from content and header."""

import datetime as dt
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from filmless.convert.header import HeaderRules, Origin
from filmless.errors import ConversionError
from filmless.file import generate_uid

from .made import DOCUMENTS, jpeg, picture, video

#: What bulk would make of in/a/{1,2}.png and in/b/3.png.
ORIGINS = [
    Origin(path="in/a/1.png", folder="a", number=1, folder_number=1, number_in_folder=1, file_number=1),
    Origin(path="in/a/2.png", folder="a", number=2, folder_number=1, number_in_folder=2, file_number=2),
    Origin(path="in/a/2.png", folder="a", number=3, folder_number=1, number_in_folder=3, file_number=2, part=1),
    Origin(path="in/b/3.png", folder="b", number=4, folder_number=2, number_in_folder=1, file_number=3),
]


def made(origins=ORIGINS, **rules):
    shared = HeaderRules(**rules)
    return [shared.data_set(picture(), origin) for origin in origins]


def groups(data_sets, keyword):
    """Number what is the same alike."""
    seen: dict[str, int] = {}
    return [seen.setdefault(str(ds[keyword].value), len(seen)) for ds in data_sets]


@pytest.mark.parametrize("deterministic", [False, True])
@pytest.mark.parametrize(
    ("options", "studies", "series", "series_numbers", "instance_numbers"),
    [
        ({}, [0, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1], [1, 2, 3, 4]),
        ({"series": "folder"}, [0, 0, 0, 0], [0, 0, 0, 1], [1, 1, 1, 2], [1, 2, 3, 1]),
        ({"series": "file"}, [0, 0, 0, 0], [0, 1, 1, 2], [1, 2, 2, 3], [1, 1, 2, 1]),
        ({"study": "folder"}, [0, 0, 0, 1], [0, 0, 0, 1], [1, 1, 1, 1], [1, 2, 3, 4]),
        ({"study": "file"}, [0, 1, 1, 2], [0, 1, 1, 2], [1, 1, 1, 1], [1, 2, 3, 4]),
        ({"study": "folder", "series": "folder"}, [0, 0, 0, 1], [0, 0, 0, 1], [1, 1, 1, 2], [1, 2, 3, 1]),
    ],
)
def test_grouping(options, studies, series, series_numbers, instance_numbers, deterministic):
    found = made(deterministic=deterministic, **options)
    assert groups(found, "StudyInstanceUID") == studies
    assert groups(found, "SeriesInstanceUID") == series
    assert [ds.SeriesNumber for ds in found] == series_numbers
    assert [ds.InstanceNumber for ds in found] == instance_numbers
    assert groups(found, "SOPInstanceUID") == [0, 1, 2, 3]
    assert all(ds.SOPInstanceUID.is_valid and ds.StudyInstanceUID.is_valid for ds in found)


def test_another_date_is_another_study(tmp_path):
    """Of one study there is one Study Date."""
    (tmp_path / "t.csv").write_text("file,PatientID,StudyDate\n1.png,7,20200101\n2.png,7,20200102\n3.png,7,20200101\n")
    found = made(table=tmp_path / "t.csv")
    assert groups(found, "StudyInstanceUID") == [0, 1, 1, 0]
    assert groups(found, "SeriesInstanceUID") == [0, 1, 1, 0]


def test_uids_that_are_given_win(tmp_path):
    found = made(study="1.2.3", series="1.2.4")
    assert {(ds.StudyInstanceUID, ds.SeriesInstanceUID) for ds in found} == {("1.2.3", "1.2.4")}
    found = made(study="folder", values={"StudyInstanceUID": "1.2.3"})
    assert {ds.StudyInstanceUID for ds in found} == {"1.2.3"}
    table = tmp_path / "t.csv"
    table.write_text("file,StudyInstanceUID,InstanceNumber\na/1.png,1.2.3,77\na/2.png,,\nb/3.png,,\n", "utf-8")
    found = made(table=table)
    assert found[0].StudyInstanceUID == "1.2.3"
    assert groups(found, "StudyInstanceUID") == [0, 1, 1, 1]
    assert [ds.InstanceNumber for ds in found] == [77, 2, 3, 4]


@pytest.mark.parametrize("deterministic", [False, True])
def test_another_patient_or_kind_is_another_study_or_series(deterministic, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("file,PatientID\na/1.png,1\na/2.png,1\nb/3.png,2\n", "utf-8")
    assert groups(made(table=table, deterministic=deterministic), "StudyInstanceUID") == [0, 0, 0, 1]
    rules = HeaderRules(deterministic=deterministic)
    found = [rules.data_set(content, Origin(path="x")) for content in (picture(), DOCUMENTS["PDF"], video())]
    assert groups(found, "StudyInstanceUID") == [0, 0, 0]
    assert groups(found, "SeriesInstanceUID") == [0, 1, 2]


def test_a_run_that_goes_on_keeps_its_studies_and_series():
    first, second, other = made(run="x"), made(run="x"), made(run="y")
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID"):
        assert first[0][keyword].value == second[0][keyword].value != other[0][keyword].value
    assert first[0].SOPInstanceUID != second[0].SOPInstanceUID


def test_new_ones_are_new():
    first, second = made(), made()
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        assert first[0][keyword].value != second[0][keyword].value


@pytest.mark.parametrize(
    "content", [picture(), jpeg(), picture(bits=32, kind="f"), picture(3), *DOCUMENTS.values(), video()]
)
def test_deterministic_ones_follow_from_content_and_header(content):
    early, late = dt.datetime(2020, 1, 2, tzinfo=dt.UTC), dt.datetime(2026, 1, 2, tzinfo=dt.UTC)

    def uids(values=None, now=early, origin=None, **options):
        rules = HeaderRules(deterministic=True, values=values or {}, now=now, **options)
        return rules.data_set(content, origin)

    first = uids()
    assert uids() == first
    assert uids(now=late).SOPInstanceUID == first.SOPInstanceUID
    assert uids({"PatientID": "1"}).SOPInstanceUID != first.SOPInstanceUID
    assert uids({"PatientID": "1"}).StudyInstanceUID != first.StudyInstanceUID
    assert uids({"StudyDate": "20200101"}).SOPInstanceUID != first.SOPInstanceUID
    here = uids(origin=Origin(path="in/x.png")).SOPInstanceUID
    assert uids(origin=Origin(path="in/x.png", number=2, folder_number=3, file_number=4)).SOPInstanceUID == here
    for other in (Origin(path="in/y.png"), Origin(path="in/x.png", part=1), Origin(path="in/x.png", namesake=1)):
        assert uids(origin=other).SOPInstanceUID != here
    assert uids({"InstanceNumber": 2}, origin=Origin(path="in/x.png")).SOPInstanceUID != here
    assert uids(run="another").StudyInstanceUID != first.StudyInstanceUID
    rooted = uids(uid_root="1.2.826.0.1")
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID"):
        if keyword in rooted:
            assert rooted[keyword].value.startswith("1.2.826.0.1.")
            assert rooted[keyword].value.is_valid


def test_deterministic_ones_of_other_content_differ():
    contents = [picture(), picture(top=7), picture(samples=3), picture(bits=16), jpeg(), jpeg(2), picture(2)]
    rules = HeaderRules(deterministic=True)
    found = {rules.data_set(content).SOPInstanceUID for content in contents}
    assert len(found) == len(contents)
    # Alone, with nothing that says what it belongs to, each is a study of its own; of one run they are one.
    assert rules.data_set(contents[0]).StudyInstanceUID != rules.data_set(contents[1]).StudyInstanceUID
    of_a_run = [rules.data_set(content, Origin(path="x")).StudyInstanceUID for content in contents[:2]]
    assert of_a_run[0] == of_a_run[1]
    alone = [rules.data_set(content, Origin(path="x", alone=True)).StudyInstanceUID for content in contents[:2]]
    assert alone[0] != alone[1]
    same = [HeaderRules(deterministic=True, values={"PatientID": "1"}).data_set(one) for one in contents[:2]]
    assert same[0].StudyInstanceUID == same[1].StudyInstanceUID


def test_a_worklist_entry_keeps_them_deterministic():
    entry = {"PatientID": "1", "ScheduledProcedureStepSequence": [{"ScheduledProcedureStepID": "S"}]}
    days = (dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in (1, 5))
    found = {
        HeaderRules(worklist=entry, deterministic=True, now=day).data_set(picture()).SOPInstanceUID for day in days
    }
    assert len(found) == 1


@pytest.mark.parametrize("deterministic", [False, True])
def test_threads_and_order_do_not_matter(deterministic):
    rules = HeaderRules(deterministic=deterministic, study="folder", series="folder", values={"PatientID": "1"})
    origins = [
        Origin(path=f"{folder}/{number}.png", folder=str(folder), number=number, folder_number=folder + 1)
        for number in range(1, 200)
        for folder in [number % 7]
    ]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda origin: rules.data_set(picture(), origin), reversed(origins)))[::-1]
    again = [rules.data_set(picture(), origin) for origin in origins]
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SeriesNumber", "InstanceNumber", "StudyTime"):
        assert [ds[keyword].value for ds in found] == [ds[keyword].value for ds in again], keyword
    assert ([a.SOPInstanceUID == b.SOPInstanceUID for a, b in zip(found, again, strict=True)]) == [deterministic] * 199
    assert len({ds.SOPInstanceUID for ds in found}) == 199
    assert len({ds.StudyInstanceUID for ds in found}) == 7


def test_rules_can_be_pickled():
    rules = HeaderRules(values={"PatientID": "1", "OtherPatientIDsSequence": [{"PatientID": "2"}]})
    other = pickle.loads(pickle.dumps(rules))
    assert other.data_set(picture()).StudyInstanceUID == rules.data_set(picture()).StudyInstanceUID
    assert other.data_set(picture()).OtherPatientIDsSequence[0].PatientID == "2"


def test_one_moment_for_a_run():
    now = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    ds = HeaderRules(now=now).data_set(picture())
    local = now.astimezone()
    assert (ds.StudyDate, ds.ContentTime) == (local.strftime("%Y%m%d"), local.strftime("%H%M%S"))
    assert ds.TimezoneOffsetFromUTC == local.strftime("%z")
    # Of a date that is given nobody knows the zone.
    assert "TimezoneOffsetFromUTC" not in HeaderRules(values={"StudyDate": "20200101"}).data_set(picture())
    assert "TimezoneOffsetFromUTC" in HeaderRules(values={"PatientBirthDate": "20200101"}).data_set(picture())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"study": "patient"}, "study is none of one, folder and file, and no UID"),
        ({"series": "1..2"}, "series is none of"),
        ({"series": "12"}, "series is none of"),
        ({"uid_root": "1.02"}, "uid_root is no root"),
        ({"uid_root": "x"}, "uid_root is no root"),
        ({"uid_root": "1." * 40}, "uid_root is no root"),
        ({"uid_root": "1." + "2" * 42}, "uid_root is no root of a UID, expected .* at most 43 characters"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(ConversionError, match=message):
        HeaderRules(**options)


@pytest.mark.parametrize("series", ["one", "folder", "file"])
def test_deterministic_ones_do_not_depend_on_what_else_is_in_the_run(series):
    rules = HeaderRules(deterministic=True, series=series)
    early, late = (
        rules.data_set(
            picture(),
            Origin(path="in/m/m.png", folder="m", number=n, folder_number=n, number_in_folder=n, file_number=n),
        )
        for n in (1, 2)
    )
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        assert early[keyword].value == late[keyword].value, keyword
    assert early.InstanceNumber != late.InstanceNumber or series == "file"


@pytest.mark.parametrize("deterministic", [False, True])
def test_the_longest_root_leaves_digits_enough(deterministic):
    root = "1." + "2" * 41
    found = [
        HeaderRules(uid_root=root, deterministic=deterministic).data_set(picture(), Origin(path=f"{n}.png"))
        for n in range(50)
    ]
    uids = {ds.SOPInstanceUID for ds in found}
    assert len(uids) == 50
    assert all(uid.is_valid and uid.startswith(f"{root}.") and len(uid) > 60 for uid in uids)


def test_a_root_that_leaves_too_few_digits():
    with pytest.raises(ValueError, match="at most 43 characters"):
        generate_uid("1." + "2" * 42)


def test_one_instance_uid_for_two_objects():
    rules = HeaderRules(values={"SOPInstanceUID": "1.2.3"})
    assert rules.data_set(picture(), ORIGINS[0]).SOPInstanceUID == "1.2.3"
    for origin in ORIGINS[1:]:
        with pytest.raises(ConversionError, match="more than one object would have it"):
            rules.data_set(picture(), origin)
