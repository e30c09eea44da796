"""Minutes of a meeting, made from the record: what was decided and why, who does what, what is assumed, what changed."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl
from pydantic import ValidationError

from equipoise.decide.part import Part, Said, amount, day, names, numbered, objects, table_of, word
from equipoise.scenario import Override
from equipoise.tables.figures import listing, money, number, plural

_SETTLED = ("done", "dropped")
_DECISIONS = "Decisions"
_OF_REVIEW = {"demand_review": ("demand planner", "sales"), "supply_review": ("supply planner",)}


@dataclass(frozen=True)
class Meeting:
    """A meeting: its name and title, when it was, what the minutes before it covered (`since`, in UTC), who was there, what was noted."""

    name: str
    title: str
    held: dt.date
    since: dt.datetime | None = None
    attendees: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def new(self, record: Said) -> bool:
        """Whether something was changed since the minutes before."""
        return self.since is None or record.changed_at >= self.since


@dataclass(frozen=True)
class Kept:
    """The records that a meeting is about, by kind, and the risks of the version that it looked at."""

    decisions: Sequence[Said] = ()
    actions: Sequence[Said] = ()
    assumptions: Sequence[Said] = ()
    risks: Sequence[Said] = ()
    comments: Sequence[Said] = ()
    overrides: Sequence[Said] = ()
    alarms: Sequence[Said] = ()
    risk_register: pl.DataFrame | None = None


def minutes(meeting: Meeting, kept: Kept, currency: str) -> list[Part]:
    """Return the minutes: who was there, decisions, actions, assumptions, risks, comments, overrides and alarms.

    Of decisions, comments and overrides those since the minutes before; of actions those opened or closed since, and all that are
    overdue; assumptions and risks as they stand. Parts in which nothing stands are left out.
    """
    parts = [
        Part("meeting", "Meeting", tuple(_attendance(meeting))),
        *_decided(meeting, of_meeting(meeting.name, kept.decisions), currency),
        open_decisions(of_meeting(meeting.name, kept.decisions), currency),
        *_actions(meeting, kept.actions),
        _assumptions(kept.assumptions, meeting.held),
        _risks(meeting, kept),
        _overrides(meeting, kept.overrides),
        alarms(kept.alarms),
        _comments(meeting, kept.comments),
        Part("notes", "Notes", meeting.notes),
    ]
    return [part for part in parts if part.says]


def _attendance(meeting: Meeting) -> Iterator[str]:
    yield f"There: {listing(meeting.attendees, 99)}." if meeting.attendees else "Who was there is not noted."
    if meeting.absent:
        yield f"Not there: {listing(meeting.absent, 99)}."
    if meeting.since is not None:
        yield f"These minutes cover what was recorded since {meeting.since:%Y-%m-%d %H:%M} UTC."


def _decided(meeting: Meeting, decisions: Sequence[Said], currency: str) -> Iterator[Part]:
    """Yield what was decided, dropped or put off since the minutes before, each with its options."""
    done = [one for one in decisions if word(one.document, "status") in {"decided", "deferred", "dropped"} and meeting.new(one)]
    for one in done:
        document = one.document
        status = word(document, "status")
        chosen = word(document, "chosen")
        done_is = "nothing is done" if chosen in {"", "none"} else chosen
        on, by = word(document, "decided_on"), word(document, "decided_by") or word(document, "decider")
        what = {"decided": f"Decided: {done_is}", "deferred": "Put off", "dropped": "Dropped"}[status]
        sentences = [f"{what}{f', by {by}' if by else ''}{f' on {on}' if on else ''}."]
        if why := word(document, "rationale"):
            sentences.append(f"Why: {why}")
        advised = word(document, "recommendation")
        if advised:
            sentences.append(f"Recommended was: {advised}")
        rows = [_option(option, word(document, "chosen"), currency) for option in objects(document, "options")]
        options = table_of("", "", "Options", ("Option", "What it does", "Brings", "Costs once", "Chosen"), rows, ("Brings", "Costs once"))
        question = word(document, "question")
        yield Part(one.id, question, tuple(sentences), options.caption, options.heads, options.rows, options.numbers, _DECISIONS)
    if not done:
        yield Part("decisions", _DECISIONS, ("Nothing was decided.",))


def _option(option: dict[str, object], chosen: str, currency: str) -> tuple[str, ...]:
    name = word(option, "name")
    sums = ["" if (value := amount(option, column)) is None else money(value, currency) for column in ("net_money", "one_off_cost")]
    return (name, word(option, "statement"), *sums, "yes" if name == chosen else "")


def of_meeting(meeting: str, decisions: Sequence[Said]) -> list[Said]:
    """Return the decisions that a meeting makes: a review those of its own roles, pre-S&OP and the executive meeting all."""
    roles = _OF_REVIEW.get(meeting)
    return [one for one in decisions if roles is None or word(one.document, "decider_role") in roles]


def open_decisions(decisions: Sequence[Said], currency: str) -> Part:
    """Return the decisions that are open, by the day on which they are due."""
    rows = []
    for one in _by_due(decisions, ("open", "deferred", "proposed")):
        document = one.document
        stake = amount(document, "stake")
        who = word(document, "decider") or word(document, "decider_role")
        advised = word(document, "recommendation")
        rows.append(
            (one.id, word(document, "question"), advised, "" if stake is None else money(stake, currency), who, word(document, "due"))
        )
    heads = ("Decision", "Question", "Recommended", "At stake", "Decides", "Due")
    return table_of("open-decisions", "Decisions that are open", "To be decided", heads, rows, ("At stake",))


def _by_due(records: Iterable[Said], status: Sequence[str]) -> list[Said]:
    held = [one for one in records if word(one.document, "status") in status]
    return sorted(held, key=lambda one: (word(one.document, "due") or "9999", numbered(one.id)))


def _actions(meeting: Meeting, actions: Sequence[Said]) -> Iterator[Part]:
    closed = [one for one in actions if word(one.document, "status") in _SETTLED and meeting.new(one)]
    late = overdue(actions, meeting.held)
    known = {one.id for one in late}
    opened = [one for one in _by_due(actions, ("open", "started")) if one.id not in known and meeting.new(one)]
    yield _action_table("actions-opened", "Actions agreed", "New or changed", opened)
    yield _action_table("actions-overdue", "Actions overdue", f"Due before {meeting.held}", late)
    yield _action_table("actions-closed", "Actions closed", "Done or dropped", closed)


def overdue(actions: Sequence[Said], today: dt.date) -> list[Said]:
    """Return the open actions whose day is past, the oldest first."""
    return [one for one in _by_due(actions, ("open", "started")) if (due := day(one.document, "due")) is not None and due < today]


def _action_table(key: str, title: str, caption: str, actions: Sequence[Said]) -> Part:
    rows = []
    for one in actions:
        document = one.document
        carried = len(names(document, "carried"))
        note = [word(document, "note"), f"carried through {number(carried)} {plural('cycle', carried)}" if carried else ""]
        who = word(document, "owner") or word(document, "owner_role")
        status = word(document, "status")
        cells = (
            one.id,
            word(document, "statement"),
            who,
            word(document, "due"),
            status,
            word(document, "decision"),
            "; ".join(filter(None, note)),
        )
        rows.append(cells)
    return table_of(key, title, caption, ("Action", "What", "Owner", "Due", "Status", "From", "Note"), rows)


def actions_overdue(actions: Sequence[Said], today: dt.date) -> Part:
    """Return the open actions whose day is past, as a table."""
    return _action_table("actions-overdue", "Actions overdue", f"Due before {today}", overdue(actions, today))


def _assumptions(assumptions: Sequence[Said], today: dt.date) -> Part:
    rows = []
    for one in assumptions:
        document = one.document
        status = word(document, "status")
        if status not in {"holds", "broken"}:
            continue
        expires = day(document, "expires")
        state = "expired" if expires is not None and expires < today and status == "holds" else status
        sure = word(document, "confidence")
        rows.append(
            (word(document, "statement"), word(document, "owner"), sure, word(document, "evidence"), word(document, "expires"), state)
        )
    heads = ("Assumption", "Owner", "How sure", "Evidence", "Expires", "State")
    return table_of("assumptions", "Assumptions", "What is taken to be true", heads, rows)


def _risks(meeting: Meeting, kept: Kept) -> Part:
    told = []
    if kept.risk_register is not None:
        raised = kept.risk_register.filter(pl.col("raised") == "met").sort("rank")
        told = [f"Raised: {row['sentence'] or row['statement']}" for row in raised.iter_rows(named=True)]
    for one in kept.risks:
        document = one.document
        if meeting.new(one) and word(document, "status") in {"open", "closed"}:
            owner = word(document, "owner")
            watched = f" Watched by {owner}." if owner else ""
            told.append(f"{'New' if word(document, 'status') == 'open' else 'Closed'}: {word(document, 'statement').rstrip('.')}.{watched}")
    return Part("risks", "Risks and opportunities", tuple(told))


def _overrides(meeting: Meeting, overrides: Sequence[Said]) -> Part:
    rows = []
    for one in overrides:
        document = one.document
        if meeting.new(one):
            author = word(document, "author") or one.changed_by
            rows.append(
                (one.id, in_words(document), word(document, "reason"), author, word(document, "scenario"), word(document, "status"))
            )
    heads = ("Override", "What it does", "Why", "Author", "Scenario", "Status")
    return table_of("overrides", "Changes of numbers", "Overrides made or changed", heads, rows)


def in_words(document: dict[str, object]) -> str:
    """Return what an override that is kept does, in words."""
    said = {name: document[name] for name in Override.model_fields if document.get(name) is not None}
    try:
        return str(Override.model_validate(said))
    except ValidationError:
        return f"{word(document, 'table')} {word(document, 'column')} {word(document, 'operation')} {word(document, 'value')}".strip()


def alarms(records: Sequence[Said]) -> Part:
    """Return the alarms that are not settled, as a table."""
    rows = [
        (
            word(one.document, "subject"),
            word(one.document, "statement"),
            listing([*names(one.document, "people"), *names(one.document, "roles")], 6),
        )
        for one in records
        if word(one.document, "status") in {"open", "seen"}
    ]
    return table_of(
        "alarms", "Alarms", "What changed after others had built on it, and missed targets", ("About", "What happened", "For"), rows
    )


def _comments(meeting: Meeting, comments: Sequence[Said]) -> Part:
    rows = [
        (word(one.document, "subject"), word(one.document, "statement"), word(one.document, "author") or one.changed_by)
        for one in comments
        if meeting.new(one)
    ]
    return table_of("comments", "Comments", "What was said", ("On", "Comment", "By"), rows)
