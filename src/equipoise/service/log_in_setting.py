"""How people log in: what workspace.yaml says under `people`, and the environment before it."""

import os
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from equipoise.errors import Fault, InputError, Where
from equipoise.store.location import log_in_setting

_RATE = "EQUIPOISE_OPERATIONS_PER_MINUTE"


def is_safe(address: str) -> bool:
    """Whether nobody between here and an address reads or changes what is said: https, or this machine itself."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"})


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class OidcSetting(_Group):
    """The company's identity provider. `client_secret` is env:NAME: a secret has no place in a file that many read."""

    issuer: str = Field(min_length=1, description="Address of the provider, as it names itself")
    client_id: str = Field(min_length=1, description="Name of Equipoise at the provider")
    client_secret: SecretStr | None = Field(None, description="Secret of Equipoise at the provider, as env:NAME; none for a public client")
    redirect: str = Field("", description="Where the provider sends the browser back to, as registered there")
    unknown: Literal["refuse", "viewer"] = Field("refuse", description="Whether somebody who is no user yet is refused, or made a viewer")

    @field_validator("issuer")
    @classmethod
    def _safe(cls, value: str) -> str:
        if not is_safe(value):
            raise ValueError(f"the issuer {value} is not reached by https. Only on this machine may it be http.")
        return value.rstrip("/")

    @field_validator("client_secret", mode="before")
    @classmethod
    def _from_environment(cls, value: object) -> object:
        if value is None:
            return None
        if not isinstance(value, str) or not value.startswith("env:"):
            raise ValueError("the client_secret stands in the file. Put it into an environment variable, and write env:NAME.")
        name = value.removeprefix("env:")
        if not os.environ.get(name):
            raise ValueError(f"the client_secret is to come from the environment's {name}, which is not set. Set it.")
        return os.environ[name]


class LogInSetting(_Group):
    """Passwords, sessions, tokens and how often somebody may ask."""

    password_length: int = Field(12, ge=8, le=128, description="Fewest characters of a password")
    session_idle_hours: float = Field(12, gt=0, le=720, description="Hours without use after which a session ends")
    session_days: float = Field(7, gt=0, le=90, description="Days after which a session ends however much it is used")
    token_days: int = Field(90, ge=1, le=3650, description="Days until a token expires where it does not say")
    operations_per_minute: int = Field(600, ge=1, description="Operations that one person may do in a minute")
    oidc: OidcSetting | None = Field(None, description="The company's identity provider")


def read_log_in_setting(workspace: Path) -> LogInSetting:
    """Return how people log in to a workspace. Raises InputError with everything that is wrong."""
    said = log_in_setting(workspace)
    values = dict(said) if isinstance(said, dict) else {"people": said} if said is not None else {}
    if os.environ.get(_RATE):
        values["operations_per_minute"] = os.environ[_RATE]
    try:
        return LogInSetting.model_validate(values)
    except ValidationError as error:
        where = str(workspace / "workspace.yaml")
        faults = [_fault(fault["msg"], ".".join(map(str, fault["loc"])), where) for fault in error.errors()]
        raise InputError("What workspace.yaml says of people is wrong.", "Correct it.", Where(where), faults) from None


def _fault(message: str, key: str, where: str) -> Fault:
    words = message.removeprefix("Value error, ").rstrip(".")
    return Fault(f"{words[:1].upper()}{words[1:]}.", "", Where(where, column=f"people.{key}"))
