"""The tables the store keeps: what people say and decide, and what was run. A run is given the accepted ones."""

from equipoise.tables.column import Column, Table, date, flag, integer, number, text


def _kept(name: str, meaning: str, *columns: Column) -> Table:
    return Table(name, "kept", meaning, columns)


KEPT = (
    _kept(
        "override",
        "The one way to change a number.",
        text("override", "Number of the override", key=True),
        text("scenario", "Scenario it belongs to; empty: the base plan", key=True, optional=True),
        integer("position", "Order within the scenario", required=True),
        text("table", "Table it changes", required=True),
        text("where", "Which cells, as JSON: column or attribute to a value, a list, or from and to"),
        text("column", "Column it changes"),
        text("operation", "What it does", required=True, allowed=("set", "add", "scale", "insert", "remove")),
        text("value", "Number, text or row as JSON"),
        text("split", "How a total is shared over cells", allowed=("each", "proportional", "equal", "measure"), default="each"),
        text("split_by", "Measure that a total is shared by, as table.column"),
        flag("lock", "Whether later overrides leave its cells alone", default=False),
        text("reason", "Why"),
        text("author", "Who"),
        text("role", "Role of the author"),
        text("assumption", "Assumption it rests on"),
        number("probability", "Probability, for risks and opportunities", "fraction", minimum=0, maximum=1),
        text("status", "Status", allowed=("proposed", "accepted", "rejected", "off"), default="accepted"),
        date("expires", "Last day it holds"),
        text("was", "What the cells summed to when it was made"),
    ),
)
