"""The records of the process: cycles, steps, tasks, people, decisions, actions, assumptions, risks, comments, what was published.

Each is a document with these columns; the store adds its revision, its cycle, who changed it and when, and a line in the audit log.
"""

from equipoise.tables.column import Column, Table, date, flag, integer, listing, number, text

ROLES = ("facilitator", "sales", "demand planner", "supply planner", "finance", "executive", "viewer", "agent")
STEPS = ("gather", "demand_review", "supply_review", "pre_sop", "executive_sop", "measure")
_CURRENCY = "currency"


def _kept(name: str, meaning: str, *columns: Column) -> Table:
    return Table(name, "kept", meaning, columns)


CALENDAR = (
    _kept(
        "cycle",
        "A monthly cycle: from opening to closing, with the plan it ends in.",
        text("cycle", "Name, such as 2026-11", key=True),
        text("plan", "Name of the plan", required=True),
        date("opened", "First working day", required=True),
        date("due", "Day by which the plan is to be published"),
        text("status", "Status", allowed=("open", "published", "closed"), default="open"),
        text("previous", "Cycle that it was opened from"),
        integer("version", "Version that was approved"),
        date("closed", "Day on which it was closed"),
        listing("carried", "What was carried over from the last cycle: kind to the ids"),
        listing("ended", "What ended with the last cycle, such as overrides that expired: kind to the ids"),
        text("reason", "Why it was closed with open steps"),
    ),
    _kept(
        "step",
        "A step of a cycle and its hand-off: who owns it, when it is due, and whether it is open, submitted or accepted.",
        text("step", "Cycle and step, such as 2026-11/demand_review", key=True),
        integer("position", "Order", required=True),
        text("name", "Step", required=True, allowed=STEPS),
        text("title", "Title", required=True),
        text("owner_role", "Role that submits it", required=True, allowed=ROLES),
        text("accepting_role", "Role that accepts it", required=True, allowed=ROLES),
        date("start", "First day", required=True),
        date("due", "Last day", required=True),
        text("status", "Status", allowed=("open", "submitted", "accepted", "reopened"), default="open"),
        listing("gate", "What must be true before it is submitted: conditions in words"),
        listing("checked", "Gate's conditions that were confirmed"),
        integer("version", "Version that was sealed when it was submitted"),
        text("submitted_by", "Who submitted it"),
        text("accepted_by", "Who accepted it"),
        text("reason", "Why it was opened again"),
    ),
    _kept(
        "task",
        "Something to be done in a step by a day.",
        text("task", "Number", key=True),
        text("step", "Step", required=True, allowed=STEPS),
        text("title", "What is to be done", required=True),
        text("owner_role", "Role that does it", allowed=ROLES),
        text("owner", "Who does it; empty: whoever has the role"),
        date("due", "Last day", required=True),
        text("status", "Status", allowed=("open", "started", "done", "dropped"), default="open"),
        text("link", "Where it is done: a command, a table, a page"),
        flag("meeting", "Whether it is a meeting", default=False),
        text("note", "Note"),
    ),
    _kept(
        "alarm",
        "Something that changed after others had built on it, or a target that was missed: who must know, until it is seen.",
        text("alarm", "Number", key=True),
        text("kind", "Kind", required=True, allowed=("reopened", "changed", "target")),
        text("subject", "What it is about: a step, a record, a family and week", required=True),
        text("statement", "What happened", required=True),
        listing("roles", "Roles that must know"),
        listing("people", "People who must know"),
        text("status", "Status", allowed=("open", "seen", "closed"), default="open"),
        listing("seen_by", "People who have seen it"),
    ),
)

PEOPLE = (
    _kept(
        "user",
        "Somebody who may use the plan. What proves who they are is kept apart, as hashes.",
        text("user", "Name to log in with", key=True),
        text("name", "Full name"),
        text("mail", "Mail address"),
        listing("roles", "Roles"),
        listing("slices", "Cells they may edit: conditions such as region=North; empty: all that their roles may"),
        listing("channels", "Where notices go: addresses of a notification service, in the form that apprise takes"),
        text("subject", "Who they are at the company's identity provider"),
        flag("active", "Whether they may log in", default=True),
    ),
)

DECIDED_RECORDS = (
    _kept(
        "decision",
        "A question to be decided: options with cost, what is recommended, who decides, what was decided and why.",
        text("decision", "Number", key=True),
        text("question", "What is to be decided", required=True),
        listing("options", "Options: each name, statement, net_money, one_off_cost and overrides"),
        number("cost", "Cost of what is recommended", _CURRENCY),
        text("recommendation", "What is recommended"),
        text("reason", "Why that is recommended"),
        number("stake", "Money at stake", _CURRENCY),
        text("decider_role", "Role that decides", allowed=ROLES),
        text("decider", "Who decides"),
        date("due", "Day by which it must be decided"),
        text("status", "Status", allowed=("proposed", "open", "decided", "deferred", "dropped"), default="open"),
        text("chosen", "Option that was chosen; none: nothing is done"),
        text("rationale", "Why it was chosen"),
        date("decided_on", "Day of the decision"),
        text("decided_by", "Who decided"),
        integer("gap", "Rank of the gap that it answers"),
    ),
    _kept(
        "action",
        "Something somebody has promised to do by a day; carried from cycle to cycle until it is closed.",
        text("action", "Number", key=True),
        text("statement", "What is to be done", required=True),
        text("owner", "Who does it"),
        text("owner_role", "Role that does it", allowed=ROLES),
        date("due", "Last day"),
        text("status", "Status", allowed=("proposed", "open", "started", "done", "dropped"), default="open"),
        text("decision", "Decision that it came from"),
        text("note", "What was last said about it"),
        listing("carried", "Cycles that it was carried through"),
    ),
    _kept(
        "assumption",
        "Something taken to be true, on which numbers rest.",
        text("assumption", "Number", key=True),
        text("statement", "What is taken to be true", required=True),
        text("owner", "Who answers for it"),
        text("evidence", "What speaks for it"),
        text("confidence", "How sure", allowed=("low", "medium", "high")),
        date("expires", "Last day it is taken to be true"),
        listing("cells", "Cells that rest on it, such as demand_plan family=Tents, period=2027-03"),
        text("status", "Status", allowed=("proposed", "holds", "broken", "retired"), default="holds"),
    ),
    _kept(
        "risk",
        "A risk or an opportunity, in the form of the given table risk_opportunity: a run reads it with those of the plan file.",
        text("risk", "Name", key=True),
        text("kind", "Kind", required=True, allowed=("risk", "opportunity")),
        text("statement", "What may happen", required=True),
        number("probability", "Probability", "fraction", required=True, minimum=0, maximum=1),
        number("units", "Effect in units, signed", "item unit"),
        number("money", "Effect on contribution, signed", _CURRENCY),
        text("scenario", "Scenario that shows the effect, in place of units and money"),
        text("trigger", "What tells that it comes: sum of history.quantity where family=Tents, last 3 periods < 900"),
        text("owner", "Who watches it"),
        flag("in_plan", "Whether it is in the numbers of the plan", default=False),
        date("expires", "Last day on which it may still come"),
        text("status", "Status", allowed=("proposed", "open", "closed"), default="open"),
    ),
    _kept(
        "comment",
        "A word on a cell, a scenario, a decision or any other record.",
        text("comment", "Number", key=True),
        text("subject", "What it is on: a cell such as demand_plan item=A, period=2027-03; scenario NAME; or a record such as decision-3"),
        text("statement", "What is said", required=True),
        text("answers", "Comment that it answers"),
        flag("resolved", "Whether it is settled", default=False),
        text("author", "Who said it"),
    ),
)

PUBLISHED = (
    _kept(
        "promotion",
        "A scenario or an option that was made part of the base plan, with its overrides.",
        text("plan", "Name of the plan", key=True),
        text("promotion", "Name of the scenario or option", key=True),
        text("kind", "Kind", required=True, allowed=("scenario", "option")),
        text("reason", "Why"),
        text("decision", "Decision that it came from"),
        number("cost", "What is paid once for it, beside the plan", _CURRENCY),
        listing("batches", "Overrides in batches, parents first"),
    ),
    _kept(
        "approval",
        "Somebody's yes or no to a version of the plan.",
        text("approval", "Number", key=True),
        text("plan", "Plan", required=True),
        integer("version", "Version that was looked at", required=True),
        text("verdict", "Verdict", required=True, allowed=("approved", "refused")),
        text("person", "Who", required=True),
        text("role", "Role in which they said it", allowed=ROLES),
        text("reason", "Why"),
        text("head", "Hash of the audit log's last line then"),
    ),
    _kept(
        "weekly_target",
        "What a family is to sell and make in a week, with what is still good; frozen when the plan is published.",
        text("target", "Cycle and family", key=True),
        text("family", "Family", required=True),
        text("unit", "Unit of its quantities"),
        listing("weeks", "Weeks: each week and end (its days), measure (sales, production), period, target, lowest, highest, value"),
    ),
    _kept(
        "publication",
        "A plan that was published: its version, what was written where, and who was told what.",
        text("publication", "Cycle", key=True),
        text("plan", "Plan", required=True),
        integer("version", "Approved version", required=True),
        text("head", "Hash of the audit log's last line then"),
        listing("files", "Files that were written"),
        text("folder", "Folder that they are in"),
        listing(
            "notices",
            "Notices: each to, audience, what, channel, by, due, subject, sent (when), error, and state: waiting, "
            "sending (by_process, since; broken off where that is gone: not known whether it arrived), sent, failed, told (by hand)",
        ),
    ),
    _kept(
        "inbox_file",
        "A file of the inbox that was taken in, once.",
        text("file", "Path in the inbox", key=True),
        text("content", "Hash of its bytes", required=True),
        text("state", "State", required=True, allowed=("taken", "refused")),
        listing("made", "Records that it made or changed"),
        listing("faults", "Why it was refused"),
    ),
)

PROCESS = (*CALENDAR, *PEOPLE, *DECIDED_RECORDS, *PUBLISHED)
