"""The tables the steps make. No table has two writers."""

from equipoise.tables.column import Column, Table, date, flag, integer, number, text

_QUANTITY = "item unit"
_MONEY = "currency"


def _made(name: str, meaning: str, *columns: Column) -> Table:
    return Table(name, "made", meaning, columns)


GATHERED = (
    _made(
        "setting",
        "The plan file's settings, one row a setting, so that a scenario can override them like any number.",
        text("setting", "Name, with dots", key=True),
        text("value", "Value, as written"),
    ),
    _made(
        "period",
        "The planning periods of the horizon.",
        date("period", "First day", key=True, required=True),
        integer("number", "1 for the first period of the horizon", required=True),
        text("label", "How it is printed"),
        date("end", "Last day"),
        text("quarter", "Fiscal quarter"),
        text("fiscal_year", "Fiscal year"),
        flag("frozen", "Whether it lies inside the frozen fence"),
    ),
    _made(
        "scenario",
        "Scenarios to run, the base plan included.",
        Column("position", "integer", "Order in which they are shown", key=True),
        text("scenario", "Scenario", key=True),
        text("parent", "Scenario it builds on; empty: the base plan"),
        text("description", "What it assumes"),
        text("likelihood", "How likely", allowed=("", "low", "medium", "high")),
        text("impact", "Effect on the business", allowed=("", "negative", "medium", "positive")),
        number("probability", "Probability, where given", "fraction", minimum=0, maximum=1),
    ),
    _made(
        "issue",
        "Every fault found in what was given.",
        text("severity", "error stops the run, warning and note do not", required=True, allowed=("error", "warning", "note")),
        text("source", "File or sheet"),
        text("table", "Table"),
        integer("row", "Row in the source, header included"),
        text("column", "Column"),
        text("message", "What is wrong", required=True),
        text("fix", "What to do"),
    ),
    _made(
        "assumption_made",
        "Every default taken and every sentence understood.",
        text("step", "Step that assumed it", required=True),
        text("subject", "Table, setting or resource it is about"),
        text("statement", "What is assumed", required=True),
        text("origin", "File and line it came from, or the rule that gave it"),
    ),
    _made(
        "row_origin",
        "Which rows of which files each row of a given table was read from; rows of a table without one were filled in.",
        text("table", "Given table", key=True),
        integer("position", "Row of the table, from 1, in the order of its keys", key=True),
        text("source", "File, sheet (after !), or the record", key=True),
        integer("first", "First row of a stretch, counted as a reader of the file counts it, header included", key=True),
        integer("last", "Last row of the stretch"),
        integer("rows", "Rows of this file behind the row of the table, in all; at most 20 stretches are kept", "rows"),
        text("unit", "Unit in the file, where it names one: quantities were converted from it"),
        text("currency", "Currency in the file, where it names one: money was converted from it"),
    ),
)

DECIDED = (
    _made(
        "recommendation",
        "What to do, ranked by money, with the reason.",
        integer("rank", "1 is the most money", key=True),
        text("recommendation", "What to do", required=True),
        text("reason", "Why"),
        number("value", "Money at stake; empty where prices are not given", _MONEY),
        number("units", "Units at stake", _QUANTITY),
        integer("gap", "Rank of the gap that it answers"),
        text("decider", "Role that decides"),
    ),
    _made(
        "proposed_action",
        "Action items.",
        integer("action", "Number", key=True),
        text("statement", "What is to be done", required=True),
        text("owner_role", "Role that owns it"),
        date("due", "Due date"),
        integer("gap", "Rank of the gap that it answers"),
        text("status", "Status", default="proposed"),
    ),
    _made(
        "decision_needed",
        "What the executive meeting is asked to decide, with the options, what is recommended and why.",
        integer("decision", "Number", key=True),
        text("question", "What is to be decided", required=True),
        text("recommendation", "What pre-S&OP recommends"),
        text("reason", "Why"),
        text("options", "Options that were looked at, by their names, the best first"),
        number("net_money", "What the recommended option brings", _MONEY),
        number("stake", "Money at stake", _MONEY),
        text("decider", "Role that decides"),
        date("by", "Day by which it must be decided for the option to take effect in time"),
        integer("gap", "Rank of the gap that it answers"),
    ),
    _made(
        "agenda",
        "Agendas of the pre-S&OP and the executive meeting.",
        text("meeting", "Meeting", key=True, allowed=("pre_sop", "executive")),
        integer("position", "Order", key=True),
        text("topic", "Topic", required=True),
        integer("minutes", "Minutes", "minutes"),
        text("owner_role", "Who leads it"),
        text("outcome", "What it must end with"),
    ),
    _made(
        "executive_summary",
        "The summary, sentence by sentence.",
        integer("position", "Order", key=True),
        text("section", "Section", required=True),
        text("statement", "Sentence", required=True),
    ),
)

MEASURED = (
    _made(
        "kpi",
        "Measures against their targets.",
        text("kpi", "Measure", key=True),
        text("level", "Level it is judged at", key=True),
        text("subject", "Family, market or item; empty: total", key=True, optional=True),
        date("period", "First day of the period; empty: all periods measured", key=True),
        number("value", "Value; empty: cannot be said, see the note", "unit of the measure"),
        text("unit", "Unit of the measure"),
        number("target", "Target", "unit of the measure"),
        text("status", "met, missed, or no data", allowed=("met", "missed", "no data", "shown")),
        text("basis", "Lag, basis and weighting"),
        text("note", "What was left out, and why"),
    ),
)
