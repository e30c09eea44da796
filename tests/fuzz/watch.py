"""What stands between the fuzzer and the server: it sees every answer, and holds it to the table of who may do what."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from equipoise.errors import NotFoundError
from equipoise.store import shared_store
from equipoise.store.contract import Change, Signature
from tests.fuzz.allowed import MAY, NOBODY
from tests.fuzz.company import document, name_of

_PROVING = frozenset({"login", "oidc_finish", "password_set"})  # what is refused there is another proof than the token
_OF_ACCOUNTS = frozenset({"logout", "password_set", "token_revoke", "user_change"})


@dataclass
class Watch:
    """An ASGI application that passes requests of one role on. `seen` counts answers by operation and status."""

    app: ASGIApp
    folder: Path
    role: str
    token: str = ""
    seen: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        own = shared_store(self.folder).credentials(user=name_of(self.role), kind="token")
        self._credentials = own if self.role != NOBODY else []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and look at what is answered."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        said: dict[str, Any] = {}

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                said.update(status=message["status"])
            await send(message)

        await self.app(scope, receive, tell)
        role = self.role if f"Bearer {self.token}".encode() in dict(scope["headers"]).values() and self.token else NOBODY
        self._look(role, str(getattr(scope.get("route"), "name", "")), scope, int(said["status"]))

    @property
    def requests(self) -> int:
        """How many requests there were."""
        return sum(self.seen.values())

    def _look(self, role: str, operation: str, scope: Scope, status: int) -> None:
        self.seen[operation, status] += 1
        where = f"{role} asked {scope['method']} {scope['path']} ({operation or 'nothing'}) and was answered {status}"
        if status >= 500:
            self.wrong.append(where)
        elif status < 400 and role not in MAY.get(operation, ()):
            self.wrong.append(f"{where}, which that role may not")
        elif status == 401 and role != NOBODY and operation not in _PROVING:
            self.wrong.append(f"{where}, though a token was sent")
        if status < 400 and operation in _OF_ACCOUNTS:
            self._mend()

    def _mend(self) -> None:
        """Give whoever asks back the roles and the token that they were made to change or lose."""
        store = shared_store(self.folder)
        for credential in self._credentials:
            store.put_credential(credential)
        if self.role != NOBODY:
            with suppress(NotFoundError):
                record = store.record("user", name_of(self.role))
                if record.document != (wanted := document(self.role)):
                    store.change([Change("user", wanted, record.id, record.revision)], Signature("test", "python", "user change"))
