"""What is in deploy/ says what the program understands."""

import json
import re
import shlex
from configparser import ConfigParser
from pathlib import Path

from click.testing import CliRunner

from filmless.cli.program import program
from filmless.cli.serve import serve
from filmless.server.settings.tree import DEFAULT_DIMSE_PORT, DEFAULT_PORT

DEPLOY = Path(__file__).parents[2] / "deploy"


def understood(arguments: list[str]) -> str:
    """The settings that a command line comes to."""
    assert arguments[0] == "serve"
    shown = CliRunner().invoke(serve, [*arguments[1:], "--show-config"])
    assert shown.exit_code == 0, (shown.output, shown.exception)
    return shown.output


def test_the_unit_of_systemd() -> None:
    unit = ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    unit.optionxform = str
    unit.read(DEPLOY / "filmless.service")
    service = unit["Service"]
    program, *arguments = shlex.split(service["ExecStart"])
    assert program.endswith("/filmless")
    assert service["Type"] == "notify"
    file = arguments[arguments.index("--config") + 1]
    arguments[arguments.index(file)] = str(DEPLOY / Path(file).name)
    settings = understood(arguments)
    assert f'data = "/var/lib/{service["StateDirectory"]}"' in settings
    stop_s = float(re.search(r"^stop_s = (\S+)$", settings, re.MULTILINE)[1])
    assert float(service["TimeoutStopSec"]) > stop_s + 5, "it is given the time that it takes"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"


def test_the_image() -> None:
    text = (DEPLOY / "Containerfile").read_text().replace("\\\n", " ")
    lines = dict(re.findall(r"^(\w+) (.+)$", text, re.MULTILINE))  # the last of each
    assert json.loads(lines["ENTRYPOINT"]) == ["filmless"]
    settings = understood(json.loads(lines["CMD"]))
    assert 'data = "/data"' in settings
    assert lines["VOLUME"] == "/data"
    assert lines["USER"] == "filmless"
    assert [int(port) for port in lines["EXPOSE"].split()] == [DEFAULT_PORT, DEFAULT_DIMSE_PORT]
    assert f":{DEFAULT_PORT}/health" in lines["HEALTHCHECK"]
    assert lines["STOPSIGNAL"] == "SIGTERM"


def test_commands_that_are_named_exist() -> None:
    for file in DEPLOY.iterdir():
        for command in re.findall(r"filmless (serve|forward|key|archive)\b", file.read_text()):
            assert command in program.commands, f"{file.name} names `filmless {command}`"
