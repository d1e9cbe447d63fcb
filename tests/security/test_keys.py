import json
import os
import stat
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from filmless.errors import SecurityError
from filmless.security import ApiKeys
from filmless.security.keys import ApiKey, digest_of


def test_a_key_is_found_and_is_not_in_the_file(tmp_path: Path) -> None:
    keys = ApiKeys(tmp_path / "keys.json")
    key = keys.create("ct-1", roles={"read", "write"}, studies=["1.2"], patients=["A 1"])
    text = (tmp_path / "keys.json").read_text()
    assert key not in text
    assert key.partition("_")[2] not in text
    found = keys.find(key)
    assert found is not None
    assert found.principal.studies == {"1.2"}
    assert found.principal.patients == {"A 1"}
    assert found.principal.may("write")
    assert not found.principal.may("delete")


def test_keys_have_256_bits_and_differ(tmp_path: Path) -> None:
    keys = ApiKeys(tmp_path / "keys.json")
    made = {keys.create(f"k{number}") for number in range(20)}
    assert len(made) == 20
    assert all(len(key.partition("_")[2]) == 43 for key in made)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_the_file_is_for_its_owner_alone_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "keys.json"
    keys = ApiKeys(path)
    old = os.umask(0)
    try:
        keys.create("a")
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["keys.json"]
    path.chmod(0o666)
    with pytest.raises(SecurityError, match="others may write") as caught:
        ApiKeys(path)
    assert caught.value.hint


def test_another_process_revokes(tmp_path: Path) -> None:
    running, elsewhere = ApiKeys(tmp_path / "keys.json"), ApiKeys(tmp_path / "keys.json")
    key = elsewhere.create("a")
    assert running.find(key)
    elsewhere.revoke("a")
    assert running.find(key) is None
    assert running.is_configured  # the last key that goes opens nothing
    (tmp_path / "keys.json").unlink()
    assert running.is_configured
    assert running.find(key) is None


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"keys": 1}', b'{"keys": [1]}', b"[" * 100_000, b'{"keys": [{"name": "a"}]}']
)
def test_a_broken_file_refuses_all_its_keys(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keys.json"
    keys = ApiKeys(path)
    key = keys.create("a")
    good = path.read_bytes()
    path.write_bytes(content)
    for _ in range(2):
        with pytest.raises(SecurityError):
            keys.find(key)
    with pytest.raises(SecurityError):
        ApiKeys(path)
    path.write_bytes(good)
    assert keys.find(key)


def test_a_restriction_that_is_not_known_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    ApiKeys(path).create("a")
    content = json.loads(path.read_text())
    content["keys"][0]["series"] = ["1.2"]
    path.write_text(json.dumps(content))
    with pytest.raises(SecurityError, match="`series`"):
        ApiKeys(path)


def test_names_are_unique_and_plain(tmp_path: Path) -> None:
    keys = ApiKeys(tmp_path / "keys.json", fixed=[ApiKey(name="fixed", sha256=digest_of("x"))])
    keys.create("a")
    for name in ("a", "fixed", "", "a\nb", "x" * 65, "../x", "é"):
        with pytest.raises(SecurityError):
            keys.create(name)
    with pytest.raises(SecurityError, match="no key"):
        keys.revoke("b")
    with pytest.raises(SecurityError, match="no key") as caught:
        keys.revoke("fixed")
    assert "configuration" in (caught.value.hint or "")
    with pytest.raises(SecurityError, match="roles"):
        keys.create("c", roles={"root"})
    assert [key.name for key in keys.all()] == ["fixed", "a"]


def test_a_key_ends(tmp_path: Path) -> None:
    keys = ApiKeys(tmp_path / "keys.json")
    now = datetime.now(UTC)
    over = keys.create("over", expires=now - timedelta(seconds=1))
    good = keys.create("good", expires=now + timedelta(hours=1))
    assert keys.find(over) is None
    assert keys.find(good)
    with pytest.raises(SecurityError, match="zone"):
        keys.create("c", expires=datetime(2030, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("wrong", ["", "filmless_", "filmless_" + "A" * 43, "x" * 10_000, "filmless_" + "é" * 40])
def test_what_is_no_key_is_not_found(tmp_path: Path, wrong: str) -> None:
    keys = ApiKeys(tmp_path / "keys.json")
    keys.create("a")
    assert keys.find(wrong) is None


def test_two_that_change_the_file_lose_nothing(tmp_path: Path) -> None:
    made: list[str] = []

    def create(start: int) -> None:
        for number in range(start, start + 10):
            while True:
                try:
                    made.append(ApiKeys(tmp_path / "keys.json").create(f"k{number}"))
                    break
                except SecurityError as error:
                    assert "another program" in str(error)  # noqa: PT017

    threads = [threading.Thread(target=create, args=(start,)) for start in (0, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = ApiKeys(tmp_path / "keys.json")
    assert len(made) == 20
    assert all(keys.find(key) for key in made)


def test_a_file_that_is_damaged_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "keys.json"
    keys = ApiKeys(path)
    key, good = keys.create("ct-1"), path.read_bytes()
    for _ in range(2):
        assert keys.find(key) is not None
        path.write_bytes(b"{")
        for _ in range(3):
            with pytest.raises(SecurityError):
                keys.find(key)
        path.write_bytes(good)
    assert keys.find(key) is not None
    assert [text.partition(":")[0] for text in caplog.messages] == ["nobody gets in by a key"] * 2
    assert all(text.endswith(f", in {path}") for text in caplog.messages)
    path.write_bytes(b"{")
    with pytest.raises(SecurityError):
        ApiKeys(path)  # who makes it is told by the error
    assert len(caplog.messages) == 2
