"""What people, log-ins and tokens are asked and answer. Secrets are never printed with a request or an answer."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from equipoise.service.messages.message import LOCAL, Message, PlanRequest

_USER = {"positional": True}
_ASKED = "By default it is in the environment's {}; else it is asked for, or read from what is piped in"


class UserLine(Message):
    """Somebody who may use the plan."""

    user: str
    name: str
    mail: str
    roles: list[str]
    slices: list[str] = Field([], description="Cells they may edit; none: all that their roles may")
    channels: list[str] = []
    subject: str
    active: bool
    revision: int


class UserAddRequest(PlanRequest):
    """Add somebody who may use the plan. With the first, who must be a facilitator, everybody has to log in."""

    user: Annotated[str, Field(description="Name to log in with", json_schema_extra=_USER)]
    roles: list[str] = Field([], description="Roles: facilitator, sales, demand planner, supply planner, finance, executive, viewer, agent")
    name: str = Field("", description="Full name")
    mail: str = Field("", description="Mail address")
    slices: list[str] = Field([], description="Cells they may edit, such as region=North; by default all that their roles may")
    channels: list[str] = Field([], description="Where notices go: mail addresses, or env:NAME for an address that is in the environment")
    subject: str = Field("", description="Who they are at the company's identity provider")
    new_password: SecretStr | None = Field(
        None, description="Password, by default the environment's EQUIPOISE_NEW_PASSWORD; without one an invitation is made"
    )


class UserChangeRequest(PlanRequest):
    """Change somebody's roles, slices, name, mail or channels, or whether they may log in; people change their own name and channels."""

    user: Annotated[str, Field(description="Name to log in with", json_schema_extra=_USER)]
    roles: list[str] | None = Field(None, description="Roles, in place of those they have")
    name: str | None = Field(None, description="Full name")
    mail: str | None = Field(None, description="Mail address")
    slices: list[str] | None = Field(None, description="Cells they may edit, in place of those they have; an empty one: all")
    channels: list[str] | None = Field(None, description="Where notices go, in place of those they have; an empty one: nowhere")
    subject: str | None = Field(None, description="Who they are at the company's identity provider")
    active: Literal["yes", "no"] | None = Field(None, description="Whether they may log in")
    reason: str = Field("", description="Why, for the log")
    revision: int | None = Field(None, description="Revision that you looked at: refused where somebody has changed it since")


class UserAnswer(Message):
    """Somebody as they are now. `invitation` is a token, shown this once, with which they set their password."""

    headline: list[str] = []
    person: UserLine
    invitation: str = Field("", repr=False)


class UserListRequest(PlanRequest):
    """List the people who may use the plan."""

    everybody: bool = Field(False, description="Also those who may no longer log in")


class UserListAnswer(Message):
    """People who may use the plan."""

    headline: list[str] = []
    people: list[UserLine] = []


class PasswordSetRequest(PlanRequest):
    """Set your password, or somebody's who has forgotten theirs. Their log-ins end."""

    user: str = Field("", description="Whose; by default your own")
    new_password: SecretStr = Field(description=f"New password. {_ASKED.format('EQUIPOISE_NEW_PASSWORD')}")


class DoneAnswer(Message):
    """What was done, in words."""

    headline: list[str]


class LoginRequest(PlanRequest):
    """Log in with name and password."""

    user: Annotated[str, Field(description="Name to log in with", json_schema_extra=_USER)]
    password: SecretStr = Field(description=f"Password. {_ASKED.format('EQUIPOISE_PASSWORD')}")


class LoginAnswer(Message):
    """A session. At the command line it is kept in a file that only you can read, and not shown; other doors hand `session` on."""

    headline: list[str]
    user: str
    roles: list[str]
    expires: str = Field(description="When it ends at the latest, UTC")
    session: SecretStr | None = Field(None, repr=False)


class LogoutRequest(PlanRequest):
    """Log out: the session can never be used again."""

    everywhere: bool = Field(False, description="End all your sessions, on every machine")


class OidcBeginRequest(PlanRequest):
    """Begin to log in at the company's identity provider: open the address in a browser."""

    redirect: str = Field(
        "", description="Where the provider sends the browser back to; by default as workspace.yaml has it", json_schema_extra=LOCAL
    )


class OidcBeginAnswer(Message):
    """Where to log in. `flow` proves later that the same one asked; the command line keeps it."""

    headline: list[str]
    url: str
    state: str
    flow: SecretStr | None = Field(None, repr=False)


class OidcFinishRequest(PlanRequest):
    """Finish logging in at the company's identity provider with the address at which the browser ended."""

    callback: SecretStr = Field(description="Address at which the browser ended, with its code and state")
    flow: SecretStr | None = Field(None, description="What `begin` handed out; the command line has kept it")
    redirect: str = Field("", description="As given to `begin`", json_schema_extra=LOCAL)


class TokenLine(Message):
    """A token, without its secret."""

    user: str
    name: str
    created: str
    expires: str
    last_used: str
    state: Literal["valid", "expired"]


class TokenAddRequest(PlanRequest):
    """Make a token with which a program does what you may. It is shown once."""

    name: Annotated[str, Field(description="Name, such as nightly-run", json_schema_extra=_USER)]
    user: str = Field("", description="For whom; by default yourself")
    days: int | None = Field(None, ge=1, le=3650, description="Days until it expires; by default as workspace.yaml has it, 90")


class TokenAnswer(Message):
    """A new token; only its hash is kept."""

    headline: list[str]
    token: str = Field(repr=False)
    expires: str


class TokenListRequest(PlanRequest):
    """List tokens, with when they were last used."""

    user: str = Field("", description="Whose; by default your own")
    everybody: bool = Field(False, description="Those of all people")


class TokenListAnswer(Message):
    """Tokens, without their secrets."""

    headline: list[str] = []
    tokens: list[TokenLine] = []


class TokenRevokeRequest(PlanRequest):
    """Revoke a token: it can never be used again."""

    name: Annotated[str, Field(description="Name of the token", json_schema_extra=_USER)]
    user: str = Field("", description="Whose; by default your own")


class WhoamiRequest(PlanRequest):
    """Say who you are, and what you may do."""


class WhoamiAnswer(Message):
    """Who asks, what they may do, and how they proved who they are."""

    headline: list[str] = []
    user: str
    team: bool = Field(description="Whether people have to log in here")
    roles: list[str] = []
    slices: list[str] = []
    permissions: list[str] = []
    proof: str = ""
