import pytest

from filmless.errors import SecurityError
from filmless.security import check_binding
from filmless.security.addresses import authority, forwarded_for, is_loopback, networks, origin


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("localhost", "localhost", None),
        ("LOCALHOST:8104", "localhost", 8104),
        ("localhost.", "localhost", None),
        ("127.0.0.1:1", "127.0.0.1", 1),
        ("[::1]:8104", "::1", 8104),
        ("[0:0:0:0:0:0:0:1]", "::1", None),
        ("pacs.Example.org.:443", "pacs.example.org", 443),
        ("pacs_1", "pacs_1", None),
        ("localhost:", "localhost", None),
    ],
)
def test_a_host_is_read(text: str, host: str, port: int | None) -> None:
    assert authority(text) == (host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " localhost",
        "user@localhost",
        "localhost:80:80",
        "localhost:99999",
        "localhost:-1",
        "localhost:8o",
        "localhost/x",
        "localhost#",
        "localhost\r\nX: y",
        "localhost\n",
        "::1",
        "[::1",
        "[localhost]",
        "[::1%25eth0]",
        "127.1",
        "0177.0.0.1",
        "0x7f.1.2.3.4.5.300",
        "2130706433",
        "..",
        ".localhost",
        "local..host",
        "-x",
        "a,b",
        "é",
        "x" * 300,
    ],
)
def test_what_is_no_host_is_refused(text: str) -> None:
    assert authority(text) is None


def test_origins() -> None:
    assert origin("https://A.example") == ("https", ("a.example", 443))
    assert origin("http://[::1]:8104") == ("http", ("::1", 8104))
    for text in (
        "null",
        "",
        "file://",
        "https://",
        "https://a/",
        "https://a@b",
        "ftp://a",
        "https://a b",
        "https://a\\b",
    ):
        assert origin(text) is None


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "LocalHost.", "::ffff:127.0.0.1"]
)
def test_loopback_needs_no_authentication(host: str) -> None:
    assert is_loopback(host)
    check_binding(host, authenticated=False)


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0",
        "::",
        "",
        "*",
        "192.168.0.1",
        "pacs.example.org",
        "localhost.example.org",
        "::ffff:10.0.0.1",
        "fe80::1%lo",
    ],
)
def test_beyond_loopback_needs_it(host: str) -> None:
    with pytest.raises(SecurityError, match="authentication was expected") as caught:
        check_binding(host, authenticated=False)
    assert "filmless key create" in (caught.value.hint or "")
    check_binding(host, authenticated=True)


def test_sockets_in_the_file_system_have_permissions() -> None:
    check_binding("unix:/run/filmless.sock", authenticated=False)
    check_binding("/run/filmless.sock", authenticated=False)


def test_only_what_trusted_proxies_said_is_believed() -> None:
    trusted = networks(["10.0.0.0/8", "::1"])
    assert forwarded_for("1.2.3.4", ["9.9.9.9"], trusted) == "1.2.3.4"
    assert forwarded_for("10.0.0.1", ["9.9.9.9"], trusted) == "9.9.9.9"
    assert forwarded_for("10.0.0.1", ["6.6.6.6, 9.9.9.9, 10.0.0.2"], trusted) == "9.9.9.9"
    assert forwarded_for("::1", ["6.6.6.6", "[2001:db8::1]"], trusted) == "2001:db8::1"
    assert forwarded_for("10.0.0.1", ["6.6.6.6, <script>"], trusted) == "10.0.0.1"
    assert forwarded_for("10.0.0.1", ["9.9.9.9," + "10.0.0.1," * 100_000], trusted) == "10.0.0.1"
    assert forwarded_for("10.0.0.1", [], trusted) == "10.0.0.1"
    with pytest.raises(SecurityError, match="no address or network"):
        networks(["10.0.0.0/99"])
