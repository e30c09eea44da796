"""The communication plan: who is told what of the approved plan, when, by which channel; and telling them, each once."""

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from equipoise.errors import ConflictError, InputError
from equipoise.exchange.liveness import gone, worker
from equipoise.process.kept import day, edited, word, words
from equipoise.service.approving import approved_of
from equipoise.service.current import Process, process_of
from equipoise.service.messages.publishing import CommunicationAnswer, CommunicationRequest, NoticeRow
from equipoise.service.notifying import Message, channels_of, is_mail, send, shown
from equipoise.service.register import Context
from equipoise.tables.figures import number, plural

if TYPE_CHECKING:
    from equipoise.store.contract import Document, Record

UNREACHED = "No address is known: send the notice yourself (folder notices), then say so with --told."
_DONE = ("sent", "told")
_UNCLEAR = "It was broken off while it was sent: nobody knows whether it arrived. publish --again sends it once more; --told settles it."
_SENT_WITHIN = dt.timedelta(hours=1)
"""How long a notice may be at being sent by a process of another machine, of which nobody here knows whether it is still there."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the communication plan: who (a person, or an audience without people), by which channel, at which addresses.

    `place` numbers an address of the plan file among those of its audience; None: a person's own.
    """

    to: str
    audience: str
    what: tuple[str, ...]
    channel: str
    by: str
    due: dt.date
    roles: tuple[str, ...] = ()
    slices: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    def document(self) -> "Document":
        """Return it as it is kept: without addresses, which may hold secrets."""
        reached = ", ".join(dict.fromkeys(map(shown, self.addresses)))
        return {
            "to": self.to,
            "audience": self.audience,
            "what": list(self.what),
            "channel": f"{self.channel} ({reached})" if reached and reached != self.channel else self.channel,
            "by": self.by,
            "due": self.due.isoformat(),
            "subject": "",
            "state": "waiting",
            "error": "" if self.addresses else UNREACHED,
            "sent": None,
        }


def lines_of(process: Process, published: dt.date) -> list[Line]:
    """Return the communication plan of a plan that is published on a day, by the plan file's audiences and the people who are known.

    Somebody who belongs to several audiences is told once, of all that concerns them, when the first of them is told.
    """
    people = [one for one in process.place.store.records("user") if one.document.get("active") is not False]
    found: dict[str, Line] = {}
    for audience in process.plan.process.audiences:
        due = process.days.after(published, audience.when) if audience.when else published
        bare = Line("", audience.audience, audience.what, audience.channel, audience.by, due)
        told = [
            _person(one, bare) for one in people if one.id in audience.people or set(words(one.document, "roles")) & set(audience.roles)
        ]
        known = {one.id for one in people}
        told += [replace(bare, to=name, addresses=(name,) if is_mail(name) else ()) for name in audience.people if name not in known]
        told += [replace(bare, to=f"{audience.audience}: {shown(one)}", addresses=(one,)) for one in audience.addresses]
        for line in told or [replace(bare, to=audience.audience, roles=tuple(audience.roles))]:
            found[line.to] = _both(found[line.to], line) if line.to in found else line
    return sorted(found.values(), key=lambda line: (line.due, line.audience, line.to))


def _person(user: "Record", line: Line) -> Line:
    document = user.document
    addresses = channels_of(line.channel, word(document, "mail"), words(document, "channels"))
    return replace(line, to=user.id, roles=words(document, "roles"), slices=words(document, "slices"), addresses=tuple(addresses))


def _both(one: Line, other: Line) -> Line:
    first = min(one, other, key=lambda line: line.due)
    audiences = ", ".join(dict.fromkeys((one.audience, other.audience)))
    addresses = tuple(dict.fromkeys((*first.addresses, *(() if first.addresses else (*one.addresses, *other.addresses)))))
    return replace(first, audience=audiences, what=tuple(dict.fromkeys((*one.what, *other.what))), addresses=addresses)


def tell(
    process: Process,
    publication: "Record",
    message: Callable[[Line], Message],
    context: Context,
    *,
    only: Sequence[str] = (),
    states: Collection[str] = ("waiting", "failed", "sending"),
) -> "Record":
    """Send the notices of a publication that wait and are due, have failed or were broken off, and return its record as it is then.

    Before a notice is sent the record says that it is being sent, and by which process: whoever comes second leaves it alone while that
    one is there. `only` names people or audiences: theirs is sent again also where that cannot be told. `states` are those looked at.
    """
    lines = {line.to: line for line in lines_of(process, context.today)}
    for place in range(len(notices_of(publication))):
        kept = notices_of(publication)[place]
        line = lines.get(str(kept["to"]))
        if line is None or not line.addresses or kept["state"] not in states or not _to_send(kept, context.today, only):
            continue
        made = message(line)
        try:
            publication = _noted(process, publication, place, context, **_sending(made))
        except ConflictError:
            publication = process.place.store.record("publication", publication.id)
            continue
        errors = [error for address in line.addresses if (error := send(address, made, process.plan.process.mail_server))]
        failed = len(errors) == len(line.addresses)
        sent = None if failed else _now().isoformat()
        publication = _result(
            process, publication, place, context, state="failed" if failed else "sent", error="; ".join(errors), sent=sent
        )
    return publication


def _sending(message: Message) -> "Document":
    return {"state": "sending", "error": _UNCLEAR, "subject": message.subject, "by_process": worker(), "since": _now().isoformat()}


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)


def _broken_off(notice: "Document") -> bool:
    """Whether whoever was sending a notice is gone; of a process of another machine, whether it has had its time."""
    ended = gone(word(notice, "by_process"))
    since = word(notice, "since")
    return not since or _now() - dt.datetime.fromisoformat(since) > _SENT_WITHIN if ended is None else ended


def is_due(notice: "Document", today: dt.date) -> bool:
    """Return whether a notice waits for a day that has come."""
    due = day(notice, "due")
    return word(notice, "state") == "waiting" and (due is None or due <= today)


def _to_send(notice: "Document", today: dt.date, only: Sequence[str]) -> bool:
    if only and not {str(notice["to"]), str(notice["audience"])} & set(only):
        return False
    state = str(notice["state"])
    return state == "failed" or is_due(notice, today) or (state == "sending" and (bool(only) or _broken_off(notice)))


def notices_of(publication: "Record") -> "list[Document]":
    """Return the notices of a publication."""
    found = publication.document.get("notices")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _noted(process: Process, publication: "Record", place: int, context: Context, **said: object) -> "Record":
    notices = [{**one, **said} if number == place else one for number, one in enumerate(notices_of(publication))]
    return process.change([edited(publication, notices=notices)], context, "publish")[0]


def _result(process: Process, publication: "Record", place: int, context: Context, **said: object) -> "Record":
    """Note how a notice went; where somebody else has changed the publication meanwhile, in what they left."""
    while True:
        try:
            return _noted(process, publication, place, context, **said)
        except ConflictError:
            publication = process.place.store.record("publication", publication.id)


def by_hand(process: Process, publication: "Record", told: Sequence[str], context: Context) -> "Record":
    """Note that somebody has told people or audiences themselves. Raises InputError where one is not of the communication plan."""
    notices = notices_of(publication)
    known = {str(name) for one in notices for name in (one["to"], one["audience"])}
    strangers = [name for name in told if name not in known]
    if strangers:
        raise InputError(
            f"The communication plan does not have {', '.join(strangers)}.", f"It has: {', '.join(sorted(known)) or 'nobody'}."
        )
    now = _now().isoformat()
    done = [
        {**one, "state": "told", "error": "", "sent": now}
        if {str(one["to"]), str(one["audience"])} & set(told) and one["state"] not in _DONE
        else one
        for one in notices
    ]
    return process.change([edited(publication, notices=done)], context, "publish")[0]


def rows(notices: "Sequence[Document]") -> list[NoticeRow]:
    """Return notices as rows of an answer."""
    return [
        NoticeRow(
            to=word(one, "to"),
            audience=word(one, "audience"),
            what=", ".join(name.replace("_", " ") for name in words(one, "what")),
            channel=word(one, "channel"),
            due=day(one, "due"),
            by=word(one, "by"),
            state=word(one, "state"),
            error="" if word(one, "state") in _DONE else word(one, "error"),
        )
        for one in notices
    ]


def in_words(notices: "Sequence[Document]") -> str:
    """Return in a sentence how many were told, and how many were not."""
    counts = {state: sum(one["state"] == state for one in notices) for state in ("sent", "told", "waiting", "failed", "sending")}
    names = {"sent": "sent", "told": "told by hand", "waiting": "waiting", "failed": "failed", "sending": "broken off"}
    parts = [f"{number(count)} {names[state]}" for state, count in counts.items() if count]
    return f"{number(len(notices))} {plural('notice', len(notices))}: {', '.join(parts)}." if parts else "Nobody is told."


def communication(request: CommunicationRequest, context: Context) -> CommunicationAnswer:
    """Return who is told what of a cycle's plan, when and by which channel, and how far that is.

    Before the plan is published these are its plans, dated as if it were published today. Raises NotFoundError where there is no such
    cycle.
    """
    process = process_of(request, context, request.cycle)
    kept = publication_of(process)
    if kept is not None:
        notices = notices_of(kept)
        return CommunicationAnswer(headline=[in_words(notices)], cycle=process.name, notices=rows(notices))
    planned = [line.document() for line in lines_of(process, context.today)]
    approved = approved_of(process)
    state = "is not published yet" if approved is not None else "is not approved yet"
    words_ = f"The plan{f' of {process.name}' if process.name else ''} {state}; if it were published today:"
    return CommunicationAnswer(headline=[words_], cycle=process.name, notices=rows(planned))


def publication_of(process: Process) -> "Record | None":
    """Return the publication of the cycle, or of the plan where there is no cycle; None where it was not published."""
    wanted = publication_id(process)
    held = process.place.store.records("publication", business_unit=process.unit)
    return next((one for one in held if one.id == wanted), None)


def publication_id(process: Process) -> str:
    """Return what names the publication: the cycle, or the plan where there is none."""
    return process.name or process.plan.setting.plan
