"""The tables a company gives about what may come otherwise: disturbances, correlations, risks and opportunities."""

from equipoise.tables.column import Column, Table, date, flag, integer, number, text


def _given(name: str, meaning: str, *columns: Column) -> Table:
    return Table(name, "given", meaning, columns)


RISKS = (
    _given(
        "disturbance",
        "How demand or supply may come otherwise than planned, as a distribution.",
        text("disturbance", "Name", key=True),
        text(
            "kind",
            "demand: factor on planned demand, in place of what the forecast says; yield: factor on what comes out; "
            "downtime: share of capacity lost; late: days late; short: share of an order that never comes",
            required=True,
            allowed=("demand", "yield", "downtime", "late", "short"),
        ),
        text("target", "Item or family (demand), route, resource, purchase, lane or supplier; empty: all", optional=True),
        text(
            "distribution",
            "Form of the distribution",
            allowed=("normal", "lognormal", "triangular", "uniform", "fixed"),
            default="triangular",
        ),
        number("probability", "Chance that it happens in a period; else nothing is disturbed", "fraction", minimum=0, maximum=1, default=1),
        number("mean", "Mean (normal, lognormal)", "unit of the kind"),
        number("deviation", "Standard deviation (normal, lognormal)", "unit of the kind", minimum=0),
        number("low", "Least (triangular, uniform)", "unit of the kind"),
        number("likely", "Most likely (triangular), or the value (fixed)", "unit of the kind"),
        number("high", "Most (triangular, uniform)", "unit of the kind"),
        integer("lasts", "Periods that it lasts once it happens; by default 1", "periods", minimum=1),
        date("start", "First day on which it may happen"),
        date("end", "Last day on which it may happen"),
    ),
    _given(
        "correlation",
        "How demand of two items or families moves together, in place of what history shows.",
        text("one", "Item or family", key=True, refers="item.item item.family"),
        text("other", "Item or family", key=True, refers="item.item item.family"),
        number("correlation", "Correlation of what is above or below forecast", "fraction", required=True, minimum=-1, maximum=1),
    ),
    _given(
        "risk_opportunity",
        "What may happen beside the plan: risks and opportunities with probability, effect, trigger and owner.",
        text("risk", "Name", key=True),
        text("kind", "Kind", required=True, allowed=("risk", "opportunity")),
        text("statement", "What may happen", required=True),
        number("probability", "Probability", "fraction", required=True, minimum=0, maximum=1),
        number("units", "Effect in units, signed", "item unit"),
        number("money", "Effect on contribution, signed", "currency"),
        text("scenario", "Scenario that shows the effect, in place of units and money"),
        text("trigger", "What tells that it comes: sum of history.quantity where family=Tents, last 3 periods < 900"),
        text("owner", "Who watches it"),
        flag("in_plan", "Whether it is in the numbers of the plan", default=False),
        date("expires", "Last day on which it may still come"),
    ),
)
