"""A small plan made by a seed: consistent tables to develop and test the outputs with. Not the result of a planning run."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import polars as pl

from equipoise.dimensions.calendar import Calendar, add_months
from equipoise.tables import DICTIONARY, table
from equipoise.tables.setting import Setting, to_table

FAMILIES = {"Tents": 180.0, "Backpacks": 95.0, "Sleeping bags": 120.0, "Stoves": 60.0}
MARKETS = {"DACH": 0.5, "Nordics": 0.3, "Benelux": 0.2}
LINES = {"Tents": "Sewing Line 1", "Backpacks": "Sewing Line 1", "Sleeping bags": "Filling Line", "Stoves": "Assembly"}
CAPACITY = {"Sewing Line 1": 2_450.0, "Filling Line": 1_500.0, "Assembly": 2_600.0, "Packing": 6_400.0}

Rows = list[dict[str, object]]


def setting(horizon: int = 15, currency: str = "EUR") -> Setting:
    return Setting.model_validate(
        {
            "plan": "alpine-2026-11",
            "currency": currency,
            "calendar": {"as_of": "2026-11-12", "start": "2026-12-01", "horizon": horizon, "frozen": 1, "fiscal_year_start": 2},
        }
    )


@dataclass
class Company:
    """Items, seasonal demand and a greedy supply that runs short in the season."""

    horizon: int
    random: np.random.Generator
    items: list[tuple[str, str, float]] = field(default_factory=list)
    rows: dict[str, Rows] = field(default_factory=dict)

    def add(self, name: str, /, **row: object) -> None:
        self.rows.setdefault(name, []).append(row)

    def frames(self) -> dict[str, pl.DataFrame]:
        return {name: _frame(name, rows) for name, rows in self.rows.items()}


def _frame(name: str, rows: Iterable[dict[str, object]]) -> pl.DataFrame:
    schema = dict(table(name).schema)
    filled = [{column: row.get(column) for column in schema} for row in rows]
    return table(name).conform(pl.DataFrame(filled, schema=schema))


def _season(month: int, family: str) -> float:
    peak = 11 if family == "Sleeping bags" else 6
    return 1 + 0.45 * float(np.cos(2 * np.pi * (month - peak) / 12))


def _master(company: Company) -> None:
    for family, price in FAMILIES.items():
        for number in range(1, 4):
            item = f"{family.split()[0][:2].upper()}-{number}0"
            factor = 0.8 + 0.25 * number
            company.items.append((item, family, price * factor))
            company.add(
                "item",
                item=item,
                name=f"{family[:-1]} {['Solo', 'Duo', 'Trek'][number - 1]}",
                family=family,
                category="Outdoor",
                unit="piece",
                unit_price=price * factor,
                unit_cost=price * factor * 0.55,
                kind="finished",
                planning_strategy="to_stock",
            )
    for market in MARKETS:
        company.add("market", market=market, name=market, region="Europe", channel="Retail", priority=1)
    for location, kind in (("Plant North", "plant"), ("Plant South", "plant")):
        company.add("location", location=location, name=location, kind=kind, is_open=True)
    for resource, hours in CAPACITY.items():
        company.add("resource", resource=resource, location="Plant North", kind="machine", unit="hours", overtime_cost=45.0)
        company.add("capacity", resource=resource, regular=hours, overtime_limit=hours * 0.1, efficiency=1.0)


def _demand(company: Company, periods: tuple[dt.date, ...]) -> dict[tuple[str, str, dt.date], float]:
    demand: dict[tuple[str, str, dt.date], float] = {}
    first = periods[0]
    for item, family, price in company.items:
        level = 420 * 120 / price
        for market, share in MARKETS.items():
            for back in range(36, 0, -1):
                month = add_months(first, -back)
                noise = 1 + 0.08 * float(company.random.standard_normal())
                quantity = float(round(level * share * _season(month.month, family) * noise * (1 - back * 0.003)))
                company.add("history", item=item, market=market, period=month, quantity=quantity, revenue=quantity * price, stockout=False)
            for number, period in enumerate(periods):
                quantity = round(level * share * _season(period.month, family) * (1.06 + 0.004 * number), 1)
                demand[item, market, period] = quantity
                band = 0.12 + 0.01 * number
                fan = {"p10": quantity * (1 - band), "p90": quantity * (1 + band)}
                key = {"item": item, "market": market, "period": period}
                company.add("baseline", **key, quantity=quantity * 0.95, p50=quantity * 0.94, **fan, method="seasonal trend", error=0.14)
                company.add("consensus", **key, quantity=quantity, base=quantity * 0.95, increment=quantity * 0.05, **fan)
                company.add("demand_plan", **key, quantity=quantity, orders=quantity * 0.2 if number == 0 else 0.0, unit_price=price, **fan)
                company.add(
                    "budget",
                    **{k: v for k, v in key.items() if number < 14},
                    quantity=quantity * 0.97,
                    revenue=quantity * 0.97 * price,
                    gross_margin=quantity * 0.97 * price * 0.45,
                ) if number < 14 else None
    return demand


def _supply(company: Company, periods: tuple[dt.date, ...], demand: dict[tuple[str, str, dt.date], float]) -> None:
    stock = {item: 300.0 for item, _, _ in company.items}
    late = {(item, market): 0.0 for item, _, _ in company.items for market in MARKETS}
    for item, opening in stock.items():
        company.add("on_hand", item=item, location="Plant North", quantity=opening)
        company.add("route", route=f"make {item}", item=item, location="Plant North", unit_cost=4.0, lead_time=0.0)
    for period in periods:
        load = dict.fromkeys(CAPACITY, 0.0)
        wish = {item: sum(demand[item, market, period] + late[item, market] for market in MARKETS) for item in stock}
        need = {item: max(0.0, wish[item] + 150 - stock[item]) for item in stock}
        asked_of = {line: sum(need[item] for item, family, _ in company.items if LINES[family] == line) for line in CAPACITY}
        for item, family, price in company.items:
            wanted = wish[item]
            line = LINES[family]
            limit = CAPACITY[line] * (1.08 if period.month in {6, 7, 11} else 1.0)
            made = need[item] * min(1.0, limit / max(asked_of[line], 1.0))
            opening = stock[item]
            available = opening + made
            shipped = min(available, wanted)
            key = {"item": item, "period": period}
            company.add("supply_plan", route=f"make {item}", location="Plant North", quantity=made, **key)
            company.add("route_load", resource=line, activity="make", of=f"make {item}", load=made, **key)
            for market in MARKETS:
                asked = demand[item, market, period] + late[item, market]
                sent = shipped * asked / wanted
                late[item, market] = asked - sent
                place = {"item": item, "market": market, "period": period}
                company.add("shipment_plan", **place, location="Plant North", quantity=sent)
                company.add(
                    "shortage", **place, demand=demand[item, market, period], shipped=sent, backlog=late[item, market] * 0.7, lost=0.0
                )
                late[item, market] *= 0.7
            load[line] += made
            load["Packing"] += made
            stock[item] = available - shipped
            company.add(
                "inventory_plan",
                **key,
                location="Plant North",
                opening=opening,
                quantity=stock[item],
                target=150.0,
                shortfall=max(0.0, 150 - stock[item]),
                excess=0.0,
                value=stock[item] * price * 0.55,
                weeks_of_supply=4.3 * stock[item] / max(wanted, 1),
            )
            _money(company, item, period, shipped, made, price)
        _load(company, period, load)


def _money(company: Company, item: str, period: dt.date, shipped: float, made: float, price: float) -> None:
    terms = (
        ("revenue", "cash", shipped, shipped * price),
        ("purchases", "cash", made, -made * price * 0.35),
        ("production", "cash", made, -made * 14.0),
        ("carrying", "opportunity", made, -made * 0.8),
    )
    for term, kind, quantity, amount in terms:
        row = {"term": term, "class": kind, "subject": item, "item": item, "period": period, "quantity": quantity, "amount": amount}
        company.add("cost", **row)


def _load(company: Company, period: dt.date, load: dict[str, float]) -> None:
    for resource, hours in load.items():
        available = CAPACITY[resource]
        overtime = max(0.0, hours - available)
        row = {"resource": resource, "period": period}
        company.add(
            "capacity_load",
            **row,
            available=available,
            load=hours,
            regular=min(hours, available),
            overtime=overtime,
            overtime_limit=available * 0.1,
            idle=max(0.0, available - hours),
            utilisation=hours / available,
        )
        if hours > available * 0.999:
            company.add(
                "binding",
                limit="capacity",
                subject=resource,
                period=period,
                limited_to=available,
                unit="hours",
                value=41.2,
                sentence=f"{resource} is full in {period:%B %Y}: one more hour is worth 41.20 EUR.",
            )


def _reconcile(company: Company, frames: dict[str, pl.DataFrame]) -> None:
    cost = frames["cost"].join(frames["item"].select("item", "family"), on="item")
    sums = cost.group_by("family", "period", "term").agg(pl.col("amount").sum()).sort("family", "period", "term")
    amounts = {(family, period, term): amount for family, period, term, amount in sums.iter_rows()}
    for family, period in sums.select("family", "period").unique(maintain_order=True).iter_rows():
        revenue, *spent = (amounts[family, period, term] for term in ("revenue", "purchases", "production", "carrying"))
        goods = revenue * 0.55
        lines = {"revenue": revenue, "cost_of_goods": goods, "gross_margin": revenue - goods}
        lines |= {"purchases": -spent[0], "production": -spent[1], "supply_cost": -spent[0] - spent[1]}
        lines |= {
            "material_cost": -spent[0],
            "production_cost": -spent[1],
            "stock_change": 0.0,
            "receivables": revenue,
            "payables": -spent[0],
        }
        lines |= {"receipts": revenue * 0.9, "payments": -spent[0] - spent[1], "working_capital": 90_000.0 + revenue + spent[0]}
        lines |= {"cash_flow": revenue * 0.9 + spent[0] + spent[1], "cumulated_cash": revenue}
        lines |= {"inventory_carrying": -spent[2], "contribution": revenue - goods + spent[2], "inventory_value": 90_000.0}
        budgets = {"revenue": revenue * 0.97, "gross_margin": (revenue - goods) * 1.03}
        for line, amount in lines.items():
            row = {"scenario": "base", "family": family, "period": period, "line": line, "amount": amount}
            company.add("financials", **row, budget=budgets.get(line))
    steps = (
        ("Budget", 6_400_000.0, "level"),
        ("Price", 120_000.0, "change"),
        ("Volume", 390_000.0, "change"),
        ("Mix", -75_000.0, "change"),
    )
    for position, (step, amount, kind) in enumerate((*steps, ("Plan", sum(s[1] for s in steps), "level")), start=1):
        company.add("bridge", against="budget", measure="revenue", position=position, step=step, amount=amount, kind=kind)
    for position, (step, amount, kind) in enumerate((("Last cycle", 6_800_000.0, "level"), ("Volume", 35_000.0, "change")), start=1):
        company.add("bridge", against="last_cycle", measure="revenue", position=position, step=step, amount=amount, kind=kind)
    company.add("bridge", against="last_cycle", measure="revenue", position=3, step="Plan", amount=6_835_000.0, kind="level")
    for rank, (driver, subject, low, high) in enumerate(
        (("price", "", -683_000.0, 683_000.0), ("cost", "material", 210_000.0, -205_000.0), ("capacity", "Assembly", -9_000.0, 1_000.0)),
        start=1,
    ):
        words = f"10 % higher {driver} of {subject or 'everything'} changes profit by {high:,.0f}."
        company.add("sensitivity", driver=driver, subject=subject, change=0.1, low=low, high=high, rank=rank, sentence=words)
    first = frames["demand_plan"]["period"].min()
    last = frames["demand_plan"]["period"].max()
    gaps = (
        ("shortage", "family", "Tents", -1_240.0, -223_000.0, "Tents are 1,240 pieces short from June to July 2027."),
        ("late", "family", "Backpacks", -610.0, -58_000.0, "Backpacks ship 610 pieces late in July 2027."),
        ("idle_capacity", "resource", "Assembly", 2_900.0, None, "Assembly has 2,900 hours idle over the horizon."),
        ("budget", "family", "Stoves", 940.0, 310_000.0, "Revenue is 310,000 EUR above budget."),
    )
    for rank, (kind, level, subject, units, revenue, sentence) in enumerate(gaps, start=1):
        row = {"kind": kind, "level": level, "subject": subject, "market": None, "period": first, "until": last, "units": units}
        margin = None if revenue is None else revenue * 0.4
        unit = "hours" if level == "resource" else "piece"
        text = {"sentence": sentence, "suggestion": "Build ahead on Sewing Line 1 from March."}
        company.add("gap", **row, unit=unit, revenue=revenue, margin=margin, rank=rank, **text)
    cause = {"limit": "capacity", "subject": "Sewing Line 1", "value": 38_000.0}
    company.add("gap_cause", rank=1, **cause, sentence="Sewing Line 1 is full from May to July.")


def _scenarios(company: Company, frames: dict[str, pl.DataFrame]) -> None:
    by_period = frames["shortage"].group_by("period").agg(pl.col("demand", "shipped").sum()).sort("period")
    base = {"demand": 1.0, "shipped": 1.0}
    factors = {"base": (1.0, 1.0), "upside": (1.2, 1.08), "downside": (0.8, 0.8), "stretch": (1.1, 1.06), "own <b>tender</b>": (1.05, 1.04)}
    impact = {"base": ("high", "medium"), "upside": ("low", "positive"), "downside": ("low", "negative"), "stretch": ("medium", "positive")}
    for scenario, (asked, served) in factors.items():
        likelihood, effect = impact.get(scenario, ("", ""))
        text = f"Demand at {asked:.0%} of the base plan." if scenario != "base" else "Most likely outcome."
        company.add("scenario", scenario=scenario, parent=None, description=text, likelihood=likelihood, impact=effect)
        for period, demand, shipped in by_period.iter_rows():
            row = {"scenario": scenario, "period": period, "demand": demand * asked, "supply": shipped * served}
            company.add("scenario_demand", **row, short=max(0.0, demand * asked - shipped * served))
        measures = (
            ("demand", "units", 71_000.0, asked),
            ("shipped", "units", 69_000.0, served),
            ("service_level", "fraction", 0.97, min(1.0, served / asked)),
            ("revenue", "EUR", 6_835_000.0, served),
            ("gross_margin", "EUR", 2_430_000.0, served),
            ("peak_utilisation", "fraction", 1.02, served),
        )
        for measure, unit, value, factor in measures:
            row = {"scenario": scenario, "measure": measure, "unit": unit, "value": value * factor}
            company.add("scenario_result", **row, difference=value * (factor - base["demand"]), note=None)


def _options(company: Company, frames: dict[str, pl.DataFrame]) -> None:
    short = frames["shortage"].group_by("period").agg((pl.col("demand") - pl.col("shipped")).sum().clip(0.0).alias("short")).sort("period")
    first = short["period"][0]
    listed: tuple[tuple[str, str, int | None, float, str, str], ...] = (
        ("Saturday shift on Sewing Line 1", "shift", 1, 61_000.0, "recommended", "Solved again: contribution is EUR 61,000 higher."),
        ("Sew <b>tents</b> outside", "subcontract", 2, -4_200.0, "listed", "It costs more than it brings."),
        ("Half a Saturday shift", "shift", None, 28_000.0, "dominated", "Saturday shift on Sewing Line 1 is as good and better in one."),
    )
    for name, kind, rank, money, status, because in listed:
        own = {
            "option": name,
            "rank": rank,
            "kind": kind,
            "target": "Sewing Line 1",
            "statement": name,
            "gap": 1,
            "size": 200.0,
            "unit": "hours",
        }
        cost = {"net_money": money, "revenue": 90_000.0, "running_cost": 21_000.0, "one_off_cost": 8_000.0, "cash": money * 0.8}
        effect = {"shortage": -300.0, "service": 0.004, "inventory": 1_500.0, "lead_time": 30, "effective": add_months(first, 2)}
        company.add("option", **own, **cost, **effect, catch="It needs people.", status=status, because=because)
        company.add("option_change", option=name, position=1, statement="capacity regular: plus 200", override="{}")
        for period, gap in short.iter_rows() if rank else ():
            closed = gap * 0.6 if rank == 1 else gap * 0.2
            stacked = closed if rank == 1 else None
            company.add("option_period", option=name, period=period, short=gap - closed, closed=closed, stacked=stacked)
    for period, gap in short.iter_rows():
        company.add("option_period", option="", period=period, short=gap)
    asked = "What would more hours on the Filling Line cost?"
    company.add(
        "option_question",
        question=1,
        kind="shift",
        target="Filling Line",
        gap=2,
        statement=asked,
        worth=5_400.0,
        units=40.0,
        lever="lever: shift",
    )


def _risks(company: Company) -> None:
    given = (
        ("dealer", "risk", "A dealer <i>leaves</i>", 0.3, -80_000.0, "sum of history.quantity < 900", 880.0, "met"),
        ("tender", "opportunity", "A tender is won", 0.4, 45_000.0, None, None, "no trigger"),
    )
    for rank, (name, kind, statement, probability, money, trigger, observed, raised) in enumerate(given, start=1):
        worth = {"units": money / 100, "money": money, "expected_units": probability * money / 100, "expected_money": probability * money}
        seen = {"trigger": trigger, "observed": observed, "raised": raised, "sentence": f"{statement}: {raised}."}
        own = {"risk": name, "kind": kind, "statement": statement, "probability": probability, "basis": "Units and money given."}
        company.add("risk_register", **own, **worth, **seen, in_plan=False, owner="Sales", rank=rank)
    company.add(
        "decision_needed",
        decision=1,
        question="What is done about tents that are short?",
        recommendation="Saturday shift on Sewing Line 1.",
        reason="It pays.",
        options="Saturday shift on Sewing Line 1; Sew <b>tents</b> outside",
        net_money=61_000.0,
        stake=223_000.0,
        decider="executive",
        by=dt.date(2026, 12, 15),
        gap=1,
    )
    for position, topic in enumerate(("Tents are short in summer", "Decisions handed on"), start=1):
        company.add(
            "agenda", meeting="pre_sop", position=position, topic=topic, minutes=10, owner_role="supply planner", outcome="Settled."
        )


def _decide(company: Company) -> None:
    company.add(
        "recommendation",
        rank=1,
        recommendation="Build 1,240 tents ahead on Sewing Line 1 from March to May.",
        reason="Sewing Line 1 is full in June and July and idle before; holding costs 9,900 EUR, the margin saved is 89,000 EUR.",
        value=89_000.0,
        units=1_240.0,
        gap=1,
        decider="VP Operations",
    )
    company.add("recommendation", rank=2, recommendation="Agree the budget surplus with finance.", reason="Plan is above budget.", gap=4)
    actions = (("Release the pre-build of tents", "Supply planner"), ("Ask Sewing for a Saturday shift in July", "Plant manager"))
    for number, (statement, role) in enumerate(actions, start=1):
        row = {"action": number, "statement": statement, "owner_role": role, "due": dt.date(2026, 12, 10 + number)}
        company.add("proposed_action", **row, gap=number, status="proposed")
    topics = (("Decisions of last month", 5, "S&OP lead"), ("Tents short in summer", 20, "VP Operations"), ("Budget", 10, "CFO"))
    for position, (topic, minutes, role) in enumerate(topics, start=1):
        company.add(
            "agenda",
            meeting="executive",
            position=position,
            topic=topic,
            minutes=minutes,
            owner_role=role,
            outcome="A decision on the pre-build.",
        )
    sentences = (
        ("Situation", "Demand is 71,000 pieces over 15 months, 3.1 % above budget."),
        ("Situation", "Supply ships 97 % of it on time."),
        ("Gaps", "Tents are 1,240 pieces short in June and July because Sewing Line 1 is full."),
        ("Decisions needed", "Build tents ahead from March: saves 89,000 EUR of margin for 9,900 EUR of holding."),
    )
    for position, (section, statement) in enumerate(sentences, start=1):
        company.add("executive_summary", position=position, section=section, statement=statement)
    kpis = (
        ("mape", "family", "Tents", 0.17, "fraction", 0.2, "met"),
        ("mape", "family", "Stoves", 0.26, "fraction", 0.2, "missed"),
        ("plan_attainment", "total", None, 0.961, "fraction", 0.95, "met"),
        ("weeks_of_supply", "total", None, 6.4, "weeks", 6.0, "met"),
        ("otif", "total", None, None, "fraction", 0.98, "no data"),
    )
    for kpi, level, subject, value, unit, target, status in kpis:
        row = {"kpi": kpi, "level": level, "subject": subject, "value": value, "unit": unit, "target": target, "status": status}
        note = "No order lines given." if value is None else None
        company.add("kpi", **row, basis="lag 1, orders, weighted by volume", note=note)


def _register(company: Company, calendar: Calendar) -> None:
    company.add(
        "issue", severity="warning", source="history.csv", table="history", row=17, column="quantity", message="Negative.", fix="Check."
    )
    company.add("assumption_made", step="gather", subject="capacity", statement="10 % overtime at most.", origin="plan.yaml, line 12")
    company.add("solution", fact="status", value="optimal")
    company.rows["period"] = list(calendar.table().iter_rows(named=True))


@cache
def _company(horizon: int) -> dict[str, pl.DataFrame]:
    plan = setting(horizon)
    calendar = Calendar.from_setting(plan.calendar)
    company = Company(horizon, np.random.default_rng(7))
    _master(company)
    demand = _demand(company, calendar.periods)
    _supply(company, calendar.periods, demand)
    frames = company.frames()
    _reconcile(company, frames)
    _scenarios(company, frames)
    _options(company, frames)
    _risks(company)
    _decide(company)
    _register(company, calendar)
    return {name: frame.empty() for name, frame in DICTIONARY.items()} | company.frames() | {"setting": to_table(plan)}


def tables(horizon: int = 15) -> dict[str, pl.DataFrame]:
    """All tables of the example plan."""
    return dict(_company(horizon))


MONEY = ("cost", "financials", "bridge", "sensitivity", "budget", "price")


_AMOUNTS = {
    "option": ("net_money", "revenue", "running_cost", "one_off_cost", "cash", "inventory"),
    "option_question": ("worth",),
    "risk_register": ("money", "expected_money"),
    "decision_needed": ("net_money", "stake"),
}


def bare(horizon: int = 12) -> dict[str, pl.DataFrame]:
    """The same plan as a company would give it that has no money, budget, stock, history or actuals."""
    frames = tables(horizon)
    for name in (*MONEY, "history", "on_hand", "inventory_plan", "kpi", "issue", "baseline", "binding", "agenda"):
        frames[name] = table(name).empty()
    empty = {"unit_price": None, "p10": None, "p90": None}
    frames["demand_plan"] = table("demand_plan").conform(frames["demand_plan"].drop(list(empty)))
    frames["gap"] = table("gap").conform(frames["gap"].drop("revenue", "margin"))
    frames["recommendation"] = table("recommendation").conform(frames["recommendation"].drop("value"))
    for name, columns in _AMOUNTS.items():
        frames[name] = table(name).conform(frames[name].drop(columns))
    money = pl.col("measure").is_in(["revenue", "gross_margin"])
    frames["scenario_result"] = frames["scenario_result"].filter(~money)
    frames["item"] = table("item").conform(frames["item"].drop("unit_price", "unit_cost", "family"))
    return frames
