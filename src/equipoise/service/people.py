"""The people who may use a plan: added and changed by a facilitator, never taken out, as the record names them for good."""

import re
from typing import TYPE_CHECKING

from equipoise.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from equipoise.process.kept import word, words
from equipoise.process.people import AGENT, LEADER, ROLE_PERMISSIONS, may, permissions_of, require
from equipoise.service.credentials import INVITATION, add_token, check_strength, set_password
from equipoise.service.identity import is_team, known, user_record
from equipoise.service.log_in_setting import read_log_in_setting
from equipoise.service.messages.people import (
    UserAddRequest,
    UserAnswer,
    UserChangeRequest,
    UserLine,
    UserListAnswer,
    UserListRequest,
    WhoamiAnswer,
    WhoamiRequest,
)
from equipoise.service.register import Context
from equipoise.service.workspace import locate
from equipoise.store.contract import Change, Document
from equipoise.tables.figures import listing

if TYPE_CHECKING:
    from equipoise.service.workspace import Workspace
    from equipoise.store import Record, Store

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,59}")
_MAIL = re.compile(r"[^@\s:/]+@[^@\s:/]+")
_VARIABLE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*")
_OWN = {"name", "channels"}
_INVITED_DAYS = 7


def add(request: UserAddRequest, context: Context) -> UserAnswer:
    """Add a user, with a password or with an invitation: a token of a week, with which they set one.

    Raises InputError with every fault of what is given, or where the first user is no facilitator; ConflictError where the name is taken.
    """
    place = locate(request)
    setting = read_log_in_setting(place.folder)
    name = user_name(request.user)
    document = _checked(
        {
            "user": name,
            "name": request.name,
            "mail": request.mail,
            "roles": request.roles,
            "slices": request.slices,
            "channels": request.channels,
            "subject": request.subject,
            "active": True,
        }
    )
    first = not is_team(place.folder)
    if first and LEADER not in words(document, "roles"):
        raise InputError(
            f"The first user must be a {LEADER}: from then on people have to log in, and only a {LEADER} can add others.",
            f"Add one with: equipoise user add {name} --roles {LEADER}",
        )
    if request.new_password is not None:
        check_strength(request.new_password.get_secret_value(), name, setting.password_length)
    _refuse_taken(place.store, document, name)
    # The first user can log in before there is one: were this interrupted in between, nobody could get in any more.
    invitation = _proved(place.store, name, request) if first else ""
    record = place.store.change([Change("user", document, name, 0)], context.sign("user add"))[0]
    invitation = invitation if first else _proved(place.store, name, request)
    told = [*_welcome(name, invitation, request.roles, first=first), *_strange(place, document)]
    return UserAnswer(headline=told, person=_line(record), invitation=invitation)


def _proved(store: "Store", name: str, request: UserAddRequest) -> str:
    """Keep the password of a new user, or make and return an invitation; an agent is given tokens instead."""
    if request.new_password is not None:
        set_password(store, name, request.new_password.get_secret_value())
        return ""
    return "" if AGENT in request.roles else add_token(store, name, INVITATION, _INVITED_DAYS)[0]


def _welcome(name: str, invitation: str, roles: list[str], *, first: bool) -> list[str]:
    said = [f"{name} is added: {listing(roles)}."]
    if first:
        said.append("From now on everybody has to log in to this workspace.")
    if invitation:
        said.append(
            f"Give {name} the invitation below, which is shown this once and holds for {_INVITED_DAYS} days. They set their password with: "
            "EQUIPOISE_TOKEN=INVITATION equipoise password set"
        )
    elif AGENT in roles:
        said.append(f"Give it a token with: equipoise token add NAME --user {name}")
    else:
        said.append(f"{name} logs in with: equipoise login {name}")
    return said


def change(request: UserChangeRequest, context: Context) -> UserAnswer:
    """Change a user. People change their own name and channels; all else takes the permission manage_people.

    Raises NotFoundError where there is no such user, InputError with every fault of what is given or where nothing changes,
    NotAllowedError where who asks may not, or where no facilitator would be left; ConflictError where somebody else was first.
    """
    place = locate(request)
    store, name = place.store, user_name(request.user)
    held = _held(store, name)
    columns = ("roles", "name", "mail", "slices", "channels", "subject")
    given: Document = {column: value for column in columns if (value := getattr(request, column)) is not None}
    given |= {"active": request.active == "yes"} if request.active is not None else {}
    if name != context.person.name or set(given) - _OWN or AGENT in context.person.roles:
        require(context.person, f"change {name}", "manage_people")
    if not given:
        raise InputError(f"Nothing of {name} is to be changed.", "Give roles, slices, name, mail, channels, subject or active.")
    document = _checked({**held.document, **given})
    _refuse_taken(store, document, name)
    changes = [Change("user", document, name, request.revision or held.revision), *_another_leader(store, held, document)]
    record = store.change(changes, context.sign("user change", request.reason))[0]
    said = [f"{name} is changed: {listing(sorted(given))}.", *(_strange(place, document) if "slices" in given else [])]
    if document.get("active") is False:
        ended = store.drop_credential(name, "session") + store.drop_credential(name, "token")
        said.append(
            f"{name} may no longer log in; {ended} of their log-ins and tokens ended." if ended else f"{name} may no longer log in."
        )
    return UserAnswer(headline=said, person=_line(record))


def _strange(place: "Workspace", document: Document) -> list[str]:
    """Return what of somebody's slices is not in the plan."""
    slices = words(document, "slices")
    if not slices:
        return []
    from equipoise.service.cell_values import slices_that_are_not_there

    return slices_that_are_not_there(slices, place)


def _another_leader(store: "Store", held: "Record", document: Document) -> list[Change]:
    """Return the change that holds the last other facilitator as they are, where this one stops being one.

    Two who stop at the same time are told of each other. Raises NotAllowedError where there is no other.
    """
    if not _leads(held.document) or _leads(document):
        return []
    others = [one for one in store.records("user") if one.id != held.id and _leads(one.document)]
    if not others:
        raise NotAllowedError(
            f"{held.id} is the last {LEADER} who may log in: nobody could add people any more.",
            f"Make somebody else a {LEADER} first: equipoise user change NAME --roles {LEADER}",
        )
    return [Change("user", others[0].document, others[0].id, others[0].revision)] if len(others) == 1 else []


def _leads(document: Document) -> bool:
    return document.get("active") is not False and LEADER in words(document, "roles")


def list_(request: UserListRequest, context: Context) -> UserListAnswer:
    """Return the users by name; without `everybody` those who may log in. Channels are shown to those only who manage people."""
    place = locate(request)
    if not is_team(place.folder):
        return UserListAnswer(headline=["There are no users: whoever uses this machine may do everything."])
    managing = may(context.person, "manage_people")
    held = sorted(place.store.records("user"), key=lambda one: one.id)
    lines = [_line(one) for one in held if request.everybody or one.document.get("active") is not False]
    return UserListAnswer(people=[one if managing else one.model_copy(update={"channels": []}) for one in lines])


def whoami(request: WhoamiRequest, context: Context) -> WhoamiAnswer:
    """Return who asks, their roles and permissions, and how they proved who they are."""
    place = locate(request)
    person = context.person
    if not is_team(place.folder):
        told = [
            "There are no users: whoever uses this machine may do everything"
            + (", and their agent reads and proposes." if context.agent else ".")
        ]
        return WhoamiAnswer(headline=told, user=person.name, team=False, permissions=list(permissions_of(person)))
    found = known(place.store, context, read_log_in_setting(place.folder).session_idle_hours)
    proof = found.proof
    until = f", until {proof.expires:%Y-%m-%d %H:%M} UTC" if proof is not None and proof.expires is not None else ""
    how = "" if proof is None else f"token {proof.name}{until}" if proof.kind == "token" else f"log-in{until}"
    return WhoamiAnswer(
        user=person.name,
        team=True,
        roles=list(person.roles),
        slices=list(person.slices),
        permissions=list(permissions_of(person)),
        proof=how,
    )


def user_name(text: str) -> str:
    """Return the name of a user as it is kept, in small letters. Raises InputError where it cannot be one."""
    name = text.strip().lower()
    if not _NAME.fullmatch(name):
        raise InputError(
            f"'{text}' cannot be a name to log in with.", "Take up to 60 letters a to z, digits, dots, hyphens or a mail address."
        )
    return name


def _held(store: "Store", name: str) -> "Record":
    found = user_record(store, name)
    if found is None:
        raise NotFoundError(f"There is no user {name}.", "See who there is with: equipoise user list")
    return found


def _checked(document: Document) -> Document:
    """Return a user's document as it is kept: what is empty is left out. Raises InputError where something of it is wrong."""
    said = [one.strip().lower() for listed in words(document, "roles") for one in listed.split(",")]
    roles = list(dict.fromkeys(one for one in said if one))
    unknown = [one for one in roles if one not in ROLE_PERMISSIONS]
    if unknown or not roles:
        what = f"There is no role {unknown[0]}." if unknown else f"{word(document, 'user')} has no role."
        raise InputError(what, f"The roles are: {', '.join(ROLE_PERMISSIONS)}.")
    if AGENT in roles and len(roles) > 1:
        raise InputError(f"An {AGENT} has no other role: it proposes, and a person accepts.", f"Leave {AGENT} out, or the others.")
    slices = [one.strip() for one in words(document, "slices") if one.strip()]
    if slices:
        from equipoise.process.slices import read_slice

        for one in slices:
            read_slice(one)
    channels = [one.strip() for one in words(document, "channels") if one.strip()]
    for one in channels:
        if not _MAIL.fullmatch(one) and not _VARIABLE.fullmatch(one):
            raise InputError(
                "A channel is neither a mail address nor env:NAME: other addresses hold secrets, and the log forgets nothing.",
                "Put the address into an environment variable, and give env:NAME.",
            )
    mail = word(document, "mail").strip()
    if mail and not _MAIL.fullmatch(mail):
        raise InputError(f"'{mail}' is no mail address.", "Give one such as anna@example.com.")
    kept = {**document, "roles": roles, "slices": slices, "channels": channels, "mail": mail}
    return {column: value for column, value in kept.items() if value not in ("", [], None)}


def _refuse_taken(store: "Store", document: Document, name: str) -> None:
    """Raise ConflictError where another user has the same mail or subject: nobody could tell who logs in."""
    for other in store.records("user"):
        for column in ("mail", "subject"):
            value = word(document, column).casefold()
            if other.id != name and value and word(other.document, column).casefold() == value:
                raise ConflictError(f"The user {other.id} has the same {column} as {name}.", "Give another, or change that user first.")


def _line(record: "Record") -> UserLine:
    said = record.document
    return UserLine(
        user=record.id,
        name=word(said, "name"),
        mail=word(said, "mail"),
        roles=list(words(said, "roles")),
        slices=list(words(said, "slices")),
        channels=list(words(said, "channels")),
        subject=word(said, "subject"),
        active=said.get("active") is not False,
        revision=record.revision,
    )
