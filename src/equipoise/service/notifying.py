"""Sending notices: mail and chat by apprise. Addresses may hold secrets: they are never kept, printed or logged."""

import logging
import os
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from urllib.parse import quote, unquote, unquote_plus, urlsplit

from equipoise.errors import InputError
from equipoise.service.reaching import PRIVATE, public_only

_ENV = "env:"
_MAIL = re.compile(r"[^@\s:/]+@[^@\s:/]+")
_TALK = ("apprise", "urllib3", "requests")
_LOCK = Lock()
_SHORT = 4  # parts of an address that are too short to be a secret, and too common to be blotted out


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: subject, and one text as Markdown for mail and plain for chat; `attached` are files that go with a mail."""

    subject: str
    markdown: str
    text: str
    attached: tuple[Path, ...] = ()


def is_mail(address: str) -> bool:
    """Whether an address is a mail address or that of a mail service."""
    return bool(_MAIL.fullmatch(address)) or address.startswith(("mailto:", "mailtos:"))


def shown(address: str) -> str:
    """Return an address as it may be seen by all: a mail address or the name of a variable as it is, of all others the service."""
    if _MAIL.fullmatch(address) or address.startswith(_ENV):
        return address
    return urlsplit(address).scheme or "an address"


def send(address: str, message: Message, mail_server: str) -> str:
    """Send a message to an address and return what went wrong, without secrets; empty where it was taken.

    A mail address is reached by `mail_server`; both may be env:NAME.
    """
    try:
        plain = _from_environment(address)
        by_mail = _MAIL.fullmatch(plain) is not None
        own = (mail_server if by_mail else address).startswith(_ENV)
        return _sent(_by(mail_server, plain) if by_mail else plain, message, own=own)
    except InputError as error:
        return f"{error.message} {error.fix}".strip()


def _by(mail_server: str, address: str) -> str:
    """Return a mail address in the form that apprise takes. Raises InputError where the variable of the mail server is not set."""
    if mail_server.startswith(_ENV) and not os.environ.get(mail_server.removeprefix(_ENV)):
        raise InputError(
            f"No mail server is known: {mail_server.removeprefix(_ENV)} is not set.",
            "Set it to an address such as mailtos://user:password@smtp.example.com?from=planning@example.com (see process.mail_server).",
        )
    server = _from_environment(mail_server)
    return f"{server}{'&' if '?' in server else '?'}to={quote(address)}"


def _from_environment(address: str) -> str:
    if not address.startswith(_ENV):
        return address
    name = address.removeprefix(_ENV)
    found = os.environ.get(name, "")
    if not found:
        raise InputError(f"The variable {name} is not set.", "Set it where Equipoise runs.")
    return found


def _sent(url: str, message: Message, *, own: bool) -> str:
    """Send to an address, and return what went wrong. `own` says that the machine's environment gave it: it may be inside then."""
    try:
        from apprise import Apprise, NotifyFormat
    except ImportError:
        return "Notices are sent by apprise, which is not installed. Install equipoise[team]."
    with _LOCK, _heard() as said:
        service = Apprise()
        if not service.add(url) or len(service.services) != 1:
            return "The address is not understood. Write it in the form that apprise takes."
        if not _plain(service.services[0]):
            return "Addresses of this kind are not told: only mail, and chat that is reached by http."
        mail = is_mail(url)
        body, form = (message.markdown, NotifyFormat.MARKDOWN) if mail else (message.text, NotifyFormat.TEXT)
        files = [str(path) for path in message.attached] if mail else []
        hosts = {str(getattr(service.services[0], name, None) or "") for name in ("host", "smtp_host")} - {""}
        with public_only(hosts if own else ()) as reach:
            try:
                taken = service.notify(body, title=one_line(message.subject), body_format=form, attach=files or None)
            except (OSError, TypeError, ValueError) as error:
                return _blotted(f"It could not be sent: {error}.", url)
    if taken:
        return ""
    if reach.refused:
        return (
            "It was not sent: the address is inside this network, where nothing is sent unless the machine allows it. "
            f"Allow it with {PRIVATE}, or put the whole address into an environment variable and write env:NAME."
        )
    return _blotted(f"It could not be sent: {said[-1]}" if said else "It could not be sent, and the service does not say why.", url)


def _plain(service: object) -> bool:
    """Whether a service is reached by http or mail in the usual way: then it can be seen what it connects to, and it runs nothing here."""
    held = vars(sys.modules[type(service).__module__])
    return "requests" in held or "smtplib" in held


def one_line(text: str) -> str:
    """Return a text on one line without control characters, as a subject must be: a line break begins another header."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


@contextmanager
def _heard() -> Iterator[list[str]]:
    """Hear what apprise says meanwhile, in place of everybody else who listens to it and to what it sends by: they name addresses.

    It loads modules that Python will drop, and does without them then: that warns nobody.
    """
    said: list[str] = []

    class _Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    logs = [logging.getLogger(name) for name in _TALK]
    ear, before = _Ear(logging.WARNING), [(log.propagate, list(log.handlers)) for log in logs]
    for log in logs:
        log.propagate, log.handlers = False, [ear] if log.name == "apprise" else [logging.NullHandler()]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            yield said
    finally:
        for log, (propagate, handlers) in zip(logs, before, strict=True):
            log.propagate, log.handlers = propagate, handlers


def _blotted(text: str, url: str) -> str:
    """Return the text without any part of the address that may be secret: user, password, path and parameters, quoted or not."""
    parts = urlsplit(url)
    known = [url, parts.username or "", parts.password or "", *parts.path.split("/"), *re.split(r"[&=]", parts.query), parts.fragment]
    every = {form for one in known for form in (one, unquote(one), quote(unquote(one), safe=""), unquote_plus(one))}
    for secret in sorted(every, key=len, reverse=True):
        if len(secret) >= _SHORT:
            text = text.replace(secret, "…")
    return text


def channels_of(channel: str, mail: str, addresses: Sequence[str]) -> list[str]:
    """Return the addresses at which a person is told by a channel: mail and calendar by mail, chat by their other addresses.

    Where they have none of that kind, those of the other.
    """
    by_mail = [mail] if mail else [one for one in addresses if is_mail(one)]
    by_chat = [one for one in addresses if not is_mail(one)]
    return (by_chat or by_mail) if channel == "chat" else (by_mail or by_chat)
