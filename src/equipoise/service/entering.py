"""Logging in and out, passwords and tokens. The log says who did, never with what."""

import datetime as dt
import re
import time
from typing import TYPE_CHECKING

from equipoise.errors import ConflictError, InputError, NotAllowedError, NotFoundError, NotKnownError
from equipoise.process.people import AGENT, require
from equipoise.service import session_file
from equipoise.service.credentials import (
    INVITATION,
    add_session,
    add_token,
    check_password,
    check_strength,
    set_password,
    utc_now,
)
from equipoise.service.identity import is_team, known, person_of, user_record
from equipoise.service.log_in_setting import LogInSetting, read_log_in_setting
from equipoise.service.messages import PlanRequest
from equipoise.service.messages.people import (
    DoneAnswer,
    LoginAnswer,
    LoginRequest,
    LogoutRequest,
    PasswordSetRequest,
    TokenAddRequest,
    TokenAnswer,
    TokenLine,
    TokenListAnswer,
    TokenListRequest,
    TokenRevokeRequest,
)
from equipoise.service.people import user_name
from equipoise.service.register import Context
from equipoise.service.workspace import Workspace, locate
from equipoise.store.contract import Signature

if TYPE_CHECKING:
    from equipoise.store import Credential, Record, Store

_RECENT = dt.timedelta(minutes=15)
_REFUSAL = 0.4  # seconds that a refused log-in takes at least
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


def team_place(request: PlanRequest) -> tuple[Workspace, LogInSetting]:
    """Return the workspace that people log in to, and how. Raises InputError where nobody has to."""
    place = locate(request)
    if not is_team(place.folder):
        raise InputError("Nobody has to log in here: there are no users.", "To work as a team: equipoise user add NAME --roles facilitator")
    return place, read_log_in_setting(place.folder)


def login(request: LoginRequest, context: Context) -> LoginAnswer:
    """Check name and password and begin a session.

    Raises NotKnownError where one of them is wrong, in the same words for either; NotAllowedError while too many wrong ones came in a row.
    """
    begun = time.monotonic()
    place, setting = team_place(request)
    name = request.user.strip().lower()[:100]
    record = user_record(place.store, name)
    active = record is not None and record.document.get("active") is not False
    try:
        check_password(place.store, name, request.password.get_secret_value(), known=active)
    except NotAllowedError as error:
        if active and isinstance(error, NotKnownError):  # names that nobody has could fill the log
            place.store.note("log_in", name, {"result": "wrong password"}, Signature(name, context.door, "login"))
        time.sleep(max(0.0, begun + _REFUSAL - time.monotonic()))  # what was written for a known name must not show in the time
        raise
    if record is None:  # cannot be: who is not known has no password
        raise NotFoundError(f"There is no user {name}.")
    return begin_session(place, setting, record, context, "password")


def begin_session(place: Workspace, setting: LogInSetting, record: "Record", context: Context, by: str) -> LoginAnswer:
    """Begin a session of somebody who has proved who they are, and write it down. The command line keeps it; other doors are given it."""
    secret, expires = add_session(place.store, record.id, setting.session_days)
    place.store.note("log_in", record.id, {"result": "logged in", "by": by}, Signature(record.id, context.door, "login"))
    if context.door == "cli":
        session_file.hold(place.folder, "session", secret)
    roles = list(person_of(record).roles)
    return LoginAnswer.model_validate(
        {
            "headline": [f"{record.id} is logged in: {', '.join(roles)}."],
            "user": record.id,
            "roles": roles,
            "expires": f"{expires:%Y-%m-%d %H:%M}",
            "session": None if context.door == "cli" else secret,
        }
    )


def logout(request: LogoutRequest, context: Context) -> DoneAnswer:
    """End the session that asks, or all of the person's. Raises InputError where a token asks, which is revoked instead."""
    place, setting = team_place(request)
    found = known(place.store, context, setting.session_idle_hours)
    name, proof = found.person.name, found.proof
    if not request.everywhere and (proof is None or proof.kind != "session"):
        raise InputError("There is no log-in to end.", "A token is revoked with: equipoise token revoke NAME")
    ended = place.store.drop_credential(name, "session", "" if request.everywhere or proof is None else proof.name)
    place.store.note("log_in", name, {"result": "logged out", "sessions": ended}, context.sign("logout"))
    if context.door == "cli":
        session_file.hold(place.folder, "session", "")
    return DoneAnswer(headline=[f"{name} is logged out{' everywhere' if request.everywhere else ''}."])


def password_set(request: PasswordSetRequest, context: Context) -> DoneAnswer:
    """Set a password and end the log-ins of whose it is; an invitation is used up.

    It takes a log-in of the last quarter of an hour, or the invitation: a machine left open, or a token that was found, changes no
    password. Raises NotAllowedError without, or where it is somebody else's and who asks does not manage people; InputError where the
    password is too easy to guess.
    """
    place, setting = team_place(request)
    found = known(place.store, context, setting.session_idle_hours)
    name = user_name(request.user) if request.user else found.person.name
    _refuse_stale(found.proof, own=name == found.person.name)
    record = _whose(place.store, name, context)
    if AGENT in person_of(record).roles:
        raise InputError("An agent has no password.", f"Give it a token with: equipoise token add NAME --user {name}")
    check_strength(request.new_password.get_secret_value(), name, setting.password_length)
    set_password(place.store, name, request.new_password.get_secret_value())
    place.store.drop_credential(name, "session")
    place.store.drop_credential(name, "token", INVITATION)
    place.store.note("password", name, {"result": "set"}, context.sign("password set"))
    return DoneAnswer(headline=[f"The password of {name} is set. Log in with: equipoise login {name}"])


def _refuse_stale(proof: "Credential | None", *, own: bool) -> None:
    if proof is None:
        raise NotAllowedError("A password is set by somebody who has just logged in.", "Log in first.")
    invited = own and proof.kind == "token" and proof.name == INVITATION
    if not invited and (proof.kind == "token" or utc_now() - proof.created > _RECENT):
        raise NotAllowedError(
            f"A password is set by somebody who has logged in within the last {_RECENT.seconds // 60} minutes.",
            f"Log in again: equipoise login {proof.user}",
        )


def _whose(store: "Store", name: str, context: Context) -> "Record":
    """Return the user whose password or token it is. Raises NotAllowedError where it is not one's own, and one does not manage people."""
    if name != context.person.name:
        require(context.person, f"change how {name} logs in", "manage_people")
    record = user_record(store, name)
    if record is None:
        raise NotFoundError(f"There is no user {name}.", "See who there is with: equipoise user list")
    return record


def token_add(request: TokenAddRequest, context: Context) -> TokenAnswer:
    """Make a token; it is in the answer, and nowhere else ever again.

    A token makes none for others' roles or longer than itself: it takes a log-in. Raises NotAllowedError without one, ConflictError where
    the name is taken, InputError where it cannot be a name.
    """
    place, setting = team_place(request)
    proof = known(place.store, context, setting.session_idle_hours).proof
    if proof is not None and proof.kind == "token":
        raise NotAllowedError("A token makes no other token.", f"Log in with: equipoise login {proof.user}")
    if not _NAME.fullmatch(request.name) or request.name == INVITATION:
        raise InputError(f"'{request.name}' cannot be the name of a token.", "Take letters, digits, dots or hyphens, such as nightly-run.")
    user = user_name(request.user) if request.user else context.person.name
    record = _whose(place.store, user, context)
    if record.document.get("active") is False:
        raise InputError(f"{user} may not log in.", f"First: equipoise user change {user} --active yes")
    if any(one.name == request.name for one in place.store.credentials(user=user, kind="token")):
        raise ConflictError(f"{user} has a token {request.name}.", "Choose another name, or revoke that one first.")
    token, expires = add_token(place.store, user, request.name, request.days or setting.token_days)
    detail: dict[str, object] = {"result": "made", "name": request.name, "expires": f"{expires:%Y-%m-%d %H:%M}"}
    place.store.note("token", user, detail, context.sign("token add"))
    told = [f"{user} has a token {request.name} until {expires:%Y-%m-%d}. It is shown this once: keep it where only the program reads it."]
    return TokenAnswer(headline=told, token=token, expires=f"{expires:%Y-%m-%d %H:%M}")


def token_list(request: TokenListRequest, context: Context) -> TokenListAnswer:
    """Return tokens without their secrets. Raises NotAllowedError where they are others' and who asks does not manage people."""
    place, _ = team_place(request)
    user = "" if request.everybody else user_name(request.user) if request.user else context.person.name
    if user != context.person.name:
        require(context.person, "see the tokens of others", "manage_people")
    now = utc_now()
    lines = [_token_line(one, now) for one in place.store.credentials(user=user, kind="token")]
    return TokenListAnswer(headline=[] if lines else ["There are no tokens."], tokens=lines)


def _token_line(held: "Credential", now: dt.datetime) -> TokenLine:
    return TokenLine(
        user=held.user,
        name=held.name,
        created=f"{held.created:%Y-%m-%d %H:%M}",
        expires=f"{held.expires:%Y-%m-%d %H:%M}" if held.expires else "",
        last_used=f"{held.last_used:%Y-%m-%d %H:%M}" if held.last_used else "",
        state="expired" if held.expires is not None and held.expires <= now else "valid",
    )


def token_revoke(request: TokenRevokeRequest, context: Context) -> DoneAnswer:
    """Revoke a token. Raises NotFoundError where there is none of that name, NotAllowedError where it is somebody else's."""
    place, _ = team_place(request)
    user = user_name(request.user) if request.user else context.person.name
    _whose(place.store, user, context)
    if not place.store.drop_credential(user, "token", request.name):
        raise NotFoundError(f"{user} has no token {request.name}.", f"See which there are with: equipoise token list --user {user}")
    place.store.note("token", user, {"result": "revoked", "name": request.name}, context.sign("token revoke"))
    return DoneAnswer(headline=[f"The token {request.name} of {user} is revoked."])
