"""Who gets in, and what they may do: one person or a team, log-ins, tokens, wrong passwords, and that no secret is kept."""

import datetime as dt
import json
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from equipoise.errors import ConflictError, EquipoiseError, InputError, NotAllowedError, NotFoundError, NotKnownError
from equipoise.process.people import EDITS, ENTER, PERMISSIONS, ROLE_PERMISSIONS, Person
from equipoise.service import OPERATIONS, Context, call
from equipoise.service.credentials import (
    _UNKNOWN,
    _hasher,
    _matches,
    _nobodys_hash,
    add_session,
    add_token,
    check_strength,
    hash_of,
    password_hash,
    set_password,
    utc_now,
    wait_after,
)
from equipoise.service.identity import authorised, may_listen
from equipoise.service.messages import PlanRequest
from equipoise.service.workspace import Workspace
from equipoise.store import Credential
from tests.doors.conftest import TODAY, new_workspace

PASSWORD = "four words make it"
TOO_MANY = "Too many wrong passwords in a row for this name."
LOCAL = Context(today=TODAY)


@pytest.fixture(autouse=True)
def _own_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is logged in on this machine, and nothing stands in the environment."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("EQUIPOISE_TOKEN", "EQUIPOISE_PASSWORD", "EQUIPOISE_NEW_PASSWORD", "EQUIPOISE_OPERATIONS_PER_MINUTE"):
        monkeypatch.delenv(name, raising=False)


def _place(folder: Path) -> Workspace:
    return Workspace(folder / "plan.yaml", folder)


def _do(place: Workspace, name: str, context: Context, /, **values: object) -> Any:
    return call(name, {"plan": str(place.folder), **values}, context)


def _as(place: Workspace, user: str) -> Context:
    """A context in which a user has just logged in, at the web's door."""
    return Context(today=TODAY, door="rest", token=add_session(place.store, user, 1)[0])


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A team with one user a role, named as the role without spaces. Tests do not change it."""
    place = _place(new_workspace(tmp_path_factory.mktemp("company") / "lamps"))
    for role in ROLE_PERMISSIONS:
        context = LOCAL if role == "facilitator" else _as(place, "facilitator")
        _do(place, "user add", context, user=role.replace(" ", "-"), roles=[role])
    return place


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = _place(new_workspace(tmp_path_factory.mktemp("founded") / "lamps"))
    _do(place, "user add", LOCAL, user="Anna", roles=["facilitator"], new_password=PASSWORD)
    return place.folder


@pytest.fixture
def team(founded: Path, tmp_path: Path) -> Workspace:
    """A team of anna, who leads, with a password."""
    return _place(shutil.copytree(founded, tmp_path / "team"))


ONE_EACH = {operation.permission: operation for operation in OPERATIONS.values() if operation.permission not in {ENTER, "edit"}}


@pytest.mark.parametrize(("role", "permission"), [*product(ROLE_PERMISSIONS, ONE_EACH)])
def test_each_role_gets_through_to_what_it_may_and_to_nothing_else(company: Workspace, role: str, permission: str) -> None:
    request = PlanRequest(plan=str(company.folder))
    user = role.replace(" ", "-")
    if permission in ROLE_PERMISSIONS[role]:
        assert authorised(ONE_EACH[permission], request, _as(company, user)).actor == user
    else:
        with pytest.raises(NotAllowedError, match=f"{user} may not use"):
            authorised(ONE_EACH[permission], request, _as(company, user))


def test_every_permission_guards_an_operation_or_an_edit() -> None:
    assert set(ONE_EACH) | set(EDITS) == set(PERMISSIONS)


def test_every_operation_of_a_team_asks_who_it_is_but_those_by_which_one_enters(company: Workspace) -> None:
    request = PlanRequest(plan=str(company.folder))
    for operation in OPERATIONS.values():
        if operation.permission == ENTER:
            assert authorised(operation, request, Context(door="rest")).person == Person("nobody")
        else:
            with pytest.raises(NotKnownError):
                authorised(operation, request, Context(door="rest"))
    assert {name for name, one in OPERATIONS.items() if one.permission == ENTER} == {"login", "oidc begin", "oidc finish"}


def test_a_workspace_is_guarded_however_it_is_named(company: Workspace, tmp_path: Path) -> None:
    show = OPERATIONS["show"]
    empty = tmp_path / "empty"
    empty.mkdir()
    for request in (
        PlanRequest(plan=str(company.plan_file)),
        PlanRequest(plan=str(tmp_path / "none.yaml"), workspace=str(company.folder)),
        PlanRequest(plan=str(company.folder / "none.yaml")),
    ):
        with pytest.raises(NotKnownError):
            authorised(show, request, Context(door="rest"))
    assert authorised(show, PlanRequest(plan=str(empty)), Context(door="rest")).person.alone


def test_an_agent_proposes_and_comments_and_does_nothing_else(company: Workspace) -> None:
    agent = replace(_as(company, "facilitator"), token=add_token(company.store, "agent", "test", 1)[0])
    _do(company, "comment add", agent, statement="looks low", subject="demand_plan item=Lantern")
    assert company.store.records("comment")[0].changed_by == "agent"
    for name, values in (
        ("review accept", {"id": ["override-1"]}),
        ("user change", {"user": "agent", "roles": ["facilitator"]}),
        ("user change", {"user": "agent", "name": "Facilitator"}),
        ("token add", {"name": "more"}),
        ("password set", {"new_password": PASSWORD}),
        ("publish", {}),
    ):
        with pytest.raises((NotAllowedError, InputError)) as refused:
            _do(company, name, agent, **values)
        assert isinstance(refused.value, NotAllowedError), (name, refused.value)


def test_one_person_needs_no_log_in_and_is_the_systems_user(unmade: Path) -> None:
    place = _place(unmade)
    who = _do(place, "whoami", LOCAL)
    assert not who.team
    assert who.permissions == list(PERMISSIONS)
    assert not place.kept, "looking makes no store"
    with pytest.raises(InputError, match="Nobody has to log in here"):
        _do(place, "login", LOCAL, user="anna", password=PASSWORD)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.5", "plan.example.com", "127.0.0.1.example.com"])
def test_without_users_a_server_listens_to_its_own_machine_only(workspace: Path, host: str) -> None:
    place = _place(workspace)
    for own in ("127.0.0.1", "::1", "[::1]", "localhost", "127.8.8.8"):
        may_listen(place, own)
    with pytest.raises(InputError, match="not opened to other machines"):
        may_listen(place, host)
    _do(place, "user add", LOCAL, user="anna", roles=["facilitator"])
    may_listen(place, host)


def test_the_first_user_leads_and_closes_the_door(workspace: Path) -> None:
    place = _place(workspace)
    with pytest.raises(InputError, match="first user must be a facilitator"):
        _do(place, "user add", LOCAL, user="bob", roles=["sales"])
    _do(place, "user list", LOCAL)
    _do(place, "user add", LOCAL, user="anna", roles=["facilitator"])
    with pytest.raises(NotKnownError, match="have to log in"):
        _do(place, "user list", LOCAL)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"user": "bob", "roles": []}, "has no role"),
        ({"user": "bob", "roles": ["boss"]}, "no role boss"),
        ({"user": "bot", "roles": ["agent", "sales"]}, "no other role"),
        ({"user": "b o b", "roles": ["sales"]}, "cannot be a name"),
        ({"user": "../etc", "roles": ["sales"]}, "cannot be a name"),
        ({"user": "bob", "roles": ["sales"], "slices": ["colour=red"]}, "no attribute"),
        ({"user": "bob", "roles": ["sales"], "mail": "bob"}, "no mail address"),
        ({"user": "bob", "roles": ["sales"], "channels": ["slack://token/secret"]}, "hold secrets"),
        ({"user": "bob", "roles": ["sales"], "new_password": "short"}, "too short"),
        ({"user": "bob", "roles": ["sales"], "new_password": "bob has a boat!"}, "user's name"),
        ({"user": "bob", "roles": ["sales"], "new_password": "123456789012"}, "anybody would try"),
        ({"user": "bob", "roles": ["sales"], "new_password": "Password12345!"}, "anybody would try"),
        ({"user": "bob", "roles": ["sales"], "new_password": "aaaaaaaaaaaaaa"}, "anybody would try"),
    ],
)
def test_what_is_given_of_a_user_is_checked(team: Workspace, values: dict[str, object], words: str) -> None:
    with pytest.raises(InputError) as wrong:
        _do(team, "user add", _as(team, "anna"), **values)
    assert words in wrong.value.message
    assert "secret" not in wrong.value.message or "hold secrets" in words
    assert len(team.store.records("user")) == 1
    assert not team.store.credentials(user="bob")


def test_names_mail_and_subject_belong_to_one(team: Workspace) -> None:
    leader = _as(team, "anna")
    _do(team, "user change", leader, user="anna", mail="anna@example.com")
    with pytest.raises(ConflictError, match="anna is there already"):
        _do(team, "user add", leader, user="ANNA", roles=["sales"], new_password="another four words")
    with pytest.raises(ConflictError, match="same mail"):
        _do(team, "user add", leader, user="ann", roles=["sales"], mail="Anna@Example.com")
    assert _do(team, "login", LOCAL, user="anna", password=PASSWORD).user == "anna"


def test_the_last_facilitator_stays(team: Workspace) -> None:
    leader = _as(team, "anna")
    for values in ({"active": "no"}, {"roles": ["sales"]}):
        with pytest.raises(NotAllowedError, match="last facilitator"):
            _do(team, "user change", leader, user="anna", **values)
    _do(team, "user add", leader, user="carl", roles=["facilitator"], new_password=PASSWORD)
    _do(team, "user change", leader, user="anna", roles=["sales"])
    with pytest.raises(NotAllowedError, match="may not use"):
        _do(team, "user add", leader, user="dora", roles=["sales"])


def test_two_who_step_down_at_once_are_told_of_each_other(team: Workspace) -> None:
    leader = _as(team, "anna")
    _do(team, "user add", leader, user="carl", roles=["facilitator"], new_password=PASSWORD)

    def steps_down(user: str) -> str:
        try:
            _do(_place(team.folder), "user change", _as(team, user), user=user, roles=["viewer"])
        except EquipoiseError as error:
            return type(error).__name__
        return "done"

    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(steps_down, ("anna", "carl")))
    assert said.count("done") == 1
    assert any("facilitator" in str(one.document["roles"]) for one in team.store.records("user"))


def test_people_change_their_own_name_and_channels_and_no_more(team: Workspace) -> None:
    _do(team, "user add", _as(team, "anna"), user="bob", roles=["sales"], slices=["region=North"])
    bob = _as(team, "bob")
    _do(team, "user change", bob, user="bob", name="Bob", channels=["bob@example.com", "env:BOB_CHAT"])
    for values in ({"roles": ["facilitator"]}, {"slices": [""]}, {"mail": "x@example.com"}, {"subject": "s"}, {"active": "yes"}):
        with pytest.raises(NotAllowedError, match="bob may not change bob"):
            _do(team, "user change", bob, user="bob", **values)
    with pytest.raises(NotAllowedError):
        _do(team, "user change", bob, user="anna", name="Ann")
    with pytest.raises(InputError, match="Nothing of bob"):
        _do(team, "user change", bob, user="bob")
    seen = _do(team, "user list", bob).people
    assert [one.channels for one in seen] == [[], []]
    assert _do(team, "user list", _as(team, "anna")).people[1].channels == ["bob@example.com", "env:BOB_CHAT"]


def test_a_change_on_an_old_revision_is_refused(team: Workspace) -> None:
    leader = _as(team, "anna")
    _do(team, "user change", leader, user="anna", name="Anna", revision=1)
    with pytest.raises(ConflictError):
        _do(team, "user change", leader, user="anna", name="Ann", revision=1)
    with pytest.raises(NotFoundError):
        _do(team, "user change", leader, user="nobody", name="Ann")


def test_logging_in_and_out(team: Workspace) -> None:
    entered = _do(team, "login", replace(LOCAL, door="rest"), user=" Anna ", password=PASSWORD)
    assert PASSWORD not in repr(entered)
    secret = entered.session.get_secret_value()
    assert secret not in repr(entered) + entered.model_dump_json()
    mine = Context(today=TODAY, door="rest", token=secret)
    assert _do(team, "whoami", mine).proof.startswith("log-in, until")
    _do(team, "logout", mine)
    with pytest.raises(NotKnownError, match="not known here"):
        _do(team, "whoami", mine)


def test_logging_out_everywhere_ends_all_sessions(team: Workspace) -> None:
    one, other = _as(team, "anna"), _as(team, "anna")
    _do(team, "logout", one, everywhere=True)
    with pytest.raises(NotKnownError):
        _do(team, "whoami", other)


@pytest.mark.parametrize(
    ("kind", "age", "idle", "lasts", "words"),
    [
        ("session", 1, 0.9, 24, ""),
        ("session", 30, 13, 999, "was not used since"),
        ("session", 30, 0.1, 29, "expired on"),
        ("session", 1, None, 24, ""),
        ("session", 13, None, 24, "was not used since"),
        ("token", 300, 290, 999, ""),
        ("token", 300, 0.1, 299, "expired on"),
    ],
)
def test_sessions_and_tokens_end(team: Workspace, kind: Any, age: float, idle: float | None, lasts: float, words: str) -> None:
    created = utc_now() - dt.timedelta(hours=age)
    used = None if idle is None else utc_now() - dt.timedelta(hours=idle)
    held = Credential("anna", kind, "x", hash_of("eq_x"), created, created + dt.timedelta(hours=lasts), last_used=used)
    team.store.put_credential(held)
    mine = Context(door="rest", token="eq_x")
    if words:
        with pytest.raises(NotKnownError, match=words) as refused:
            _do(team, "whoami", mine)
        assert "equipoise login" in refused.value.fix
    else:
        assert _do(team, "whoami", mine).user == "anna"
        renewed = team.store.credentials(user="anna", kind=kind)[0].last_used
        assert renewed is not None
        assert utc_now() - renewed < dt.timedelta(minutes=1)


def test_a_password_hash_is_no_token(team: Workspace) -> None:
    team.store.put_credential(Credential("anna", "password", "", hash_of("eq_x"), utc_now()))
    with pytest.raises(NotKnownError):
        _do(team, "whoami", Context(door="rest", token="eq_x"))


def test_somebody_who_was_shut_out_is_out_at_once(team: Workspace) -> None:
    _do(team, "user add", _as(team, "anna"), user="bob", roles=["sales"], new_password="another four words")
    session, token = _as(team, "bob"), add_token(team.store, "bob", "t", 1)[0]
    _do(team, "user change", _as(team, "anna"), user="bob", active="no", reason="left")
    for context in (session, Context(door="rest", token=token), Context(door="rest", person=Person("bob", ("facilitator",)))):
        with pytest.raises(NotKnownError):
            _do(team, "whoami", context)
    with pytest.raises(NotKnownError, match="name or the password is wrong"):
        _do(team, "login", LOCAL, user="bob", password="another four words")
    _do(team, "user change", _as(team, "anna"), user="bob", active="yes")
    with pytest.raises(NotKnownError):
        _do(team, "whoami", session)


def test_a_job_goes_on_in_the_name_of_whoever_asked_with_the_roles_they_have_now(team: Workspace) -> None:
    _do(team, "user add", _as(team, "anna"), user="bob", roles=["viewer"])
    taken_up = Context(door="rest", person=Person("bob", ("facilitator",)))
    assert _do(team, "whoami", taken_up).roles == ["viewer"]
    with pytest.raises(NotKnownError):
        _do(team, "whoami", Context(door="rest", person=Person("stranger", ("facilitator",))))


def _refused(place: Workspace, user: str, password: str = "wrong words all over") -> tuple[str, str]:
    begun = time.monotonic()
    with pytest.raises(NotAllowedError) as refused:
        _do(place, "login", LOCAL, user=user, password=password)
    assert time.monotonic() - begun >= 0.4, "no refusal is quicker than what a known name costs"
    return type(refused.value).__name__, refused.value.message


def _have_failed(place: Workspace, failures: int, since: float) -> None:
    """Have anna and a name that nobody has failed so often in a row, the last time so many seconds ago."""
    last = utc_now() - dt.timedelta(seconds=since)
    held = place.store.credentials(user="anna", kind="password")[0]
    place.store.put_credential(replace(held, failures=failures, last_failure=last))
    _UNKNOWN._tries["nobody-at-all"] = (failures, last)


def test_wrong_passwords_make_one_wait_and_tell_not_who_is_known(team: Workspace) -> None:
    assert _refused(team, "anna") == _refused(team, "nobody-at-all")
    assert team.store.credentials(user="anna", kind="password")[0].failures == 1
    for _ in range(2):
        _have_failed(team, 12, since=0)
        assert _refused(team, "anna") == _refused(team, "nobody-at-all") == ("NotAllowedError", TOO_MANY)
    assert _refused(team, "anna", PASSWORD) == ("NotAllowedError", TOO_MANY), "the right one must wait too"
    _have_failed(team, 12, since=wait_after(12).total_seconds())
    assert _refused(team, "anna") == _refused(team, "nobody-at-all") == ("NotKnownError", "The name or the password is wrong.")
    assert _refused(team, "anna") == _refused(team, "nobody-at-all") == ("NotAllowedError", TOO_MANY)
    _have_failed(team, 12, since=-3600)  # the clock was set back
    assert _do(team, "login", LOCAL, user="anna", password=PASSWORD).user == "anna"
    assert team.store.credentials(user="anna", kind="password")[0].failures == 0
    assert len([line for line in team.store.lines(kind="log_in") if line.new == {"result": "wrong password"}]) == 2


def test_the_wait_doubles_to_a_quarter_of_an_hour() -> None:
    assert [wait_after(count).total_seconds() for count in (0, 2, 3, 4, 10, 13, 14, 500)] == [0, 0, 1, 2, 128, 900, 900, 900]


def test_many_tries_at_once_get_no_more_than_one_after_another(team: Workspace) -> None:
    def tries(_: int) -> str:
        try:
            _do(_place(team.folder), "login", LOCAL, user="anna", password="wrong words all over")
        except EquipoiseError as error:
            return type(error).__name__
        return "in"

    _have_failed(team, 12, since=wait_after(12).total_seconds())
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(tries, range(16)))
    assert sorted(said) == ["NotAllowedError"] * 15 + ["NotKnownError"]
    assert team.store.credentials(user="anna", kind="password")[0].failures == 13


def test_a_name_that_nobody_has_costs_as_much_work_as_any() -> None:
    assert not _hasher().check_needs_rehash(_nobodys_hash())
    hashed = password_hash(PASSWORD)
    took = {}
    for name, secret in (("known", hashed), ("nobody", _nobodys_hash())):
        begun = time.process_time()
        assert not _matches(secret, "wrong words all over")
        took[name] = time.process_time() - begun
    assert took["nobody"] > took["known"] / 3


def test_a_password_is_hashed_again_when_the_parameters_have_grown(team: Workspace) -> None:
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    team.store.put_credential(Credential("anna", "password", "", weak, utc_now()))
    _do(team, "login", LOCAL, user="anna", password=PASSWORD)
    secret = team.store.credentials(user="anna", kind="password")[0].secret
    assert secret.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_an_invitation_sets_a_password_once(team: Workspace) -> None:
    invited = _do(team, "user add", _as(team, "anna"), user="bob", roles=["sales"])
    mine = Context(today=TODAY, door="rest", token=invited.invitation)
    assert invited.invitation not in repr(invited)
    with pytest.raises(NotAllowedError):
        _do(team, "password set", mine, user="anna", new_password="another four words")
    assert _do(team, "whoami", mine).user == "bob"
    for name, values in (("action list", {}), ("comment add", {"statement": "x"}), ("token list", {})):
        with pytest.raises(NotAllowedError, match="An invitation is no log-in"):
            _do(team, name, mine, **values)
    _do(team, "password set", mine, new_password="another four words")
    with pytest.raises(NotKnownError):
        _do(team, "whoami", mine)
    assert _do(team, "login", LOCAL, user="bob", password="another four words").roles == ["sales"]


def test_a_password_takes_a_fresh_log_in(team: Workspace) -> None:
    token = Context(door="rest", token=_do(team, "token add", _as(team, "anna"), name="nightly").token)
    with pytest.raises(NotAllowedError, match="within the last 15 minutes"):
        _do(team, "password set", token, new_password="another four words")
    with pytest.raises(NotAllowedError, match="makes no other"):
        _do(team, "token add", token, name="more")
    old = utc_now() - dt.timedelta(hours=1)
    team.store.put_credential(
        Credential("anna", "session", "old", hash_of("eqs_old"), old, old + dt.timedelta(days=1), last_used=utc_now())
    )
    with pytest.raises(NotAllowedError, match="within the last 15 minutes"):
        _do(team, "password set", Context(door="rest", token="eqs_old"), new_password="another four words")
    open_elsewhere = _as(team, "anna")
    _do(team, "password set", _as(team, "anna"), new_password="another four words")
    with pytest.raises(NotKnownError):
        _do(team, "whoami", open_elsewhere)
    with pytest.raises(NotKnownError):
        _do(team, "login", LOCAL, user="anna", password=PASSWORD)


def test_tokens_are_made_listed_and_revoked(team: Workspace) -> None:
    leader = _as(team, "anna")
    _do(team, "user add", leader, user="bot", roles=["agent"])
    made = _do(team, "token add", leader, user="bot", name="planner", days=1)
    assert made.token.startswith("eq_")
    with pytest.raises(ConflictError):
        _do(team, "token add", leader, user="bot", name="planner")
    for name in ("invitation", "two words", ""):
        with pytest.raises(InputError):
            _do(team, "token add", leader, name=name)
    bot = Context(door="rest", token=made.token)
    assert _do(team, "whoami", bot).proof.startswith("token planner, until")
    assert [(one.user, one.name) for one in _do(team, "token list", leader, everybody=True).tokens] == [("bot", "planner")]
    assert made.token not in _do(team, "token list", leader, everybody=True).model_dump_json()
    with pytest.raises(NotAllowedError):
        _do(team, "token list", bot, everybody=True)
    with pytest.raises(NotAllowedError):
        _do(team, "token revoke", bot, user="anna", name="x")
    _do(team, "token revoke", leader, user="bot", name="planner")
    with pytest.raises(NotKnownError):
        _do(team, "whoami", bot)
    with pytest.raises(NotFoundError):
        _do(team, "token revoke", leader, user="bot", name="planner")


def _files(folder: Path) -> Iterator[bytes]:
    for path in sorted((folder / ".equipoise").rglob("*")):
        if path.is_file():
            yield path.read_bytes()


def test_no_secret_is_kept_in_the_clear(team: Workspace) -> None:
    leader = _as(team, "anna")
    invited = _do(team, "user add", leader, user="bob", roles=["sales"])
    made = _do(team, "token add", leader, name="nightly")
    entered = _do(team, "login", replace(LOCAL, door="rest"), user="anna", password=PASSWORD)
    _do(team, "password set", _as(team, "anna"), user="bob", new_password="another four words")
    secrets = [leader.token, invited.invitation, made.token, entered.session.get_secret_value(), PASSWORD, "another four words"]
    kept = b"".join(_files(team.folder))
    assert not [secret for secret in secrets if secret.encode() in kept]
    assert hash_of(made.token).encode() in kept, "the search finds what is there"
    log = json.dumps([[line.old, line.new, line.reason] for line in team.store.lines()])
    assert not [secret for secret in secrets if secret in log or hash_of(secret) in log or "argon2" in log]


def test_a_wrong_request_does_not_print_what_was_given(team: Workspace) -> None:
    with pytest.raises(InputError) as wrong:
        call("login", {"plan": str(team.folder), "user": ["anna"], "password": [PASSWORD], "extra": PASSWORD}, LOCAL)
    assert PASSWORD not in str(wrong.value) + json.dumps(wrong.value.as_dict(), default=str)


def test_one_person_asks_so_often_and_no_more(team: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    leader = _as(team, "anna")
    _do(team, "user add", leader, user="bob", roles=["viewer"])
    monkeypatch.setenv("EQUIPOISE_OPERATIONS_PER_MINUTE", "3")
    bob = _as(team, "bob")
    for _ in range(3):
        _do(team, "whoami", bob)
    with pytest.raises(NotAllowedError, match="3 operations in a minute") as refused:
        _do(team, "whoami", bob)
    assert refused.value.fix.startswith("Try again in ")
    monkeypatch.setenv("EQUIPOISE_OPERATIONS_PER_MINUTE", "many")
    with pytest.raises(InputError, match=r"workspace\.yaml"):
        _do(team, "whoami", leader)


def test_the_environments_token_is_for_its_own_process_only(team: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQUIPOISE_TOKEN", add_token(team.store, "anna", "t", 1)[0])
    assert _do(team, "whoami", LOCAL).user == "anna"
    assert _do(team, "whoami", Context(door="cli")).user == "anna"
    for door in ("rest", "mcp"):
        with pytest.raises(NotKnownError):
            _do(team, "whoami", Context(door=door))


def test_people_log_in_at_the_command_line(team: Workspace, tmp_path: Path) -> None:
    def run(*line: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "equipoise.interfaces.cli", *line, "--plan", str(team.folder)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **more}, input="")

    entered = run("login", "anna", EQUIPOISE_PASSWORD=PASSWORD)
    assert "anna is logged in: facilitator." in entered.stdout
    file = tmp_path / "config" / "equipoise" / "log-ins.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    secret = json.loads(file.read_text())[str(team.folder)]["session"]
    assert secret not in entered.stdout + entered.stderr
    assert "User: anna" in run("whoami").stdout
    door = Context(door="cli")
    file.chmod(0o640)
    with pytest.raises(NotKnownError, match="Others can read the file of your log-ins"):
        _do(team, "whoami", door)
    file.chmod(0o600)
    with pytest.raises(NotKnownError, match="have to log in"):
        _do(team, "whoami", Context(door="rest"))
    _do(team, "logout", door)
    with pytest.raises(NotKnownError, match="have to log in"):
        _do(team, "whoami", door)
    assert json.loads(file.read_text()) == {}


@pytest.mark.parametrize("name", ["login", "password set", "user add", "oidc finish"])
def test_no_secret_is_an_option(name: str) -> None:
    from equipoise.interfaces.parameters import parameters

    assert {"password", "new_password", "callback", "flow"} & {one.name for one in parameters(OPERATIONS[name].request)} == set()


def test_a_password_of_any_script_is_taken_as_every_keyboard_gives_it(team: Workspace) -> None:
    composed, apart = "vier wörter für anna's", "vier wo\u0308rter fu\u0308r anna's"
    check_strength(composed, "bob", 12)
    set_password(team.store, "anna", composed)
    assert _do(team, "login", LOCAL, user="anna", password=apart).user == "anna"
    with pytest.raises(InputError, match="login is wrong"):  # half a letter, as a broken terminal gives it
        _do(team, "login", LOCAL, user="anna", password="x\udcff four odd words")


def test_a_sales_person_changes_their_market_beyond_the_fence_and_proposes_the_rest(team: Workspace) -> None:
    with team.plan_file.open("a", encoding="utf-8") as plan:
        plan.write("demand: {fences: {sales: 2}}\n")
    leader = _as(team, "anna")
    _do(team, "user add", leader, user="bob", roles=["sales"], slices=["market=Online"])
    _do(team, "user add", leader, user="bot", roles=["agent"])
    bob = _as(team, "bob")
    start = dt.date(TODAY.year, TODAY.month, 1)
    first, later = (f"{start.year + (start.month + months - 1) // 12}-{(start.month + months - 1) % 12 + 1:02d}" for months in (1, 6))

    def add(change: str, context: Context, *, propose: bool = False) -> Any:
        return _do(team, "override add", context, change=[change], reason="new shops", propose=propose)

    assert add(f"demand_plan market=Online; item=Lantern; period={later}: +10 %", bob).overrides[0].status == "accepted"
    for change, words in (
        (f"demand_plan market=Shops; item=Lantern; period={later}: +10 %", "may change 'market=Online' only"),
        (f"demand_plan item=Lantern; period={later}: +10 %", "may change 'market=Online' only"),
        (f"demand_plan market=Online; item=Lantern; period={first}: +10 %", "fenced off"),
    ):
        with pytest.raises(NotAllowedError) as refused:
            add(change, bob)
        assert words in refused.value.message
        assert "propose it" in refused.value.fix
        assert add(change, bob, propose=True).overrides[0].status == "proposed"
    bot = Context(today=TODAY, door="mcp", token=add_token(team.store, "bot", "t", 1)[0])
    proposed = add(f"demand_plan market=Online; item=Lantern; period={later}: +20 %", bot).overrides[0]
    assert proposed.status == "proposed"
    with pytest.raises(NotAllowedError, match="bot may not use 'review accept'"):
        _do(team, "review accept", bot, id=[proposed.override])
    outside = [one.override for one in _do(team, "override list", bob, status="proposed").overrides if one.author == "bob"]
    with pytest.raises(NotAllowedError):
        _do(team, "review accept", bob, id=outside)
    _do(team, "review accept", bob, id=[proposed.override])
    _do(team, "review accept", leader, id=outside)
    assert {one.document["status"] for one in team.store.records("override")} == {"accepted"}
