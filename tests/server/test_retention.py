"""Rules that delete: the server follows them from time to time."""

from pathlib import Path

from tests.server.conftest import instance, stow, uids, until


def test_the_oldest_studies_go_when_there_is_no_room(start, tmp_path: Path, ct: Path) -> None:
    size = len(instance(ct, 1))
    quota = ("--quota-archive-bytes", 2 * size + 100, "--quota-every-s", 0.05)
    server = start("--data", tmp_path, *quota, "--retention", '{max_age_days=1, age="study_date", modalities=["MR"]}')
    for study in (1, 2, 3):
        assert stow(server.client, instance(ct, 1, study=study)).status_code == 200
    until(lambda: not uids(server.client, 1), "the first is gone")
    assert uids(server.client, 2)
    assert uids(server.client, 3)
    # A scan of long ago, by the rule of its modality.
    assert stow(server.client, instance(ct, 1, study=4, Modality="MR")).status_code == 200
    until(lambda: not uids(server.client, 4), "the old one is gone")
    server.end()
    told = [(event["study"], event["reason"]) for event in server.events() if "deleted by a rule" in event["event"]]
    assert ("1.2.1", "size") in told
    assert ("1.2.4", "age") in told
