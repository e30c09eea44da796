"""The sheets of the workbook."""

VIEWS = (
    *("Summary", "Plan", "Plan by family", "Plan by item", "Demand plan", "Production plan", "Purchase plan", "Transfer plan"),
    *("Inventory", "Load", "Scenarios", "Profit and loss", "Gaps", "Recommendations", "Action items", "Agenda", "Limits"),
    *("Broken rules", "Measures", "Assumptions", "Data issues", "Corrections", "Overrides", "Method choice", "Value added"),
    *("Requirements", "Inventory targets", "Causes", "Clash", "Plan by week", "Checks"),
    *("Options", "Open questions", "Risk register", "Decisions needed", "Risk", "Service risk", "Robust plan"),
)
"""Names of the sheets that are made for people: a reader of tables passes over them."""
