"""One table: file, command line, example and help say the same."""

import dataclasses
import json
import tomllib
from pathlib import Path

import click
import pytest

from filmless.cli.serve import serve
from filmless.dimse.scp.passcodes import digest_of
from filmless.errors import DicomError
from filmless.server.settings import OPTIONS, as_toml, read_settings
from filmless.server.settings.options import SECTIONS, TABLES, Option
from filmless.server.settings.tree import Forward, Peer

DEPLOY = Path(__file__).parents[2] / "deploy"


SPECIAL = {  # values that their sections take
    "security.tokens.issuer": "https://id.example.org",
    "security.tokens.jwks": "https://id.example.org/keys",
    "security.tokens.algorithms": ["ES256"],
    "security.tokens.leeway_s": 7.5,
    "security.tokens.roles": {"reader": ["read"]},
    "security.origins": ["https://viewer.example.org"],
    "security.public_url": "https://pacs.example.org/dicom-web",
    "security.hosts": ["pacs.example.org"],
    "security.proxies": ["10.0.0.0/8"],
    "security.tls.client_certificates": "optional",
    "security.audit.file": "/some/path",
    "http.port": 7,
    "ohif.at": "/other",
    "dimse.tls.client_certificates": "optional",
    "dimse.limits.maximum_length": 65_536,
    "dimse.limits.pdu_bytes": 1_000_000,
}
NEEDED = {  # what their sections need beside
    "security.tokens": {"issuer": "https://id.example.org", "audience": ["filmless"]},
    "security.tls": {"certificate": "/some/path", "authorities": "/some/path"},
    "dimse.tls": {"certificate": "/some/path", "authorities": "/some/path"},
}


def sample(option: Option) -> object:
    """A value that is not the default, as TOML has it."""
    kind = option.kind
    if option.key in SPECIAL:
        return SPECIAL[option.key]
    if kind.choices:
        return next(choice for choice in kind.choices if choice != option.default)
    one = {str: "text", int: 7, float: 7.5, bool: not option.default, Path: "/some/path"}[kind.type]
    return [one] if kind.is_many else one


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {toml(one)}" for name, one in value.items()) + "}"
    return json.dumps(value)


def held(value: object) -> object:
    """What a field holds of it."""
    if isinstance(value, dict):
        return {name: held(one) for name, one in value.items()}
    return tuple(map(held, value)) if isinstance(value, list) else Path(value) if value == "/some/path" else value


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.key)
def test_an_option_is_the_same_in_the_file_and_on_the_command_line(option: Option, tmp_path: Path) -> None:
    file, value = tmp_path / "filmless.toml", sample(option)
    values = {**NEEDED.get(option.section, {}), option.name: value}
    head = f"[{option.section}]\n" if option.section else ""
    file.write_text(head + "".join(f"{name} = {toml(one)}\n" for name, one in values.items()))
    by_file = read_settings(file)
    flags = {one.name: one for one in OPTIONS if one.section == option.section}
    line = [part for name, one in values.items() for part in arguments(flags[name], one)]
    parsed = parse(line)
    for settings in (by_file, parsed):
        holder = settings
        for name in filter(None, option.section.split(".")):
            holder = getattr(holder, name)
        assert str(getattr(holder, option.name)) == str(held(value))
    assert by_file == parsed != read_settings()


def arguments(option: Option, value: object) -> list[str]:
    """The twin on the command line."""
    if not option.flag:
        return list(map(str, value))
    if option.kind.type is bool:
        return [option.flag if value else f"--no-{option.flag[2:]}"]
    if isinstance(value, list):
        return [part for one in value for part in (option.flag, str(one))]
    return [option.flag, toml(value) if isinstance(value, dict) else str(value)]


def parse(arguments: list[str]):
    """What the command makes of its arguments, through its own --show-config."""
    from click.testing import CliRunner

    shown = CliRunner().invoke(serve, [*arguments, "--show-config"])
    assert shown.exit_code == 0, (shown.output, shown.exception)
    file = Path(f"{Path.cwd()}/shown.toml")
    file.write_text(shown.output)
    return read_settings(file)


@pytest.fixture(autouse=True)
def _there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FILMLESS_CONFIG", raising=False)


def test_every_field_is_an_option_with_a_word_on_it() -> None:
    keys = {option.key for option in OPTIONS} | {table.key for table in TABLES} | {section.key for section in SECTIONS}
    for section, owner, _ in SECTIONS:
        for field in dataclasses.fields(owner):
            assert (f"{section}.{field.name}" if section else field.name) in keys
    assert [option.key for option in OPTIONS if not option.help.endswith(".")] == []
    assert [table.key for table in TABLES if not table.help.endswith(".")] == []
    flags = [option.flag for option in OPTIONS if option.flag] + [table.flag for table in TABLES]
    assert len(flags) == len(set(flags))
    shown = {name for one in serve.params if isinstance(one, click.Option) for name in one.opts}
    assert set(flags) <= shown


def test_the_example_file_is_complete_and_loads(tmp_path: Path) -> None:
    example = DEPLOY / "filmless.toml"
    settings = read_settings(example)
    assert settings == read_settings(given={"data": "/var/lib/filmless"})
    assert example.read_text() == as_toml(settings), "python tools/generate_example_settings.py"
    for option in OPTIONS:
        assert f"\n{option.name} =" in example.read_text() or f"\n# {option.name} =" in example.read_text(), option.key
    assert tomllib.loads(example.read_text())


def test_peers_and_rules_by_both_ways_and_back(tmp_path: Path) -> None:
    file = tmp_path / "filmless.toml"
    file.write_text(
        '[peers.back-up]\nurl = "https://b.example.org/dicom-web"\nconcurrency = 3\n'
        '[peers."a b"]\nurl = "http://x"\n'
        '[[forward]]\nto = ["back-up", "a b"]\nmatch = { Modality = "CT" }\n'
    )
    by_file = read_settings(file)
    assert by_file.peers["back-up"] == Peer(url="https://b.example.org/dicom-web", concurrency=3)
    assert by_file.forward == (Forward(to=("back-up", "a b"), match={"Modality": "CT"}),)
    peers = ['back-up={url="https://b.example.org/dicom-web", concurrency=3}', '"a b"={url="http://x"}']
    rules = ['{to=["back-up", "a b"], match={Modality="CT"}}']
    assert read_settings(tables={"peers": peers, "forward": rules}) == by_file
    file.write_text(as_toml(by_file))
    assert read_settings(file) == by_file


def test_callers_and_users_by_both_ways_and_back(tmp_path: Path) -> None:
    file = tmp_path / "filmless.toml"
    passcode = digest_of("open sesame")
    file.write_text(
        "[dimse]\nport = 11112\n[[dimse.callers]]\nae_titles = ['CT-1', 'CT-2']\naddresses = ['10.1.0.0/16']\n"
        f"[[dimse.users]]\nname = 'me'\npasscode = '{passcode}'\n"
        "[peers.ws]\nae_title = 'WS'\nhost = '10.2.0.1'\nroles = ['read']\n"
    )
    by_file = read_settings(file)
    assert by_file.dimse.callers[0].ae_titles == ("CT-1", "CT-2")
    assert by_file.dimse.users[0].name == "me"
    tables = {
        "dimse.callers": ['{ae_titles=["CT-1", "CT-2"], addresses=["10.1.0.0/16"]}'],
        "dimse.users": [f'{{name="me", passcode="{passcode}"}}'],
        "peers": ['ws={ae_title="WS", host="10.2.0.1", roles=["read"]}'],
    }
    assert read_settings(given={"dimse.port": 11112}, tables=tables) == by_file
    caller = by_file.peers["ws"].caller
    assert caller is not None
    assert (caller.ae_titles, caller.addresses, caller.roles) == (("WS",), ("10.2.0.1",), {"read"})
    file.write_text(as_toml(by_file))
    assert read_settings(file) == by_file


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prot = 1", "unknown key `prot` in {file}"),
        ("[http]\nprot = 1", "unknown key `http.prot` in {file}\nhint: is `http.port` meant?"),
        ("[http]\nport = true", "`http.port` in {file} is true or false, True, expected a whole number of 0 or more"),
        ("[http]\nport = 70000", "`http.port` in {file} is 70000, expected a port from 0 to 65535"),
        ("[http]\nport = -1", "`http.port` in {file} is a number, -1, expected a whole number of 0 or more"),
        ("[[retention]]\nmax_age_days = -1", "is a number, -1, expected a number of 0 or more"),
        ("[http]\nidle_s = nan", "`http.idle_s` in {file} is a number, nan, expected a number of 0 or more"),
        ("http = 3", "`http` is no table, expected `[http]` in {file}"),
        ("data = 3", "`data` in {file} is a number, 3, expected a path"),
        ("folders = 'x'", "`folders` in {file} is text, 'x', expected a list, each a path"),
        ("[limits]\npart_bytes = '3 XB'", "`limits.part_bytes` in {file} is text, '3 XB', expected a size in bytes"),
        ("[logs]\nformat = 'xml'", "`logs.format` in {file} is text, 'xml', expected one of `console`, `json`"),
        ("[peers.x]\n", "`peers.x` in {file}: it has neither `url`, of a DICOMweb service, nor `ae_title` and `host`"),
        ("[peers.x]\nurl = 'file:///etc'", "`peers.x` in {file}: `url` is no URL, expected http:// or https://"),
        ("[peers.x]\nurl = 'http://x'\nae_title = 'X'", "`peers.x` in {file}: it has `url` and `ae_title`, expected"),
        ("[peers.x]\nae_title = 'X'", "`peers.x` in {file}: it has no `host`, expected the address or name"),
        ("[peers.x]\nae_title = ' X'\nhost = 'x'", "`peers.x` in {file}: `ae_title` is no AE title, expected 1 to 16"),
        (
            "[peers.x]\nae_title = 'X'\nhost = 'x'\nport = 0",
            "`peers.x` in {file}: `port` is 0, expected a port from 1 to 65535",
        ),
        (
            "[peers.x]\nae_title = 'X'\nhost = 'x'\nca_file = 'ca.pem'",
            "`peers.x` in {file}: `tls` is false, expected true with `ca_file` and `certificate`",
        ),
        ("[peers.x]\nae_title = 'X'\nhost = 'x'\nroles = ['all']", "`peers.x` in {file}: `roles` has `all`, expected"),
        ("[peers.x]\nurl = 'http://x'\nconcurrency = 0", "`peers.x` in {file}: `concurrency` is 0, expected 1 or more"),
        ("[dimse]\nport = 70000", "`dimse` in {file}: `port` is 70000, expected a port from 0 to 65535"),
        ("[dimse]\nae_title = 'longer than sixteen'", "`dimse` in {file}: `ae_title` is no AE title, expected 1 to 16"),
        ("[dimse]\naetitle = 'X'", "unknown key `dimse.aetitle` in {file}\nhint: is `dimse.ae_title` meant?"),
        ("[dimse.limits]\noperations = 0", "`dimse.limits` in {file}: `operations` is 0, expected 1 or more"),
        ("[[dimse.callers]]\n", "`dimse.callers[0]` in {file} has no `ae_titles`, expected a list, each text"),
        (
            "[[dimse.callers]]\nae_titles = ['X']\naddresses = ['x']",
            "`dimse.callers[0]` in {file}: addresses: `x` is no address or network",
        ),
        ("[[dimse.users]]\nname = 'x'\npasscode = 'secret'", "`dimse.users[0]` in {file}: passcode: a digest was"),
        (
            "[peers.x]\nae_title = 'X'\nhost = 'x'\nroles = ['read']",
            "`peers.x` in {file}: `host` is a name, expected `addresses` that it calls from with `roles`",
        ),
        ("[dimse.tls]\n", "`dimse.tls` in {file} has no `certificate`, expected a path"),
        (
            "[dimse.tls]\ncertificate = 'a'\nclient_certificates = 'required'",
            "`dimse.tls` in {file}: authorities: a file was expected",
        ),
        ("[[forward]]\nto = ['x']", "unknown key `peers.x` in forward[0] of {file}\nhint: a peer is a table"),
        (
            "[security.tokens]\nissuer = 'https://id'\naudience = ['a']\njwks = 'none.json'",
            "`security.tokens.jwks` in {file} is a file that is not there",
        ),
        ("forward = 3", "`forward` in {file} is a number, 3, expected tables `[[forward]]`"),
        ("[security]\nhots = []", "security.hots: is not known"),
        ("[security.tls]\nkey = 'x'", "security.tls.certificate: is missing, in {file}"),
        ("[arrival]\nbatch_size = 0", "`arrival` in {file}: batch_size is at least 1"),
        (
            "[[retention]]\nmax_age = 3",
            "unknown key `retention[0].max_age` in {file}\nhint: is `retention[0].max_age_days`",
        ),
        ("x = = 3", "the configuration is no TOML: invalid value"),
    ],
)
def test_what_is_wrong_is_told_with_key_file_and_expectation(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "filmless.toml"
    file.write_text(text)
    with pytest.raises(DicomError) as caught:
        read_settings(file)
    assert message.format(file=file) in str(caught.value)


def test_files_of_security_are_relative_to_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "jwks.json").write_text('{"keys": []}')
    file = tmp_path / "etc" / "filmless.toml"
    file.write_text(
        f"data = {str(tmp_path / 'data')!r}\n[security.tls]\ncertificate = 'server.pem'\n"
        "[security.tokens]\nissuer = 'https://id'\naudience = ['a']\njwks = 'jwks.json'\n"
    )
    monkeypatch.chdir(tmp_path)
    security = read_settings(file, given={"security.tls.key": "server.key"}).security
    assert security.tls is not None
    assert security.tokens is not None
    assert security.tls.certificate == tmp_path / "etc" / "server.pem"
    assert security.tls.key == tmp_path / "server.key"
    assert security.tokens.key_source == tmp_path / "etc" / "jwks.json"
    assert security.key_file == tmp_path / "data" / "keys.json"
    assert security.audit.file == str(tmp_path / "data" / "audit.jsonl")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DicomError, match=r"cannot be read, no such file or directory, in .*none\.toml"):
        read_settings(tmp_path / "none.toml")


@pytest.mark.parametrize(("text", "size"), [("3", 3), ("2 kB", 2000), ("1.5 GiB", 3 << 29), ("2TB", 2 * 10**12)])
def test_sizes_have_units(text: str, size: int) -> None:
    assert read_settings(given={"quota.archive_bytes": text}).quota.archive_bytes == size


def test_a_password_is_not_shown() -> None:
    shown = as_toml(read_settings(given={"index": "postgresql://me:secret@host/name"}))
    assert "secret" not in shown
    assert "postgresql://me:***@host/name" in shown
