"""The one way to change a number: an override; and scenarios, which are named lists of overrides.

`apply` lays overrides over a table, `lay` also says what each did, `chain` gives a scenario's overrides with those of its parents,
`diff` lists changed cells. `condition` reads which cells are meant, `cells` finds them, `sharing` splits totals over them.
"""

from equipoise.scenario.cells import match
from equipoise.scenario.condition import Condition, Scalar, parse_period, parse_where
from equipoise.scenario.laying import Effect, Laid, apply, lay
from equipoise.scenario.override import OVERRIDABLE, Override, Scenario, chain, faults_of, identified
from equipoise.scenario.record import diff, effect_issues, effect_table, override_table, overrides_of, remembered

__all__ = [
    "OVERRIDABLE",
    "Condition",
    "Effect",
    "Laid",
    "Override",
    "Scalar",
    "Scenario",
    "apply",
    "chain",
    "diff",
    "effect_issues",
    "effect_table",
    "faults_of",
    "identified",
    "lay",
    "match",
    "override_table",
    "overrides_of",
    "parse_period",
    "parse_where",
    "remembered",
]
