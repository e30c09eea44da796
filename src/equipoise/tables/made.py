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
)

RECONCILED = (
    _made(
        "gap",
        "Demand against supply, idle capacity, excess stock and plan against budget; consecutive periods merged.",
        text(
            "kind",
            "Kind of gap",
            key=True,
            allowed=("shortage", "late", "excess_stock", "below_target", "idle_capacity", "overload", "budget", "supply_surplus"),
        ),
        text("level", "What the subject is", key=True, allowed=("item", "family", "market", "resource", "location", "total")),
        text("subject", "Family, market, item or resource", key=True),
        text("market", "Market, where the gap is of one family in one market", key=True, optional=True),
        date("period", "First period", key=True, required=True),
        date("until", "Last period", required=True),
        number("units", "Signed: positive is surplus, negative is shortage", "item or resource unit"),
        text("unit", "Unit of the units"),
        number("revenue", "The same in revenue; empty where prices are not given", _MONEY),
        number("margin", "The same in margin; empty where costs are not given", _MONEY),
        integer("rank", "1 is the most money"),
        text("sentence", "The same in words"),
        text("suggestion", "What to do"),
    ),
    _made(
        "gap_cause",
        "Which limits cause a gap, and in what share where that is known.",
        integer("rank", "Rank of the gap", key=True),
        text("limit", "Kind of limit", key=True),
        text("subject", "What it limits", key=True),
        number("quantity", "Units of the gap that it causes; empty: not known", "item unit"),
        number("share", "The same as a share of the gap", "fraction"),
        number("value", "Worth of one unit more, summed over the periods of the gap", "currency per unit of the limit"),
        text("sentence", "The same in words"),
    ),
    _made(
        "financials",
        "Profit and loss, inventory value and budget, by period and family.",
        text("scenario", "Scenario", key=True),
        text("line", "Line of the statement", key=True),
        text("family", "Family; empty: not allocated to one", key=True, optional=True),
        date("period", "First day of the period", key=True, required=True),
        number("amount", "Plan", _MONEY, over_time="flow"),
        number("budget", "Budget; empty: none given", _MONEY, over_time="flow"),
    ),
    _made(
        "bridge",
        "From budget to plan, exact to the cent.",
        text("measure", "What is bridged", key=True),
        integer("position", "Order of the step", key=True),
        text("step", "Step of the bridge"),
        number("amount", "Change, or level for the first and last step", _MONEY),
        text("kind", "level or change", allowed=("level", "change")),
    ),
    _made(
        "scenario_result",
        "What each scenario gives.",
        text("scenario", "Scenario", key=True),
        text("measure", "Measure", key=True),
        number("value", "Value; empty: cannot be said, see the note", "unit of the measure"),
        text("unit", "Unit of the measure"),
        number("difference", "Against the base plan", "unit of the measure"),
        text("note", "Why a value is missing, or what limits it"),
    ),
    _made(
        "scenario_demand",
        "Demand and supply of each scenario, by period.",
        text("scenario", "Scenario", key=True),
        date("period", "First day of the period", key=True, required=True),
        number("demand", "Demand", _QUANTITY, over_time="flow"),
        number("supply", "Shipped", _QUANTITY, over_time="flow"),
        number("short", "Demand not shipped in its period", _QUANTITY, over_time="flow"),
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
        "agenda",
        "Agenda of the executive meeting.",
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
