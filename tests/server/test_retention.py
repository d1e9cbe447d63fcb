"""Rules that delete: the server follows them from time to time."""

import json
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
    audit = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    deleted = [line for line in audit if line["who"] == "retention"]
    assert all(line.pop("time") for line in deleted)
    line = {"who": "retention", "by": "server", "operation": "delete", "outcome": "success"}
    assert {**line, "uids": {"studies": ["1.2.1"]}, "instances": 1} in deleted
    assert {**line, "uids": {"studies": ["1.2.4"]}, "instances": 1} in deleted
