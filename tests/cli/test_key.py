"""`filmless key`."""

import json
import tomllib
from pathlib import Path

import pytest

from filmless.security import ApiKeys, SecurityOptions


def test_a_key_is_made_listed_and_revoked(invoke, tmp_path: Path) -> None:
    options = ("--role", "read", "--role", "write", "--study", "1.2", "--patient", "A 1", "--expires", "90d")
    made = invoke("key", "create", "ct-1", *options, "--data", tmp_path)
    assert made.exit_code == 0
    assert "not shown again" in made.stderr
    assert "everyone has to show a key" in made.stderr
    found = ApiKeys(tmp_path / "keys.json").find(made.stdout.strip())
    assert found is not None
    assert (found.roles, found.studies, found.patients) == ({"read", "write"}, {"1.2"}, {"A 1"})
    assert "everyone" not in invoke("key", "create", "mr-1", "--data", tmp_path).stderr

    listed = invoke("key", "list", "--data", tmp_path).stdout
    assert [line.split("\t")[0] for line in listed.splitlines()] == ["ct-1", "mr-1"]
    assert "1 patient and 1 study" in listed
    assert "A 1" not in listed  # patients are not for the screen
    assert found.sha256 not in invoke("key", "list", "--json", "--data", tmp_path).stdout
    rows = invoke("key", "list", "--json", "--data", tmp_path).stdout.splitlines()
    assert json.loads(rows[0])["expired"] is False

    assert invoke("key", "revoke", "ct-1", "mr-1", "--data", tmp_path).exit_code == 0
    assert invoke("key", "list", "--data", tmp_path).stdout == ""
    assert ApiKeys(tmp_path / "keys.json").find(made.stdout.strip()) is None


def test_a_key_for_a_configuration(invoke, tmp_path: Path) -> None:
    made = invoke("key", "create", "ct-1", "--toml", "--expires", "2099-01-31T00:00:00Z", "--patient", 'é"\\')
    assert made.exit_code == 0
    assert not (tmp_path / "keys.json").exists()
    options = SecurityOptions.from_mapping(tomllib.loads(made.stdout)["security"], folder=tmp_path)
    key = made.stderr.split(": ")[-1].strip()
    found = ApiKeys(fixed=options.keys).find(key)
    assert found is not None
    assert found.patients == {'é"\\'}
    config = tmp_path / "filmless.toml"
    config.write_text(f'data = "{tmp_path}"\n{made.stdout}', encoding="utf-8")
    assert invoke("key", "list", "--config", config).stdout.startswith("ct-1\t")
    taken = invoke("key", "create", "ct-1", "--config", config)
    assert (taken.exit_code, taken.stdout) == (1, "")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("create", "../x"), 1),
        (("create", "a", "--role", "root"), 2),
        (("create", "a", "--study", "../x"), 2),
        (("create", "a", "--expires", "soon"), 2),
        (("create", "a", "--expires", "2020-01-01"), 2),
        (("create", "a", "--expires", "99999d"), 0),
        (("create",), 2),
        (("revoke", "nobody"), 1),
        (("revoke",), 2),
    ],
)
def test_wrong_usage_ends_in_a_line(invoke, tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    result = invoke("key", *arguments, "--data", tmp_path)
    assert result.exit_code == code
    if code:
        assert result.stdout == ""
        assert not (tmp_path / "keys.json").exists()


def test_a_key_file_that_is_broken_is_named(invoke, tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{")
    for arguments in (("create", "a"), ("list",), ("revoke", "a")):
        result = invoke("key", *arguments, "--data", tmp_path)
        assert result.exit_code == 1
        assert "keys.json" in result.stderr
    assert (tmp_path / "keys.json").read_text() == "{"
    assert [found.name for found in tmp_path.iterdir()] == ["keys.json"]
