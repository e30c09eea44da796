"""A real mail server and a real webhook on this machine, which keep what they were sent."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

SECRET = "very-secret-path"


@dataclass
class Post:
    """What came: mails as (recipient, subject, text), chat messages as the JSON received. `refused` recipients are turned away."""

    mails: list[tuple[str, str, str]] = field(default_factory=list)
    chats: list[dict[str, Any]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    down: bool = False
    smtp: int = 0
    http: int = 0

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        if address in self.refused:
            return f"550 no such mailbox {address}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=policy.default)
        body = mail.get_body(("html", "plain"))
        assert body is not None
        self.mails += [(to, str(mail["Subject"]), body.get_content()) for to in envelope.rcpt_tos]
        return "250 OK"

    @property
    def server(self) -> str:
        """The mail server as apprise takes it."""
        return f"mailto://127.0.0.1:{self.smtp}?from=plan@lamps.example&mode=insecure"

    @property
    def hook(self) -> str:
        """The webhook as apprise takes it."""
        return f"json://127.0.0.1:{self.http}/{SECRET}"


@contextmanager
def post() -> Iterator[Post]:
    """Yield what comes to a mail server and a webhook that listen meanwhile."""
    made = Post()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == f"/{SECRET}"
            if not made.down:
                made.chats.append(json.loads(body))
            self.send_response(500 if made.down else 200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            return

    with socket.create_server(("127.0.0.1", 0)) as free:
        made.smtp = free.getsockname()[1]
    mail = Controller(made, hostname="127.0.0.1", port=made.smtp)
    web = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    made.http = web.server_address[1]
    mail.start()
    thread.start()
    try:
        yield made
    finally:
        mail.stop()
        web.shutdown()
        web.server_close()
        thread.join()
