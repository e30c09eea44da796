"""Requests that carry an Idempotency-Key: sent twice they are done once, and the second is answered as the first was."""

import datetime as dt
import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from equipoise.errors import ConflictError
from equipoise.interfaces.api.given import Values
from equipoise.interfaces.api.performing import Reply
from equipoise.interfaces.api.problems import HttpError
from equipoise.interfaces.api.routes import Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from equipoise.store import Store
    from equipoise.store.contract import Reply as Kept

KEPT_HOURS = 24
_LONGEST = 200
# Their answers hold secrets, which are kept nowhere.
NEVER_KEPT = frozenset({"login", "oidc finish", "token add", "user add", "password set", "logout"})


def checked_key(route: Route, key: str) -> str:
    """Return the key of a request. Raises HttpError where it cannot be one, or its operation takes none."""
    if key and not (key.isascii() and key.isprintable() and len(key) <= _LONGEST):
        raise HttpError(400, f"The Idempotency-Key is no text of at most {_LONGEST} letters.", "Give a UUID.")
    if key and route.operation.name in NEVER_KEPT:
        raise HttpError(400, f"'{route.operation.name}' takes no Idempotency-Key: its answer holds a secret.", "Leave the header out.")
    return key


def once(store: "Store", actor: str, key: str, route: Route, values: Values, do: "Callable[[], Reply]") -> Reply:
    """Do what a request asks, unless its key was used before: then return what was answered.

    An error that was answered is not kept: the request may be sent again. Raises ConflictError where another request was sent with the
    key, where the first is still being done, or where it was broken off, so that nobody knows whether it was done.
    """
    from equipoise.store.chain import utc_now
    from equipoise.store.contract import Reply as Kept

    now = utc_now()
    asked = hashlib.sha256(json.dumps([route.method, route.path, values], sort_keys=True, default=str).encode()).hexdigest()
    store.drop_replies(now - dt.timedelta(hours=KEPT_HOURS))
    mine = Kept(actor, key, asked, now)
    held = store.claim_reply(mine)
    if held is not None:
        return _again(held, asked)
    try:
        reply = do()
    except BaseException:
        store.drop_replies(now + dt.timedelta(seconds=1), actor, key)
        raise
    store.put_reply(replace(mine, status=reply.status, body=json.dumps([reply.body.decode(), reply.headers])))
    return reply


def _again(held: "Kept", asked: str) -> Reply:
    if held.asked != asked:
        raise HttpError(422, "This Idempotency-Key was used with another request.", "Give each request a key of its own.")
    if not held.status:
        raise ConflictError(
            "The first request with this Idempotency-Key has not been answered: it is being done, or was broken off.",
            "Ask again in a moment; if it stays so, look whether it was done, and send it with a new key if not.",
        )
    body, headers = json.loads(held.body)
    return Reply(body.encode(), held.status, {**headers, "Idempotency-Replayed": "true"})
