"""What proves who somebody is: passwords, tokens and sessions. Kept are hashes only, never what they are hashes of."""

import base64
import datetime as dt
import hashlib
import hmac
import secrets
import unicodedata
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING

from equipoise.errors import InputError, NotAllowedError, NotKnownError
from equipoise.store.contract import Credential
from equipoise.tables.figures import number, plural

if TYPE_CHECKING:
    from argon2 import PasswordHasher

    from equipoise.store.contract import Store

TOKEN, SESSION = "eq_", "eqs_"
INVITATION = "invitation"
_LONGEST = 1024
_FREE = 3  # wrong passwords without a wait; each further one doubles it
_LONGEST_WAIT = 900
_MOST_UNKNOWN = 10_000
_TOUCHED = dt.timedelta(minutes=1)  # how old a note of the last use may be: not every use is a write
_OBVIOUS: tuple[str, ...] = (
    "password",
    "passwort",
    "motdepasse",
    "qwerty",
    "qwertz",
    "azerty",
    "letmein",
    "welcome",
    "admin",
    "administrator",
)
_OBVIOUS += ("changeme", "secret", "equipoise", "salesandoperations", "iloveyou", "summer", "winter", "spring", "autumn")


def utc_now() -> dt.datetime:
    """Return the time now, UTC, in the form of all times in the store."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def new_secret(prefix: str) -> str:
    """Return a new secret of 256 random bits, in characters that need no quoting."""
    return prefix + secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """Return the hash under which a token or session is kept: SHA-256, since nobody guesses 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _hasher() -> "PasswordHasher":
    """Return what hashes passwords: Argon2id with the low-memory parameters of RFC 9106, section 4 (64 MiB, 3 passes, 4 lanes)."""
    try:
        from argon2 import PasswordHasher, profiles
    except ModuleNotFoundError:
        raise InputError("Passwords need the library argon2-cffi.", "Install it with: pip install 'equipoise[team]'") from None
    return PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)


def _plain(password: str) -> str:
    """Return a password as every keyboard gives it (Unicode NFKC)."""
    return unicodedata.normalize("NFKC", password)


def _bytes(password: str) -> bytes:
    return _plain(password).encode("utf-8", "surrogatepass")


def password_hash(password: str) -> str:
    """Return the Argon2id hash of a password, with its salt and parameters."""
    return _hasher().hash(_bytes(password))


def _matches(secret: str, password: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(secret, _bytes(password))
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys_hash() -> str:
    """Return a hash that no password has and that takes as long to check as any: who is not known is not told by the time it takes."""
    hasher = _hasher()
    salt, tag = (base64.b64encode(bytes(size)).decode().rstrip("=") for size in (hasher.salt_len, hasher.hash_len))
    return f"$argon2id$v=19$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}${salt}${tag}"


def check_strength(password: str, user: str, least: int) -> None:
    """Raise InputError where a password is too short, is or holds the user's name, or is among the first that anybody would try.

    Length is what counts, and no mix of kinds of characters is asked for (NIST SP 800-63B, section 3.1.1.2).
    """
    plain = _plain(password).casefold()
    letters = "".join(one for one in plain if one.isalpha())
    names = [one for one in {user.casefold(), user.casefold().partition("@")[0]} if len(one) > 2]
    steps = {ord(later) - ord(earlier) for earlier, later in pairwise(plain)}
    if len(plain) < least:
        raise InputError(f"The password is too short: it has {len(plain)} characters.", f"Take at least {least}, such as four words.")
    if len(password) > _LONGEST:
        raise InputError("The password is too long.", f"Take at most {_LONGEST} characters.")
    if any(one in plain or one[::-1] in plain for one in names):
        raise InputError("The password has the user's name in it.", "Choose one that has nothing to do with it.")
    if len(set(plain)) < 5 or len(steps) == 1 or letters in _OBVIOUS or (not letters and plain in "01234567890123456789"):
        raise InputError("The password is among the first that anybody would try.", "Choose another, such as four words.")


def wait_after(failures: int) -> dt.timedelta:
    """Return how long the next try must wait after wrong passwords in a row: from the third on 1, 2, 4, ... seconds, at most 15 minutes."""
    return dt.timedelta(seconds=0 if failures < _FREE else min(_LONGEST_WAIT, 2 ** min(failures - _FREE, 20)))


def _refuse_while_waiting(failures: int, last: dt.datetime | None, now: dt.datetime) -> None:
    if last is None or last > now:  # the clock was set back: a wait cannot be told
        return
    left = (last + wait_after(failures) - now).total_seconds()
    if left > 0:
        raise NotAllowedError(
            "Too many wrong passwords in a row for this name.", f"Try again in {number(int(left) + 1)} {plural('second', int(left) + 1)}."
        )


@dataclass
class _Unknown:
    """Wrong tries of names that nobody has: they wait like any, so that no wait tells who is known. Only in memory, and only the latest."""

    def __post_init__(self) -> None:
        self._tries: OrderedDict[str, tuple[int, dt.datetime]] = OrderedDict()
        self._lock = Lock()

    def count(self, name: str, now: dt.datetime) -> None:
        """Count a try. Raises NotAllowedError where it comes too soon after the last."""
        with self._lock:
            failures, last = self._tries.pop(name, (0, None))
            try:
                _refuse_while_waiting(failures, last, now)
            except NotAllowedError:
                self._tries[name] = (failures, last or now)
                raise
            self._tries[name] = (failures + 1, now)
            while len(self._tries) > _MOST_UNKNOWN:
                self._tries.popitem(last=False)


_UNKNOWN = _Unknown()


def check_password(store: "Store", user: str, password: str, *, known: bool) -> None:
    """Check a password. `known` says whether the user is there and may log in.

    A try is counted before it is checked, and only by whoever saw the count as it was: many tries at once get no more than one.
    Raises NotKnownError, in the same words and after the same work, where the name or the password is wrong, and NotAllowedError while
    tries must wait.
    """
    held = store.credentials(user=user, kind="password") if known else []
    now = utc_now()
    if not held:
        _UNKNOWN.count(user, now)
        _matches(_nobodys_hash(), password[:_LONGEST])
        raise _wrong()
    seen = held[0]
    _refuse_while_waiting(seen.failures, seen.last_failure, now)
    counted = replace(seen, failures=seen.failures + 1, last_failure=now)
    if not store.replace_credential(seen, counted):
        raise NotAllowedError("Somebody else is logging in under this name just now.", "Try again in 1 second.")
    if not _matches(seen.secret, password[:_LONGEST]):
        raise _wrong()
    secret = password_hash(password) if _hasher().check_needs_rehash(seen.secret) else seen.secret
    store.replace_credential(counted, replace(counted, secret=secret, failures=0, last_failure=None, last_used=now))


def _wrong() -> NotKnownError:
    return NotKnownError("The name or the password is wrong.", "Try again, or ask a facilitator for a new password.")


def set_password(store: "Store", user: str, password: str) -> None:
    """Keep the hash of a user's password in place of the last."""
    store.put_credential(Credential(user, "password", "", password_hash(password), utc_now()))


def add_token(store: "Store", user: str, name: str, days: float) -> tuple[str, dt.datetime]:
    """Make a token and return it, which nobody can do again, with when it expires."""
    token, now = new_secret(TOKEN), utc_now()
    expires = now + dt.timedelta(days=days)
    store.put_credential(Credential(user, "token", name, hash_of(token), now, expires))
    return token, expires


def add_session(store: "Store", user: str, days: float) -> tuple[str, dt.datetime]:
    """Make a session and return its secret with when it ends at the latest. Sessions of the user that have ended are cleared away."""
    now = utc_now()
    for old in store.credentials(user=user, kind="session"):
        if old.expires is not None and old.expires <= now:
            store.drop_credential(user, "session", old.name)
    secret = new_secret(SESSION)
    expires = now + dt.timedelta(days=days)
    store.put_credential(Credential(user, "session", secrets.token_hex(8), hash_of(secret), now, expires, last_used=now))
    return secret, expires


def proof_of(store: "Store", secret: str, idle_hours: float) -> Credential:
    """Return the token or session that a secret is, with its use noted.

    Raises NotKnownError where there is none, or it has expired, or a session was not used for `idle_hours`.
    """
    content, now = hash_of(secret), utc_now()
    held = [one for one in store.credentials(secret=content) if one.kind != "password" and hmac.compare_digest(one.secret, content)]
    if not held:
        raise NotKnownError("This log-in or token is not known here: it has ended, was revoked, or never was.", _REMEDY)
    proof = held[0]
    last = proof.last_used or proof.created
    what = "The session" if proof.kind == "session" else f"The token {proof.name}"
    if proof.expires is not None and proof.expires <= now:
        raise NotKnownError(f"{what} of {proof.user} expired on {proof.expires:%Y-%m-%d at %H:%M} UTC.", _REMEDY)
    if proof.kind == "session" and last + dt.timedelta(hours=idle_hours) <= now:
        raise NotKnownError(f"{what} of {proof.user} ended, as it was not used since {last:%Y-%m-%d at %H:%M} UTC.", _REMEDY)
    if now - last > _TOUCHED or proof.last_used is None:
        store.replace_credential(proof, replace(proof, last_used=now))  # one that was ended meanwhile stays ended
    return proof


_REMEDY = "Log in with: equipoise login NAME. A program needs a new token: equipoise token add."
