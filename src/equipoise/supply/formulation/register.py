"""The register of equations: which there are, what gives way first where not all can hold, and how each is said in words."""

from collections.abc import Callable
from dataclasses import dataclass

from equipoise.supply.formulation import balance, demand, firm, groups, labor, lots, resources, stability, strategies, supplies, targets
from equipoise.supply.formulation.equation import Equation, Grade
from equipoise.supply.model.unknowns import Model


@dataclass(frozen=True)
class Rule:
    """One equation: its function, its grade, and its words.

    `limit` names the kind of limit in the tables `binding` and `violation`. `more` is what one more unit is called where the limit
    binds from above, `less` where it binds from below; `broken` is said where it gives way. They are filled with unit, subject, period
    and quantity. Equations of physics and links between unknowns have no words: they never bind as a limit that a planner could move.
    `needs` names a family of unknowns, a frame of the network or a strategy: where that is empty or another, so is the equation.
    """

    function: Callable[[Model], Equation]
    needs: str
    grade: Grade = Grade.PHYSICS
    limit: str = ""
    more: str = ""
    less: str = ""
    broken: str = ""

    @property
    def name(self) -> str:
        """Name of the equation."""
        return self.function.__name__


_SERVICE, _TARGET, _AGREEMENT, _CAPACITY = Grade.SERVICE, Grade.TARGET, Grade.AGREEMENT, Grade.CAPACITY


def _firm(function: Callable[[Model], Equation], what: str, unit: str = "{unit}") -> Rule:
    return Rule(
        function,
        "firm_plan",
        _AGREEMENT,
        f"firm {what}",
        f"One more {unit} than the firm {what} of {{subject}} in {{period}}",
        f"One {unit} less than the firm {what} of {{subject}} in {{period}}",
        f"The firm {what} of {{subject}} in {{period}} is missed by {{quantity}}.",
    )


RULES: tuple[Rule, ...] = (
    Rule(balance.stock_balance, "points"),
    Rule(
        balance.component_source,
        "bom",
        limit="missing component",
        more="One more unit made, with a source of {subject} in {period},",
    ),
    Rule(
        balance.shelf_life,
        "scrap",
        _TARGET,
        "shelf life",
        "One more {unit} of {subject} that keeps a period longer in {period}",
        broken="{subject} keeps {quantity} longer than its shelf life in {period}.",
    ),
    Rule(demand.demand_balance, "demands"),
    Rule(
        demand.demand_served,
        "lost",
        _SERVICE,
        "demand that must be served",
        "Losing one {unit} of {subject} in {period}",
        broken="{subject} loses {quantity} in {period}, which the demand policy does not allow.",
    ),
    Rule(
        demand.backlog_age,
        "backlog",
        _SERVICE,
        "age of backlog",
        "One more {unit} late of {subject} in {period}",
        broken="{subject} is late by {quantity} longer than allowed in {period}.",
    ),
    Rule(
        demand.ending_backlog,
        "backlog",
        _SERVICE,
        "ending backlog",
        "One more {unit} late of {subject} at the end",
        broken="{subject} ends the horizon with {quantity} more late than allowed.",
    ),
    Rule(
        demand.minimum_fill,
        "demands",
        _SERVICE,
        "minimum fill",
        less="One {unit} less that {subject} must get in {period}",
        broken="{subject} gets {quantity} less than its minimum fill in {period}.",
    ),
    Rule(resources.resource_load, "resources"),
    Rule(
        resources.regular_capacity,
        "resources",
        _CAPACITY,
        "capacity",
        "One more {unit} on {subject} in {period}",
        broken="{subject} is loaded {quantity} above its capacity in {period}.",
    ),
    Rule(
        resources.overtime_limit,
        "overtime",
        _CAPACITY,
        "overtime",
        "One more {unit} of overtime on {subject} in {period}",
        broken="{subject} works {quantity} more overtime than allowed in {period}.",
    ),
    Rule(
        resources.idle_limit,
        "resources",
        _TARGET,
        "maximum idle",
        less="One {unit} less that {subject} must work in {period}",
        broken="{subject} stands idle {quantity} longer than allowed in {period}.",
    ),
    Rule(
        resources.minimum_run,
        "open",
        _AGREEMENT,
        "minimum run",
        less="One {unit} less of minimum run on {subject} in {period}",
        broken="{subject} runs {quantity} below its minimum in {period}.",
    ),
    Rule(resources.line_open, "open"),
    Rule(
        resources.maintenance_stops,
        "maintain",
        _AGREEMENT,
        "maintenance",
        "One more stop of {subject}",
        "One stop less of {subject}",
        "{subject} misses its maintenance by {quantity}.",
    ),
    Rule(resources.load_spread, "load_step"),
    Rule(stability.last_plan, "change"),
    Rule(
        labor.labor_hours,
        "workers",
        _CAPACITY,
        "labor hours",
        "One more {unit} of labor on {subject} in {period}",
        broken="{subject} works {quantity} more than its workers have in {period}.",
    ),
    Rule(
        labor.labor_overtime,
        "overtime",
        _CAPACITY,
        "labor overtime",
        "One more {unit} of labor overtime on {subject} in {period}",
        broken="{subject} works {quantity} more overtime than its workers may in {period}.",
    ),
    Rule(labor.workforce_balance, "workers"),
    Rule(
        labor.headcount,
        "workers",
        _AGREEMENT,
        "headcount",
        "One more worker on {subject} in {period}",
        "One worker fewer on {subject} in {period}",
        "{subject} is {quantity} outside its headcount in {period}.",
    ),
    Rule(
        labor.hiring_limit,
        "hire",
        _AGREEMENT,
        "hiring",
        "Hiring one more worker for {subject} in {period}",
        broken="{subject} hires {quantity} more than it can in {period}.",
    ),
    Rule(
        labor.layoff_limit,
        "layoff",
        _AGREEMENT,
        "layoffs",
        "Laying off one more worker of {subject} in {period}",
        broken="{subject} lays off {quantity} more than it may in {period}.",
    ),
    Rule(
        supplies.purchase_limit,
        "purchase_limit",
        _AGREEMENT,
        "purchase",
        "One more {unit} from {subject} in {period}",
        "One {unit} less of the minimum of {subject} in {period}",
        "{subject} misses its purchase limit by {quantity} in {period}.",
    ),
    Rule(
        supplies.lane_limit,
        "lane",
        _AGREEMENT,
        "lane",
        "One more {unit} on lane {subject} in {period}",
        broken="Lane {subject} carries {quantity} above its limit in {period}.",
    ),
    Rule(supplies.lane_use, "use"),
    Rule(
        supplies.minimum_load,
        "use",
        _AGREEMENT,
        "minimum load",
        less="One {unit} less of minimum load on lane {subject} in {period}",
        broken="Lane {subject} carries {quantity} less than its minimum load in {period}.",
    ),
    Rule(supplies.load_multiple, "loads"),
    Rule(supplies.site_open, "sites"),
    Rule(lots.setup_needed, "setup"),
    Rule(
        lots.minimum_lot,
        "setup",
        _AGREEMENT,
        "minimum lot",
        less="One {unit} less of minimum lot on {subject} in {period}",
        broken="{subject} makes {quantity} less than its minimum lot in {period}.",
    ),
    Rule(lots.lot_multiple, "lots"),
    Rule(lots.order_needed, "order"),
    Rule(
        lots.minimum_order,
        "order",
        _AGREEMENT,
        "minimum order",
        less="One {unit} less of minimum order from {subject} in {period}",
        broken="{subject} buys {quantity} less than its minimum order in {period}.",
    ),
    Rule(lots.order_multiple, "order_lots"),
    Rule(
        groups.group_limit,
        "limit",
        _AGREEMENT,
        "limit",
        "One {unit} more of the limit {subject} in {period}",
        "One {unit} less of the limit {subject} in {period}",
        "The limit {subject} is missed by {quantity} in {period}.",
    ),
    Rule(
        targets.target_stock,
        "policy",
        _TARGET,
        "target stock",
        less="One {unit} less of target stock of {subject} in {period}",
        broken="{subject} is {quantity} below its target stock in {period}.",
    ),
    Rule(
        targets.minimum_stock,
        "policy",
        _TARGET,
        "minimum stock",
        less="One {unit} less of minimum stock of {subject} in {period}",
        broken="{subject} is {quantity} below its minimum stock in {period}.",
    ),
    Rule(
        targets.maximum_stock,
        "policy",
        _TARGET,
        "maximum stock",
        "Room for one more {unit} of {subject} in {period}",
        broken="{subject} is {quantity} above its maximum stock in {period}.",
    ),
    _firm(firm.firm_production, "production"),
    _firm(firm.firm_purchase, "purchase"),
    _firm(firm.firm_transfer, "transfer"),
    _firm(firm.firm_workforce, "workforce", "worker"),
    _firm(firm.firm_overtime, "overtime"),
    _firm(firm.firm_inventory, "stock"),
    Rule(
        firm.frozen,
        "firm_plan",
        _AGREEMENT,
        "frozen fence",
        "One more {unit} of {subject} inside the frozen fence in {period}",
        broken="{subject} changes by {quantity} inside the frozen fence in {period}.",
    ),
    Rule(
        strategies.level_output,
        "output_rate",
        _TARGET,
        "level output",
        "One more {unit} of {subject} than the level rate in {period}",
        "One {unit} of {subject} less than the level rate in {period}",
        "{subject} leaves its level rate by {quantity} in {period}.",
    ),
    Rule(
        strategies.level_workforce,
        "workers",
        _TARGET,
        "level workforce",
        "One more worker on {subject} in {period}",
        "One worker fewer on {subject} in {period}",
        "{subject} leaves its level workforce by {quantity} in {period}.",
    ),
    Rule(
        strategies.chase,
        "chase",
        _TARGET,
        "chase",
        "One {unit} of {subject} built ahead in {period}",
        broken="{subject} builds {quantity} ahead in {period}.",
    ),
)


def asked(rule: Rule, model: Model) -> bool:
    """Return whether the tables ask for an equation at all."""
    if rule.needs == "sites":
        return not (model["opening"].is_empty() and model["closing"].is_empty())
    if rule.needs == "chase":
        return model.net.setting.supply.strategy == "chase"
    if rule.needs == "lane":
        return not model.net.places.lane.is_empty()
    frame = model.unknowns[rule.needs] if rule.needs in model.unknowns else getattr(model.net, rule.needs)
    return not frame.is_empty()
