"""What a server may be made to call: the public network, and beside it only what the owner of the machine allows."""

import http.server
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from equipoise.errors import InputError, NotKnownError
from equipoise.service import oidc
from equipoise.service.log_in_setting import OidcSetting
from equipoise.service.notifying import Message, one_line, send
from equipoise.service.reaching import PRIVATE, NotReachedError, public_only
from tests.doors.post_example import SECRET, Post, post

NEWS = Message("Subject", "text", "text")
INSIDE = (
    *("127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "255.255.255.255"),
    *("224.0.0.1", "::1", "::", "fe80::1%lo", "fc00::1", "fd00:ec2::254", "ff02::1"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::", "64:ff9b::a9fe:a9fe", "::127.0.0.1"),
)


@pytest.fixture(autouse=True)
def nothing_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PRIVATE, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("host", INSIDE)
@pytest.mark.parametrize("event", ["socket.connect", "socket.sendto", "socket.sendmsg"])
def test_nothing_inside_is_reached(host: str, event: str) -> None:
    """What a socket tells before it connects is told here without one."""
    with public_only() as reach, pytest.raises(NotReachedError):
        sys.audit(event, None, (host, 9))
    assert reach.refused == [host]


def test_a_socket_of_the_machine_is_none_of_the_network(tmp_path: Path) -> None:
    with public_only(), pytest.raises(NotReachedError), socket.socket(socket.AF_UNIX) as made:
        made.connect(str(tmp_path / "s"))


def test_public_addresses_and_what_the_machine_allows_are_not_held_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent anywhere: what is looked at is the address alone."""
    from equipoise.service import reaching

    assert all(reaching._reachable(host) for host in ("1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"))
    monkeypatch.setenv(PRIVATE, "10.1.2.0/24, fd00::/8")
    assert [reaching._reachable(host) for host in ("10.1.2.3", "10.1.3.3", "fd00::1", "127.0.0.1")] == [True, False, True, False]
    monkeypatch.setenv(PRIVATE, "all")
    assert all(reaching._reachable(host) for host in ("10.0.0.1", "::1", "169.254.169.254"))
    monkeypatch.setenv(PRIVATE, "my network")
    with pytest.raises(InputError, match="no list of networks"), public_only():
        pass


def test_outside_of_it_nothing_is_looked_at() -> None:
    with public_only():
        pass
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


# --- notices ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def came() -> Iterator[Post]:
    with post() as made:
        yield made


def test_a_plan_file_or_a_person_sends_nothing_inside(came: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    for host in ("localhost", "2130706433"):
        assert send(f"json://{host}:{came.http}/{SECRET}", NEWS, "")
    assert "inside this network" in send(came.hook, NEWS, "")
    assert "inside this network" in send("anna@lamps.example", NEWS, came.server)
    assert (came.chats, came.mails) == ([], [])
    monkeypatch.setenv(PRIVATE, "127.0.0.1")
    assert send(came.hook, NEWS, "") == ""
    monkeypatch.delenv(PRIVATE)
    monkeypatch.setenv("HOOK", came.hook)  # the machine's own setting may be inside
    monkeypatch.setenv("MAIL", came.server)
    assert send("env:HOOK", NEWS, "") == ""
    assert send("anna@lamps.example", NEWS, "env:MAIL") == ""
    assert (len(came.chats), len(came.mails)) == (2, 1)


def test_a_name_that_means_another_address_a_moment_later_gets_no_further(came: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is asked for again where a connection is made: only what is connected to counts."""
    real = socket.getaddrinfo

    def rebound(host: object, port: object, *more: object, **named: object) -> object:
        return real("127.0.0.1" if host == "rebound.example" else host, port, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    assert "inside this network" in send(f"json://rebound.example:{came.http}/{SECRET}", NEWS, "")
    assert came.chats == []


@pytest.mark.parametrize(
    "address", ["syslog://", "irc://127.0.0.1/#x", "dbus://", "file:///etc/passwd", "exec://true", "mqtt://127.0.0.1/x"]
)
def test_only_mail_and_chat_by_http_are_told(address: str) -> None:
    assert "not told" in (error := send(address, NEWS, "")) or "not understood" in error


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, str]]:
    """Two servers of this machine: the first sends whoever asks to the second, by another address; what came to the second is kept."""
    heard: list[str] = []

    class Second(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_response(200)
            self.end_headers()

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    second = http.server.ThreadingHTTPServer(("127.0.0.2", 0), Second)

    class First(Second):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.2:{second.server_port}/secret")
            self.end_headers()

        do_POST = do_GET  # noqa: N815

    first = http.server.ThreadingHTTPServer(("127.0.0.1", 0), First)
    for server in (first, second):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{first.server_port}", "".join(heard)
    for server in (first, second):
        server.shutdown()
        server.server_close()
    assert heard == []


def test_a_redirect_leads_nowhere_inside(elsewhere: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Even an address that the machine's environment gives leads only where it says itself."""
    monkeypatch.setenv("HOOK", f"json://{elsewhere[0]}/x")
    assert send("env:HOOK", NEWS, "")
    with public_only(["127.0.0.1"]) as reach, pytest.raises((OSError, httpx2.HTTPError)):
        httpx2.get(f"http://{elsewhere[0]}/x", follow_redirects=True)
    assert reach.refused == ["127.0.0.2"]


def test_a_subject_is_one_line(came: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL", came.server)
    evil = Message("Plan\r\nBcc: eve@lamps.example\n\nX\x0b\x85\u2028Y", "text", "text")
    assert send("anna@lamps.example", evil, "env:MAIL") == ""
    assert [(to, subject) for to, subject, _ in came.mails] == [("anna@lamps.example", "Plan Bcc: eve@lamps.example X Y")]
    assert one_line("a\x00b\tc") == "a b c"
    assert send("anna@lamps.example\r\nBcc: eve@lamps.example", NEWS, "env:MAIL")
    assert send("anna@lamps.example,eve@lamps.example", NEWS, "env:MAIL")
    assert len(came.mails) == 1


# --- the identity provider ----------------------------------------------------------------------------------------------------


def test_what_a_provider_names_is_reached_safely_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    setting = OidcSetting(issuer="https://127.0.0.9", client_id="x", redirect="https://plan.example/back")
    inside = dict.fromkeys(("authorization_endpoint", "token_endpoint", "jwks_uri"), "https://login.example/x")
    for unsafe in ("http://169.254.169.254/keys", "file:///etc/passwd", "gopher://127.0.0.1/", "http://login.example/keys"):
        monkeypatch.setattr(oidc, "_json", lambda client, url, unsafe=unsafe: {"issuer": setting.issuer, **inside, "jwks_uri": unsafe})
        with oidc._client(setting, "") as client, pytest.raises(NotKnownError, match="jwks_uri is not reached by https"):
            oidc._discovered(client, setting)
    monkeypatch.undo()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        with pytest.raises(NotKnownError, match="cannot be reached or understood: ConnectError"), oidc._client(setting, "") as client:
            oidc._json(client, f"https://127.0.0.1:{server.getsockname()[1]}/keys")
        with pytest.raises(TimeoutError):
            server.accept()
    for issuer in ("http://login.example", "file:///etc", "ftp://127.0.0.1"):
        with pytest.raises(ValueError, match="not reached by https"):
            OidcSetting(issuer=issuer, client_id="x")
