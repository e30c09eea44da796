"""report.html and summary.md: sections, escaping, and plans that lack money, stock or history."""

import datetime as dt
import re
import time
from html.parser import HTMLParser

import polars as pl
import pytest

from equipoise.charts.scale import scale_for
from equipoise.charts.series import total
from equipoise.exchange.pack import decide, demand, forecast, gaps, grids, headline, money, supply
from equipoise.exchange.pack.blocks import Block, Grid, Heading, Paragraph, Picture
from equipoise.exchange.pack.contents import KEYS, sections
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.wording import compact, grid_of, named, valued
from equipoise.exchange.report import report
from equipoise.exchange.summary import summary
from equipoise.tables import table
from equipoise.tables.figures import share
from tests.unit import plan_example, review_example

TABLES = plan_example.tables()
SETTING = plan_example.setting()
BARE = plan_example.bare()
REVIEW = review_example.with_review(TABLES, SETTING)
BARE_SETTING = plan_example.setting(horizon=12, currency="")
VOID = {"meta", "br", "link"}
ATTACK = "<script>alert('x')</script>|\"&=cmd"


class Outline(HTMLParser):
    """Reads a page: its sections, headings, links and whether every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.sections: list[str] = []
        self.levels: list[int] = []
        self.links: list[str] = []
        self.outside: list[str] = []
        self.tags: dict[str, int] = {}
        self.open: list[str] = []
        self.scopes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.tags[tag] = self.tags.get(tag, 0) + 1
        if tag == "section":
            self.sections.append(known["id"] or "")
        if tag in {"h1", "h2", "h3"}:
            self.levels.append(int(tag[1]))
        if tag == "a":
            self.links.append((known["href"] or "").removeprefix("#"))
        if tag == "th":
            self.scopes.add(known.get("scope") or "none")
        self.outside += [value for name, value in attrs if name in {"src", "href", "xlink:href"} and value and not value.startswith("#")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page() -> str:
    return report(TABLES, SETTING)


def test_the_page_is_whole_and_takes_less_than_six_seconds() -> None:
    report(BARE, BARE_SETTING)
    began = time.process_time()
    report(TABLES, SETTING)
    assert time.process_time() - began < 6


def test_every_section_is_there_in_order_linked_and_well_nested(page: str) -> None:
    outline = Outline(page)
    assert outline.open == []
    expected = [key for key in KEYS if key != "risk"]  # the example has no simulation: test_writers_risk has
    assert outline.sections == expected
    assert outline.links == expected
    assert outline.levels[0] == 1
    assert all(after - before <= 1 for before, after in zip(outline.levels, outline.levels[1:], strict=False))
    assert outline.scopes == {"col", "row"}


def test_nothing_is_loaded_from_elsewhere_and_there_is_no_script(page: str) -> None:
    outline = Outline(page)
    assert outline.outside == []
    assert "script" not in outline.tags
    assert "url(http" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page


def test_pictures_have_labels_and_stand_once_each(page: str) -> None:
    assert page.count('role="img"') == 19
    assert page.count("<figure>") == 19


def test_key_figures_are_those_of_the_tables(page: str) -> None:
    plan = Plan(TABLES, SETTING)
    cards = {card.name: card for card in headline.cards(plan)}
    assert cards["Demand"].value == f"{total(TABLES['demand_plan'], 'quantity'):,.0f}"
    assert cards["Demand"].comparison == "pieces over 15 months; +3.1 % against budget"
    assert cards["Revenue"].value == "EUR 9.40 million"
    assert cards["Gross margin"].tone == "bad"
    assert cards["Peak utilisation"].comparison == "Assembly, June 2027"
    assert all(card.value in page for card in cards.values())


def test_names_are_escaped_everywhere() -> None:
    tables = dict(TABLES)
    for name, columns in (
        ("item", ("name", "family")), ("executive_summary", ("statement", "section")), ("gap", ("sentence", "suggestion", "subject")),
        ("recommendation", ("recommendation", "reason")), ("proposed_action", ("statement",)), ("issue", ("message",)),
        ("assumption_made", ("statement",)), ("binding", ("sentence",)), ("scenario", ("description",)), ("kpi", ("note",)),
        ("resource", ("unit",)),
    ):  # fmt: skip
        tables[name] = tables[name].with_columns(pl.lit(ATTACK).alias(column) for column in columns)
    tables["capacity_load"] = tables["capacity_load"].with_columns(pl.col("resource") + ATTACK)
    text = report(tables, SETTING)
    assert "<script" not in text
    assert Outline(text).open == []
    words = summary(tables, SETTING)
    assert "<script" not in words
    assert "\\|" in words


def test_without_money_stock_history_or_families_the_page_says_so() -> None:
    page = report(BARE, BARE_SETTING)
    outline = Outline(page)
    assert outline.open == []
    assert {"demand", "supply", "inventory", "gaps", "scenarios", "money"} <= set(outline.sections)
    assert "measures" not in outline.sections
    for words in (
        "No history and no budget is given",
        "No prices or costs are given",
        "No stock is planned",
        "gaps are ranked and shown in units",
    ):
        assert words in page
    assert "<strong>EUR" not in page
    assert "Profit and loss" not in page


def test_an_empty_plan_still_is_a_page() -> None:
    outline = Outline(report({}, SETTING))
    assert outline.sections == []
    assert outline.levels == [1]


@pytest.mark.parametrize(("cadence", "horizon"), [("week", 60), ("quarter", 8), ("4-4-5", 30), ("month", 60)])
def test_other_calendars_fit_the_page(cadence: str, horizon: int) -> None:
    values = {"plan": "p", "currency": "EUR", "calendar": {"cadence": cadence, "start": "2026-12-01", "horizon": horizon}}
    plan = Plan(TABLES, SETTING.model_validate(values))
    spans = plan.spans()
    assert len(spans) <= 18
    assert [period for periods in spans.values() for period in periods] == list(plan.calendar.periods)


def test_one_period_is_a_plan_too() -> None:
    tables = {
        name: frame.filter(pl.col("period") == dt.date(2026, 12, 1)) if "period" in frame.columns and name != "history" else frame
        for name, frame in TABLES.items()
    }
    setting = plan_example.setting(horizon=1)
    assert "over 1 month" in report(tables, setting)


def test_plan_grid_sums_flows_takes_the_last_of_stocks_and_leaves_out_what_is_not_known() -> None:
    plan = Plan(TABLES, SETTING)
    spans = plan.quarters()
    grid = grids.plan_grid(plan, "family", spans)
    tents = {row["measure"]: row for row in grid.filter(pl.col("family") == "Tents").iter_rows(named=True)}
    assert list(tents) == [
        "Demand",
        "Budget",
        "Made and bought",
        "Shipped",
        "Late at the end",
        "Inventory",
        "Target inventory",
        "Weeks of supply",
    ]
    items = plan.item.filter(pl.col("family") == "Tents").get_column("item")
    shown = TABLES["demand_plan"].filter(pl.col("item").is_in(items.implode()))
    assert tents["Demand"]["Total"] == pytest.approx(shown.get_column("quantity").sum())
    last = TABLES["inventory_plan"].filter(pl.col("item").is_in(items.implode()) & (pl.col("period") == plan.calendar.periods[-1]))
    assert tents["Inventory"][list(spans)[-1]] == pytest.approx(last.get_column("quantity").sum())
    assert tents["Budget"][list(spans)[-1]] is None
    assert tents["Weeks of supply"]["Total"] is None


def test_totals_hold_the_rows_that_are_summed_away() -> None:
    frame = pl.DataFrame({"family": list("abcdef"), "x": [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]})
    grid = grids.with_total(frame, "family", most=3)
    assert grid.rows() == [("a", 6.0), ("b", 5.0), ("c", 4.0), ("3 others", 6.0), ("Total", 21.0)]


def test_the_statement_takes_costs_apart_and_compares_only_what_is_budgeted() -> None:
    plan = Plan(TABLES, SETTING)
    lines = money.statement(plan, plan.quarters())
    assert lines.get_column("line").to_list() == [
        *("revenue", "cost_of_goods", "gross_margin", "inventory_carrying", "contribution", "production", "purchases"),
        *("production_cost", "material_cost", "supply_cost", "stock_change"),
    ]
    revenue = TABLES["financials"].filter(pl.col("line") == "revenue")
    row = lines.row(0, named=True)
    assert row["Total"] == pytest.approx(revenue.get_column("amount").sum())
    assert row["Difference"] == pytest.approx(total(revenue, "amount") - total(revenue, "budget"))


def test_cash_adds_up_over_time_and_what_stands_does_not() -> None:
    plan = Plan(TABLES, SETTING)
    lines = {row["line"]: row for row in money.cash(plan, plan.quarters()).iter_rows(named=True)}
    assert list(lines) == [
        *("receipts", "payments", "cash_flow"),
        *("cumulated_cash", "receivables", "payables", "inventory_value", "working_capital"),
    ]
    last = TABLES["financials"].filter(pl.col("period") == pl.col("period").max())
    owed = last.filter(pl.col("line") == "receivables").get_column("amount").sum()
    assert lines["receivables"][list(plan.quarters())[-1]] == pytest.approx(owed)
    assert lines["receivables"]["Total"] is None
    flows = TABLES["financials"].filter(pl.col("line") == "cash_flow")
    assert lines["cash_flow"]["Total"] == pytest.approx(total(flows, "amount"))


def test_the_section_on_money_has_bridges_of_both_kinds_cash_and_the_tornado() -> None:
    section = money.section(Plan(TABLES, SETTING))
    assert section is not None
    drawn = [block.draw() for block in section.blocks if isinstance(block, Picture)]
    labels = [re.search(r'aria-label="([^"]*)"', picture)[1] for picture in drawn]  # type: ignore[index]
    titles = [label.split(":")[0].split(",")[0] for label in labels]
    assert titles[:2] == ["Revenue from budget to plan", "Revenue from last cycle to plan"]
    assert any(title.startswith("Cash flow") for title in titles)
    assert titles[-1] == "What profit changes when one thing is 10 % lower or higher"
    said = " ".join(block.text for block in section.blocks if isinstance(block, Paragraph))
    assert "What customers owe" not in said, "customers pay at once"
    headings = [block.text for block in section.blocks if isinstance(block, Heading)]
    assert headings == ["Cost of supply", "Cash and working capital", "What profit is sensitive to"]


def test_what_is_not_known_of_the_time_before_the_plan_is_said() -> None:
    late = SETTING.model_copy(update={"finance": SETTING.finance.model_copy(update={"receivable_days": 45, "payable_days": 30})})
    none = {**TABLES, "history": TABLES["history"].clear(), "shipment": table("shipment").empty()}
    words = [
        block.text
        for tables in (none, TABLES)
        for block in (money.section(Plan(tables, late)) or pytest.fail("there is money")).blocks
        if isinstance(block, Paragraph) and "Customers pay after 45 days" in block.text
    ]
    assert "What customers owe from sales before the plan is not given and is left out." in words[0]
    assert all("owed to suppliers from before the plan is not given" in one for one in words)


def test_budget_rows_compare_at_their_own_level() -> None:
    period = dt.date(2026, 12, 1)
    rows = [
        {"family": "Tents", "period": period, "quantity": 100.0},
        {"item": "ST-10", "market": "DACH", "period": period, "quantity": 50.0},
    ]
    plan = Plan({**TABLES, "budget": table("budget").conform(pl.DataFrame(rows))}, SETTING)
    compared = headline.demand_against_budget(plan)
    demand = TABLES["demand_plan"].filter(pl.col("period") == period)
    tents = total(demand.filter(pl.col("item").str.starts_with("TE")), "quantity")
    stoves = total(demand.filter((pl.col("item") == "ST-10") & (pl.col("market") == "DACH")), "quantity")
    assert compared is not None
    assert compared.budget == 150
    assert compared.amount == pytest.approx(tents + stoves)


def test_gaps_of_single_items_give_way_to_families_and_stay_where_they_are_alone() -> None:
    item_gap = TABLES["gap"].head(1).with_columns(pl.lit("item").alias("level"), pl.lit("TE-10").alias("subject"), rank=pl.lit(9))
    both = Plan({"gap": pl.concat([TABLES["gap"], item_gap.cast(TABLES["gap"].schema)])}, SETTING)
    assert "TE-10" not in gaps.main_gaps(both).get_column("subject").to_list()
    assert gaps.main_gaps(Plan({"gap": item_gap}, SETTING)).height == 1


def test_a_limit_is_told_once_with_its_periods_and_worth() -> None:
    section = supply.section(Plan(TABLES, SETTING))
    assert section is not None
    grid = next(block for block in section.blocks if isinstance(block, Grid) and block.caption.startswith("Limits"))
    sewing = next(row for row in grid.rows if row[1] == "Sewing Line 1")
    assert sewing == ("Capacity", "Sewing Line 1", "April to September 2027", "6", "EUR 41.20 per hour")


def test_missed_measures_come_first_and_what_has_no_data_says_why() -> None:
    section = decide.measures(Plan(TABLES, SETTING))
    assert section is not None
    grid = section.blocks[0]
    assert isinstance(grid, Grid)
    assert [row[4] for row in grid.rows] == ["missed", "met", "met", "met", "no data"]
    assert grid.rows[-1][5].endswith("No order lines given.")


def test_the_summary_is_markdown_with_its_tables() -> None:
    text = summary(TABLES, SETTING)
    assert text.startswith("# Sales and operations plan alpine-2026-11\n\n15 months, December 2026 to February 2028;")
    for heading in ("## Executive summary", "## Recommendations", "## Action items", "## Scenarios", "## Gaps"):
        assert f"\n{heading}\n" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert all(line.endswith(" |") for line in rows)
    assert "| 1 | Release the pre-build of tents | Supply planner | 2026-12-11 | 1. Tents are 1,240 pieces short" in text
    assert "own &lt;b>tender" in text.lower()
    assert summary(TABLES, SETTING, ("actions",)).count("## ") == 1


def test_sections_named_are_made_in_that_order() -> None:
    assert [section.key for section in sections(Plan(TABLES, SETTING), ("money", "demand"))] == ["money", "demand"]


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (9_397_010.0, "EUR", "EUR 9.40 million"),
        (-1_500_000.0, "EUR", "-EUR 1.50 million"),
        (75_574.7, "", "75,575"),
        (2.5e9, "", "2.50 billion"),
    ],
)
def test_key_figures_read_short(value: float, currency: str, text: str) -> None:
    assert compact(value, currency) == text


def test_names_and_values_read_as_people_write_them() -> None:
    assert named("gross_margin") == "Gross margin"
    assert named("otif") == "OTIF"
    assert valued(0.123, "fraction") == "12.3 %"
    assert [valued(value, "fraction") for value in (0.9998, 1.0, 0.994, 1.08, -0.0001)] == ["99.9 %", "100 %", "99.4 %", "108 %", "0 %"]
    assert valued(None, "EUR") == ""
    assert scale_for(5e5).unit("pieces") == "thousand pieces"
    assert scale_for(5e5).unit("EUR") == "EUR thousand"
    grid = grid_of(pl.DataFrame({"a": ["x", None], "b": [0.04, None]}), {"a": "A", "b": "B"}, "c")
    assert grid.rows == (("x", "0.0"), ("", ""))


def _blocks(tables: dict[str, pl.DataFrame]) -> tuple[Block, ...]:
    section = demand.section(Plan(tables, SETTING))
    assert section is not None
    return section.blocks


def _grid(blocks: tuple[Block, ...], words: str) -> Grid:
    return next(block for block in blocks if isinstance(block, Grid) and words in block.caption)


def test_the_demand_review_has_its_headings_pictures_and_grids() -> None:
    blocks = _blocks(REVIEW)
    headings = [block.text for block in blocks if isinstance(block, Heading)]
    assert headings == ["Forecast", "By family", "By market", "Overrides", "What the forecast rests on", "Forecast value added"]
    assert sum(isinstance(block, Picture) for block in blocks) == 7
    assert all(block.draw().startswith("<svg") for block in blocks if isinstance(block, Picture))
    text = summary(REVIEW, SETTING, ("demand",))
    for words in (
        "corrections of history",
        "Methods chosen by backtest",
        "Streams side by side",
        "Weights learned",
        "What events change demand by",
    ):
        assert words in text


def test_overrides_stand_with_their_effect_and_their_flags_those_flagged_first() -> None:
    grid = _grid(_blocks(REVIEW), "Overrides of demand")
    assert {row[0] for row in grid.rows} == {"ovr-01", "ovr-02", "ovr-03", "ovr-04"}
    assert grid.rows[-1][0] == "ovr-04"
    assert grid.rows[-1][4:] == ("fenced", "")
    stale = next(row for row in grid.rows if row[0] == "ovr-02")
    assert stale[5].startswith("Stale: Its cells summed to")
    assert "Mild winter expected" in stale[1]
    assert "without effect" in next(
        block.text for block in _blocks(REVIEW) if isinstance(block, Paragraph) and "overrides of demand" in block.text
    )


def test_value_added_is_told_with_the_sign_of_the_bias_and_what_made_it_worse() -> None:
    blocks = _blocks(REVIEW)
    told = next(block.text for block in blocks if isinstance(block, Paragraph) and block.text.startswith("At lag 1"))
    assert "better than naive" in told
    assert "Overrides made it worse" in told or "overrides made it worse" in told
    assert "over-forecast." in told
    grid = _grid(blocks, "Error (WMAPE) after each step")
    assert [row[0] for row in grid.rows] == ["naive", "baseline", "Marketing", "overrides", "consensus", "Sales (view, against baseline)"]
    assert grid.tones[1, 1] == "good"
    assert _grid(blocks, "What each owner added").rows[0][0] == "Ann Lee"


def test_without_snapshots_or_overrides_the_page_says_what_to_give() -> None:
    text = " ".join(block.text for block in _blocks(TABLES) if isinstance(block, Paragraph))
    assert "Give stream_snapshot (add table stream_record of each cycle to it), and it is measured here" in text
    assert "No override changes the demand of this plan." in text
    assert "Give stream_snapshot (add table stream_record of each cycle to it) and history" in summary(BARE, BARE_SETTING, ("demand",))
    early = {**REVIEW, "value_added": table("value_added").empty()}
    assert "is in history yet" in " ".join(block.text for block in _blocks(early) if isinstance(block, Paragraph))


def test_families_that_flagged_overrides_change_are_drawn_first_and_four_at_most() -> None:
    sizes = {"Stoves": 100.0, "Tents": 1.0}
    item = REVIEW["item"].select("item", "family")
    value = pl.col("family").replace_strict(sizes, default=10.0, return_dtype=pl.Float64)
    worth = REVIEW["segment"].join(item, on="item", how="left").with_columns(value=value)
    few = REVIEW["override_cell"].join(item.filter(pl.col("family") == "Tents"), on="item", how="semi")
    plan = Plan({**REVIEW, "segment": table("segment").conform(worth), "override_cell": few}, SETTING)
    parts = forecast.fans(plan)
    assert list(parts) == ["Tents", "Stoves", "Backpacks", "Sleeping bags"]
    assert set(parts["Tents"]["consensus"].get_column("item")) == set(item.filter(pl.col("family") == "Tents").get_column("item"))
    unflagged = Plan({**plan.tables, "override_flag": table("override_flag").empty()}, SETTING)
    assert next(iter(forecast.fans(unflagged))) == "Stoves"


def test_the_largest_corrections_come_first_and_the_rest_is_counted() -> None:
    blocks = _blocks(REVIEW)
    grid = _grid(blocks, "corrections of history")
    assert "30 corrections of history (" in grid.caption
    assert "for outliers" in grid.caption
    assert len(grid.rows) == 20
    sizes = [abs(float(row[5].replace(",", "")) - float(row[4].replace(",", ""))) for row in grid.rows]
    assert sizes == sorted(sizes, reverse=True)
    assert any(isinstance(block, Paragraph) and block.text == "10 more in table correction." for block in blocks)


def test_streams_stand_against_the_baseline_of_their_own_cells() -> None:
    part = REVIEW["stream"].filter((pl.col("kind") != "view") | (pl.col("market") == "DACH"))
    grid = _grid(_blocks({**REVIEW, "stream": part}), "Streams side by side")
    shown = {row[0]: row for row in grid.rows}
    assert shown["Sales"][3] == "+8 %"
    added = total(part.filter(pl.col("stream") == "Marketing"), "quantity") / total(part.filter(pl.col("kind") == "baseline"), "quantity")
    assert shown["Marketing"][3] == f"+{share(added)}"
    assert shown["baseline"][3] == ""
    assert list(shown) == ["naive", "baseline", "Sales", "Marketing", "Spring fair", "Consensus"]


def test_methods_are_counted_beside_the_seasonal_naive() -> None:
    grid = _grid(_blocks(REVIEW), "Methods chosen by backtest")
    series = REVIEW["baseline"].select("item", "market").n_unique()
    assert sum(int(row[1]) for row in grid.rows) == series
    assert grid.rows[0][2:] == ("20 %", "26 %", f"{grid.rows[0][1]} of {grid.rows[0][1]}", "1 %")


def test_events_list_items_that_are_alike_together() -> None:
    effect = REVIEW["event_effect"]
    more = pl.concat([effect, *(effect.with_columns(item=pl.lit(name)) for name in ("TE-20", "TE-30", "ST-10"))])
    grid = _grid(_blocks({**REVIEW, "event_effect": more}), "What events change demand by")
    assert len(grid.rows) == 1
    assert grid.rows[0][1].endswith("and 1 more")
    assert grid.rows[0][3] == "+6 % ± 2 %"


def test_names_in_the_review_are_escaped() -> None:
    tables = dict(REVIEW)
    for name, column in (
        ("correction", "reason"),
        ("override_effect", "statement"),
        ("event_effect", "event"),
        ("override_flag", "statement"),
    ):
        tables[name] = tables[name].with_columns(pl.lit(ATTACK).alias(column))
    tables["stream"] = tables["stream"].with_columns(
        pl.when(pl.col("kind") == "view").then(pl.lit(ATTACK)).otherwise("stream").alias("stream")
    )
    assert "<script" not in report(tables, SETTING)


def test_the_review_adds_little_to_the_time_of_the_page() -> None:
    report(REVIEW, SETTING)
    began = time.process_time()
    report(REVIEW, SETTING)
    assert time.process_time() - began < 5
