"""Logging in at an identity provider: a real one on this machine, and ID tokens that must be refused."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from equipoise.errors import InputError, NotKnownError
from equipoise.service import Context, call
from equipoise.service.credentials import add_session
from equipoise.service.log_in_setting import OidcSetting, read_log_in_setting
from equipoise.service.oidc import _answered, _derived, _verified
from equipoise.service.workspace import Workspace
from tests.doors.conftest import TODAY, new_workspace

HERE = Path(__file__).parents[1] / "oidc"
REDIRECT = "http://127.0.0.1:9/log-in"
SECRET = "the client's own secret, of forty characters"
ANYBODY = Context(today=TODAY, door="rest")


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of an identity provider that runs while these tests do."""
    if shutil.which("node") is None or not (HERE / "node_modules").is_dir():
        pytest.fail("The provider is not installed. Run: make test, or (cd tests/oidc && npm ci).")
    line = ["node", str(HERE / "provider.mjs"), SECRET, REDIRECT]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout is not None
        yield running.stdout.readline().strip()
        running.terminate()


@pytest.fixture
def team(tmp_path: Path, provider: str, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace with users anna and bob, and the provider configured."""
    folder = new_workspace(tmp_path / "team")
    monkeypatch.setenv("TEAM_SECRET", SECRET)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    _configure(folder, provider)
    place = Workspace(folder / "plan.yaml", folder)
    call("user add", {"plan": str(folder), "user": "anna", "roles": ["facilitator"], "mail": "Anna@example.com"}, Context(today=TODAY))
    leader = Context(today=TODAY, token=add_session(place.store, "anna", 1)[0], door="rest")
    call("user add", {"plan": str(folder), "user": "bob", "roles": ["sales"], "mail": "bob@example.com"}, leader)
    return place


def _configure(folder: Path, issuer: str, **more: str) -> None:
    said = {"issuer": issuer, "client_id": "equipoise", "client_secret": "env:TEAM_SECRET", "redirect": REDIRECT, **more}
    lines = "".join(f"    {key}: {value}\n" for key, value in said.items())
    (folder / "workspace.yaml").write_text(f"people:\n  oidc:\n{lines}", encoding="utf-8")


def browse(url: str, account: str) -> str:
    """Log in at the provider as a browser would, and return the address at which it ends."""
    import httpx2

    with httpx2.Client(timeout=20) as browser:
        response = browser.get(url)
        for _ in range(12):
            if response.is_redirect:
                target = urljoin(str(response.url), response.headers["location"])
                if target.startswith(REDIRECT):
                    return target
                response = browser.get(target)
            else:
                action = re.search(r'action="([^"]+)"', response.text)
                prompt = re.search(r'name="prompt" value="([^"]+)"', response.text)
                assert action, response.text
                assert prompt
                response = browser.post(action[1], data={"prompt": prompt[1], "login": account, "password": "any"})
    raise AssertionError("the provider never sent the browser back")


def _begin(place: Workspace) -> tuple[str, str]:
    begun: Any = call("oidc begin", {"plan": str(place.folder)}, ANYBODY)
    return begun.url, begun.flow.get_secret_value()


def _finish(place: Workspace, callback: str, flow: str) -> Any:
    return call("oidc finish", {"plan": str(place.folder), "callback": callback, "flow": flow}, ANYBODY)


def test_somebody_is_known_by_a_verified_mail_address_and_then_by_the_subject(team: Workspace) -> None:
    url, flow = _begin(team)
    assert "code_challenge_method=S256" in url
    entered = _finish(team, browse(url, "sub-anna"), flow)
    assert entered.user == "anna"
    who: Any = call("whoami", {"plan": str(team.folder)}, Context(token=entered.session.get_secret_value(), door="rest"))
    assert who.roles == ["facilitator"]
    assert team.store.record("user", "anna").document["subject"] == "sub-anna"
    assert team.store.record("user", "anna").changed_by == "anna"
    url, flow = _begin(team)
    revision = team.store.record("user", "anna").revision
    assert _finish(team, browse(url, "sub-anna"), flow).user == "anna"
    assert team.store.record("user", "anna").revision == revision


def test_a_mail_address_that_is_not_verified_lets_nobody_in(team: Workspace) -> None:
    url, flow = _begin(team)
    with pytest.raises(NotKnownError, match="sub-bob is no user here"):
        _finish(team, browse(url, "sub-bob"), flow)


def test_somebody_unknown_is_refused_or_made_a_viewer(team: Workspace, provider: str) -> None:
    url, flow = _begin(team)
    with pytest.raises(NotKnownError, match=r"carl@example\.com is no user here"):
        _finish(team, browse(url, "sub-carl"), flow)
    _configure(team.folder, provider, unknown="viewer")
    url, flow = _begin(team)
    entered = _finish(team, browse(url, "sub-carl"), flow)
    assert entered.user == "carl@example.com"
    assert entered.roles == ["viewer"]


def test_an_answer_serves_once_and_only_whoever_began(team: Workspace) -> None:
    url, flow = _begin(team)
    _, other = _begin(team)
    callback = browse(url, "sub-anna")
    with pytest.raises(NotKnownError, match="not the answer to the log-in that was begun here"):
        _finish(team, callback, other)
    _finish(team, callback, flow)
    with pytest.raises(NotKnownError, match="refused"):
        _finish(team, callback, flow)


def test_the_command_line_keeps_the_flow_and_the_session(team: Workspace) -> None:
    door = Context(today=TODAY, door="cli")
    begun: Any = call("oidc begin", {"plan": str(team.folder)}, door)
    assert begun.flow is None
    entered: Any = call("oidc finish", {"plan": str(team.folder), "callback": browse(begun.url, "sub-anna")}, door)
    assert entered.session is None
    who: Any = call("whoami", {"plan": str(team.folder)}, door)
    assert who.user == "anna"
    call("logout", {"plan": str(team.folder)}, door)
    with pytest.raises(NotKnownError, match="have to log in"):
        call("whoami", {"plan": str(team.folder)}, door)


def test_somebody_who_may_no_longer_log_in_is_refused(team: Workspace) -> None:
    leader = Context(today=TODAY, token=add_session(team.store, "anna", 1)[0], door="rest")
    call("user change", {"plan": str(team.folder), "user": "bob", "subject": "sub-carl", "active": "no"}, leader)
    url, flow = _begin(team)
    with pytest.raises(NotKnownError, match="bob may no longer log in"):
        _finish(team, browse(url, "sub-carl"), flow)


def test_a_provider_that_is_not_there_or_another_one_is_told(team: Workspace, provider: str) -> None:
    _configure(team.folder, provider.replace("127.0.0.1", "localhost"))
    with pytest.raises(NotKnownError, match=r"calls itself http://127\.0\.0\.1"):
        _begin(team)
    _configure(team.folder, "http://127.0.0.1:9")
    with pytest.raises(NotKnownError, match="cannot be reached"):
        _begin(team)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("people: {oidc: {issuer: 'http://idp.example.com', client_id: e}}", "not reached by https"),
        ("people: {oidc: {issuer: 'https://i.example.com', client_id: e, client_secret: abc}}", "stands in the file"),
        ("people: {oidc: {issuer: 'https://i.example.com', client_id: e, client_secret: 'env:NOT_SET_AT_ALL'}}", "is not set"),
        ("people: {session_days: 0}", "greater than 0"),
        ("people: 7", "not permitted"),
    ],
)
def test_a_wrong_setting_is_told_without_its_secret(tmp_path: Path, said: str, words: str) -> None:
    (tmp_path / "workspace.yaml").write_text(said, encoding="utf-8")
    with pytest.raises(InputError) as wrong:
        read_log_in_setting(tmp_path)
    assert words in str(wrong.value)
    assert "abc" not in str(wrong.value)


OIDC = OidcSetting(issuer="https://idp.example.com", client_id="equipoise")
FLOW = f"{int(time.time())}.flow"


def _token(key: Any, header: dict[str, Any] | None = None, **claims: Any) -> str:
    from joserfc import jwt

    now = int(time.time())
    good = {"iss": OIDC.issuer, "sub": "s", "aud": "equipoise", "exp": now + 60, "iat": now, "nonce": _derived(FLOW, "nonce")}
    kept = {name: value for name, value in {**good, **claims}.items() if value is not None}
    return jwt.encode({"alg": "ES256", **(header or {})}, kept, key)


def test_an_id_token_is_checked_in_all_it_says() -> None:
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, OctKey

    key = ECKey.generate_key("P-256", {"use": "sig"}, auto_kid=True)
    keys: Any = {"keys": [key.as_dict(private=False)]}
    assert _verified(_token(key), keys, OIDC, FLOW, "a")["sub"] == "s"
    assert _verified(_token(key, iss=f"{OIDC.issuer}/"), keys, OIDC, FLOW, "a")["sub"] == "s"
    assert _verified(_token(key, aud=["equipoise", "other"], azp="equipoise"), keys, OIDC, FLOW, "a")["sub"] == "s"
    before = int(time.time()) - 3600
    wrong: list[dict[str, Any]] = [
        {"iss": "https://evil.example.com"},
        {"aud": "another"},
        {"aud": ["equipoise", "other"], "azp": "other"},
        {"exp": before},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"nonce": "another"},
        {"nonce": None},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        {"nbf": before + 7200},
    ]
    for claims in wrong:
        with pytest.raises(JoseError):
            _verified(_token(key, **claims), keys, OIDC, FLOW, "a")
    stranger = ECKey.generate_key("P-256", {"use": "sig", "kid": str(key.kid)})
    shared = OctKey.import_key(b"x" * 32)
    forged = [_token(stranger), _token(shared, {"alg": "HS256"}), _token(key)[:-6] + "AAAAAA"]
    forged.append("eyJhbGciOiJub25lIn0." + _token(key).split(".")[1] + ".")
    for token in forged:
        with pytest.raises((JoseError, ValueError)):
            _verified(token, keys, OIDC, FLOW, "a")


def test_an_address_that_is_no_answer_is_refused() -> None:
    state = _derived(FLOW, "state")
    assert _answered(f"{REDIRECT}?code=c&state={state}", FLOW, OIDC)["code"] == "c"
    old = f"{int(time.time()) - 3600}.flow"
    for callback, flow, words in (
        (f"{REDIRECT}?code=c&state={_derived(old, 'state')}", old, "within the last quarter"),
        (f"{REDIRECT}?code=c&state={state}", "", "within the last quarter"),
        (f"{REDIRECT}?code=c", FLOW, "not the answer"),
        (f"{REDIRECT}?code=c&state={state}&iss=https://evil.example.com", FLOW, "another identity provider"),
        (f"{REDIRECT}?error=access_denied&state={state}", FLOW, "access_denied"),
    ):
        with pytest.raises(NotKnownError, match=words):
            _answered(callback, flow, OIDC)
    assert len({_derived(FLOW, what) for what in ("state", "nonce", "verifier")}) == 3


def test_a_browser_logs_in_by_the_server_and_no_script_sees_what_proves_it(team: Workspace) -> None:
    from starlette.testclient import TestClient

    from equipoise.interfaces.api.app import create

    browser = TestClient(create(team.folder), base_url="http://localhost")
    assert 'id="provider"' in browser.get("/log-in").text
    begun = browser.get("/api/v1/oidc/begin")
    assert begun.json()["flow"] is None
    assert "HttpOnly" in begun.headers["set-cookie"]
    query = browse(begun.json()["url"], "sub-anna").partition("?")[2]
    stranger = TestClient(browser.app, base_url="http://localhost")
    assert stranger.get(f"/oidc/callback?{query}").status_code == 403
    back = browser.get(f"/oidc/callback?{query}", follow_redirects=False)
    assert (back.status_code, back.headers["location"]) == (303, "/")
    assert "HttpOnly" in back.headers["set-cookie"]
    assert browser.get("/api/v1/whoami").json()["user"] == "anna"
    assert browser.get(f"/oidc/callback?{query}").status_code == 403, "the provider's answer serves once"
