"""The one way to change a number: an override; and scenarios, which are named lists of overrides.

`apply` lays overrides over a table, `lay` also says what each did, `chain` gives a scenario's overrides with those of its parents,
`diff` lists changed cells, `parse_trigger` reads what tells that a risk comes. `condition` reads which cells are meant, `cells` finds
them, `sharing` splits totals over them.
"""

from equipoise.scenario.cells import match
from equipoise.scenario.condition import Condition, Scalar, parse_period, parse_where
from equipoise.scenario.laying import Effect, Laid, apply, lay
from equipoise.scenario.override import ATTRIBUTES, OVERRIDABLE, Override, Scenario, ancestry, chain, columns_of, faults_of, identified
from equipoise.scenario.record import diff, effect_issues, effect_table, input_table, override_table, overrides_of, remembered
from equipoise.scenario.trigger import TRIGGER_TABLES, Trigger, parse_trigger

__all__ = [
    "ATTRIBUTES",
    "OVERRIDABLE",
    "TRIGGER_TABLES",
    "Condition",
    "Effect",
    "Laid",
    "Override",
    "Scalar",
    "Scenario",
    "Trigger",
    "ancestry",
    "apply",
    "chain",
    "columns_of",
    "diff",
    "effect_issues",
    "effect_table",
    "faults_of",
    "identified",
    "input_table",
    "lay",
    "match",
    "override_table",
    "overrides_of",
    "parse_period",
    "parse_trigger",
    "parse_where",
    "remembered",
]
