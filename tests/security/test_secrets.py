"""A secret is where it belongs, and nowhere else: in no error and what caused it, no log, record, file or answer, and not in the code."""

import json
import logging
import re
import sqlite3
import subprocess
import traceback
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from equipoise.errors import EquipoiseError
from equipoise.interfaces.cli import main
from equipoise.service import OPERATIONS, Context, call
from equipoise.service.notifying import Message, send
from equipoise.store import Change, Signature, open_store
from tests.doors.conftest import CONTEXT, TODAY
from tests.doors.record_example import place_of

ROOT = Path(__file__).parents[2]
SECRET = "s3cr3t/P@ss:wörd%20x"  # with all that a URL has to quote
PASSWORD = "five little plain sparrows"
SHORT = SECRET[:6]
FORMS = {SECRET, quote(SECRET), quote(SECRET, safe=""), quote(SECRET, safe="/@:"), json.dumps(SECRET)[1:-1], SECRET.encode().hex(), SHORT}
PATTERNS = {  # what a secret holds for certain, and what it looks like
    "PRIVATE KEY": r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----",
    "eq_": r"\beq_[A-Za-z0-9_-]{43}\b",
    "eqs_": r"\beqs_[A-Za-z0-9_-]{43}\b",
    "AKIA": r"\bAKIA[0-9A-Z]{16}\b",
    "gh": r"\bgh[pousr]_[A-Za-z0-9]{36}\b",
    "glpat-": r"\bglpat-[\w-]{20}\b",
    "xox": r"\bxox[abprs]-[\w-]{10,}",
    "hooks.slack.com": r"hooks\.slack\.com/services/T\w+/B\w+/\w{20,}",
    "pypi-": r"\bpypi-[\w-]{50,}",
    "npm_": r"\bnpm_[A-Za-z0-9]{36}\b",
    "sk-": r"\bsk-[A-Za-z0-9_-]{32,}",
    "eyJ": r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}",
    "$argon2": r"\$argon2id?\$v=\d+\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]{8,}\$[A-Za-z0-9+/]{16,}",
}


def found_in(text: str) -> list[str]:
    return [form for form in FORMS if form in text] + [word for word in (PASSWORD, quote(PASSWORD)) if word in text]


def told(error: BaseException) -> str:
    """All that an error and what caused it tell, as a log would, and its one shape."""
    text = "".join(traceback.format_exception(error))
    seen: BaseException | None = error
    while seen is not None:
        text += f"{seen!r} {seen} {seen.args!r}"
        seen = seen.__cause__ or seen.__context__
    return text + (json.dumps(error.as_dict(), default=str) if isinstance(error, EquipoiseError) else "")


@pytest.fixture(autouse=True)
def unlogged(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Whatever a test does, no log and no stream has a secret, however much is logged."""
    with caplog.at_level(logging.DEBUG):
        yield
    out, err = capfd.readouterr()
    assert found_in(caplog.text + out + err) == []


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    return [ROOT / name for name in listed if name]


def secrets_in(text: str) -> list[str]:
    return [found[0][:60] for mark, pattern in PATTERNS.items() if mark in text for found in re.finditer(pattern, text)]


def test_the_repository_holds_no_secret() -> None:
    texts = {path: path.read_bytes().decode("utf-8", "replace") for path in tracked() if path.is_file() and path.stat().st_size < 5_000_000}
    assert {str(path.relative_to(ROOT)): held for path, text in texts.items() if (held := secrets_in(text))} == {}
    assert secrets_in("token eq_" + "a" * 43)
    private = {".env", "id_rsa", "store.db", "log-ins.json"}
    assert not [path for path in tracked() if path.name in private or path.suffix in {".pem", ".key", ".p12"}]


# --- places that secrets come from ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["postgresql", "postgres", "postgresql+psycopg", "mysql", "mssql+pyodbc", "nowhere"])
@pytest.mark.parametrize("where", ["environment", "file", "variable"])
def test_the_password_of_a_database_is_never_told(begun: Path, monkeypatch: pytest.MonkeyPatch, kind: str, where: str) -> None:
    for form in (quote(SECRET, safe=""), SECRET):  # as it must be quoted, and as somebody forgot to
        url = f"{kind}://planner:{form}@127.0.0.1:1/plans?sslpassword={form}"
        monkeypatch.delenv("EQUIPOISE_STORE", raising=False)
        if where == "environment":
            monkeypatch.setenv("EQUIPOISE_STORE", url)
        else:
            monkeypatch.setenv("MY_STORE", url)
            said = "env:MY_STORE" if where == "variable" else json.dumps(url)
            (begun / "workspace.yaml").write_text(f"store: {said}\n", encoding="utf-8")
        for operation in ("override list", "whoami"):
            with pytest.raises(EquipoiseError) as caught:
                call(operation, {"plan": str(begun)}, CONTEXT)
            assert found_in(told(caught.value)) == []


def test_a_file_of_settings_that_cannot_be_read_is_not_quoted(begun: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EQUIPOISE_STORE", raising=False)
    for said in (f"store: [postgresql://u:{SHORT}@host/db", f"store: {SHORT}: x", f"{SHORT}\n"):
        (begun / "workspace.yaml").write_text(said, encoding="utf-8")
        with pytest.raises(EquipoiseError) as caught:
            call("override list", {"plan": str(begun)}, CONTEXT)
        assert found_in(told(caught.value)) == []


def test_an_address_of_notices_is_never_told(monkeypatch: pytest.MonkeyPatch) -> None:
    form = quote(SECRET, safe="")
    addresses = [
        *(f"json://planner:{form}@127.0.0.1:1/{form}?token={form}", f"jsons://127.0.0.1:1/{form}/{form}", f"ntfy://127.0.0.1:1/{form}"),
        *(f"mmost://127.0.0.1:1/{form}{'a' * 20}", f"nothing://{form}", f"json://{form}", f"slack://{form}/{form}/{form}"),
        *(f"mailto://me:{form}@127.0.0.1:1?from=me@lamps.example&pass={form}", f"mailtos://me:{form}@127.0.0.1:1?from=me@lamps.example"),
    ]
    for address in addresses:
        monkeypatch.setenv("HOOK", address)
        for said in (send("env:HOOK", Message("S", "t", "t"), ""), send("anna@lamps.example", Message("S", "t", "t"), "env:HOOK")):
            assert said
            assert found_in(said) == []


def test_the_secret_of_the_identity_provider_is_never_told(begun: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ada: dict[str, object] = {"user": "ada", "roles": ["facilitator"], "active": True}
    place_of(begun).store.change([Change("user", ada, "ada")], Signature("t", "python", "x"))
    for said in (SECRET, "env:OIDC", "env:NONE"):
        monkeypatch.setenv("OIDC", SECRET)
        lines = ["people:", "  oidc:", '    issuer: "http://127.0.0.1:1"', "    client_id: x", "    redirect: http://127.0.0.1/back"]
        (begun / "workspace.yaml").write_text("\n".join([*lines, f"    client_secret: {json.dumps(said)}"]), encoding="utf-8")
        for operation, values in (
            ("oidc begin", {}),
            ("oidc finish", {"callback": f"http://x/?code={quote(SECRET)}&state={quote(SECRET)}", "flow": SECRET}),
        ):
            with pytest.raises(EquipoiseError) as caught:
                call(operation, {"plan": str(begun), **values}, CONTEXT)
            assert found_in(told(caught.value)) == []


def test_requests_show_no_secret() -> None:
    """Whatever holds a secret is of a type that shows none."""
    secret = re.compile(r"password|secret|token|callback|flow|session|invitation", re.IGNORECASE)
    for operation in OPERATIONS.values():
        for name, info in operation.request.model_fields.items():
            if secret.fullmatch(name) or "password" in name:
                assert "SecretStr" in str(info.annotation), (operation.name, name)
        for name, info in operation.answer.model_fields.items():
            if secret.fullmatch(name):
                assert not info.repr, (operation.name, name)
    assert SECRET not in repr(SecretStr(SECRET))


# --- what is kept ---------------------------------------------------------------------------------------------------------------


def test_what_people_log_in_with_is_kept_nowhere(begun: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plan: dict[str, object] = {"plan": str(begun)}
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    given = [PASSWORD, SECRET]
    call("user add", {**plan, "user": "ada", "roles": ["facilitator"], "new_password": PASSWORD}, CONTEXT)
    session = call("login", {**plan, "user": "ada", "password": PASSWORD}, Context(door="rest", today=TODAY)).model_dump()["session"]
    ada = Context(door="rest", today=TODAY, token=session.get_secret_value())
    token = call("token add", {**plan, "name": "nightly"}, ada).model_dump()["token"]
    invitation = call("user add", {**plan, "user": "bob", "roles": ["viewer"]}, ada).model_dump()["invitation"]
    given += [ada.token, token, invitation]
    for user in ("ada", "nobody"):
        with pytest.raises(EquipoiseError) as caught:
            call("login", {**plan, "user": user, "password": SECRET}, Context(door="rest", today=TODAY))
        assert found_in(told(caught.value)) == []
    for bad in (f"eq_{quote(SECRET)}", SECRET):
        with pytest.raises(EquipoiseError) as caught:
            call("whoami", {**plan}, Context(door="rest", today=TODAY, token=bad))
        assert found_in(told(caught.value)) == []
    with pytest.raises(EquipoiseError) as caught:  # too short, and the wrong type
        call("password set", {**plan, "new_password": SHORT}, ada)
    assert found_in(told(caught.value)) == []
    with pytest.raises(EquipoiseError) as caught:
        call("password set", {**plan, "new_password": [SECRET]}, ada)
    assert found_in(told(caught.value)) == []
    call("backup", {**plan, "target": str(tmp_path / "kept.zip")}, replaced(ada, "cli"))
    place_of(begun).store.close()
    kept = {path: path.read_bytes() for path in [*begun.rglob("*"), *tmp_path.rglob("*.zip")] if path.is_file()}
    for one in given:
        assert [str(path) for path, data in kept.items() if one.encode() in data or quote(one, safe="").encode() in data] == []
    log = call("audit list", {**plan, "limit": 0}, replaced(ada, "rest")).model_dump_json()
    assert [one for one in given if one in log] == []
    with sqlite3.connect(begun / ".equipoise" / "store.db") as database:
        held = dict(database.execute("SELECT kind, secret FROM credential").fetchall())
    database.close()
    assert held["password"].startswith("$argon2id$")
    assert re.fullmatch(r"[0-9a-f]{64}", held["token"])
    assert (begun / ".equipoise" / "store.db").stat().st_mode & 0o077 == 0


def replaced(context: Context, door: str) -> Context:
    return Context(door=door, today=context.today, token=context.token)  # type: ignore[arg-type]


def test_answers_as_json_and_errors_of_the_command_line_have_none(
    begun: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EQUIPOISE_STORE", f"postgresql://planner:{quote(SECRET, safe='')}@127.0.0.1:1/plans")
    monkeypatch.setenv("EQUIPOISE_PASSWORD", SECRET)
    monkeypatch.setenv("EQUIPOISE_TOKEN", SECRET)
    monkeypatch.setenv("EQUIPOISE_DEBUG", "1")
    for words in (["override", "list"], ["login", "ada"], ["run", str(begun), "--workspace", str(begun)]):
        plan = [] if words[0] == "run" else ["--plan", str(begun)]
        for json_ in ([], ["--json"]):
            monkeypatch.setattr("sys.argv", ["equipoise", *words, *plan, *json_])
            with pytest.raises(SystemExit) as caught:
                main()
            assert caught.value.code
    out = capfd.readouterr()
    assert out.out + out.err
    assert found_in(out.out + out.err) == []


def test_a_plan_file_with_a_password_is_refused_without_telling_it(begun: Path) -> None:
    plan = begun / "plan.yaml"
    text = plan.read_text(encoding="utf-8")
    address = f"mailto://me:{quote(SECRET, safe='')}@mail.example"
    for said in (f"{{mail_server: '{address}'}}", f"{{audiences: [{{audience: All, addresses: ['{address}']}}]}}"):
        plan.write_text(f"{text}\nprocess: {said}\n", encoding="utf-8")
        with pytest.raises(EquipoiseError) as caught:
            call("check", {"plan": str(begun)}, CONTEXT)
        assert "password" in str(caught.value)
        assert found_in(told(caught.value)) == []


def test_the_record_opens_no_door_to_the_next(begun: Path) -> None:
    """A token's hash is no token, and what is compared is compared in one time."""
    store = open_store(begun)
    assert store.credentials() == []
    source = (ROOT / "src/equipoise/service/credentials.py").read_text(encoding="utf-8")
    assert "compare_digest" in source
    for path in (ROOT / "src").rglob("*.py"):
        code = path.read_text(encoding="utf-8")
        assert not re.search(r"(token|secret|password|state)\w*(\.get_secret_value\(\))? *[!=]= *\w*(token|secret|password)", code), path
