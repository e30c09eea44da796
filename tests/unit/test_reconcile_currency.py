"""Money in several currencies: from raw tables to profit and loss, cash and bridges, all in the plan's."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from equipoise.cycle import Cycle
from equipoise.service.gathering import gather
from equipoise.service.messages import RunRequest
from equipoise.service.workspace import locate

TODAY = dt.date(2026, 12, 20)
JANUARY, FEBRUARY = dt.date(2027, 1, 1), dt.date(2027, 2, 1)
TABLES = {
    "currency_rate": "from,to,period,factor\nUSD,EUR,2026-01-01,0.8\nUSD,EUR,2027-02-01,0.9\nEUR,SEK,2026-01-01,10\n",
    "item": "item,unit,kind,unit_cost,currency\nchair,piece,finished,20,USD\nbench,piece,finished,300,SEK\n",
    "market": "market\nTown\n",
    "location": "location,kind\nShop,plant\n",
    "price": "item,market,period,unit_price,currency\n"
    "chair,Town,2027-01-01,50,USD\nchair,Town,2027-02-01,50,USD\nbench,Town,2027-01-01,70,EUR\nbench,Town,2027-02-01,700,SEK\n",
    "forecast": "source,item,market,kind,period,quantity\n"
    + "".join(f"given,{item},Town,increment,2027-0{month}-01,100\n" for item in ("chair", "bench") for month in (1, 2)),
    "purchase": "purchase,item,location,unit_cost,currency\nchairs,chair,Shop,20,USD\nbenches,bench,Shop,30,EUR\n",
    "shipment": "item,market,period,quantity,revenue,currency\nchair,Town,2026-12-01,31,310,USD\nbench,Town,2026-12-01,31,3100,SEK\n",
    "budget": "item,market,period,quantity,revenue,currency\nchair,Town,2027-01-01,100,4000,USD\nbench,Town,2027-01-01,100,60000,SEK\n",
    "plan_snapshot": "as_of,measure,item,place,period,quantity,revenue,currency\n"
    "2026-11-15,demand,chair,Town,2027-01-01,90,4500,USD\n2026-11-15,demand,bench,Town,2027-01-01,100,7000,EUR\n",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    folder: Path = tmp_path_factory.mktemp("currency")
    (folder / "tables").mkdir()
    for name, body in TABLES.items():
        (folder / "tables" / f"{name}.csv").write_text(body)
    plan = "plan: mixed\ncurrency: EUR\ncalendar: {as_of: 2026-12-20, start: 2027-01-01, horizon: 2}\ndata: tables/\n"
    (folder / "plan.yaml").write_text(f"{plan}finance: {{receivable_days: 31}}\n")
    gathered = gather(locate(RunRequest(plan=str(folder / "plan.yaml"))), TODAY)
    gathered.refuse_errors()
    return Cycle(gathered.tables, gathered.plan.overrides, gathered.plan.scenarios).resolve("")


def line(made: dict[str, pl.DataFrame], name: str) -> list[float]:
    rows = made["financials"].filter(pl.col("line") == name).group_by("period").agg(pl.col("amount").sum()).sort("period")
    return [round(amount, 6) for amount in rows["amount"]]


def test_profit_and_loss_is_in_the_plans_currency_at_the_rate_of_the_period(made: dict[str, pl.DataFrame]) -> None:
    """Chairs at USD 50, 0.8 in January and 0.9 in February; benches at EUR 70, then SEK 700 at 10 a euro."""
    assert line(made, "revenue") == pytest.approx([100 * 50 * 0.8 + 7000, 100 * 50 * 0.9 + 7000])
    assert line(made, "cost_of_goods") == pytest.approx([100 * 20 * 0.8 + 3000] * 2), "a standard cost without a period: that of the start"
    assert line(made, "material_cost") == pytest.approx([100 * 20 * 0.8 + 3000] * 2)
    assert line(made, "gross_margin") == pytest.approx([4000 + 7000 - 4600, 4500 + 7000 - 4600])
    budget = made["financials"].filter((pl.col("line") == "revenue") & pl.col("budget").is_not_null())
    assert budget["budget"].sum() == pytest.approx(4000 * 0.8 + 6000)


def test_cash_and_what_was_owed_at_the_start_are_too(made: dict[str, pl.DataFrame]) -> None:
    """31 days later all of December's sales come in January; January's come from 1 February to 3 March, 28 of 31 days in February."""
    assert line(made, "opening_receivables") == pytest.approx([310 * 0.8 + 310])
    assert line(made, "receipts") == pytest.approx([558, 11000 * 28 / 31])


def test_both_bridges_are_too(made: dict[str, pl.DataFrame]) -> None:
    steps = {
        against: dict(made["bridge"].filter(pl.col("against") == against).select("step", "amount").iter_rows())
        for against in ("budget", "last_cycle")
    }
    assert steps["budget"] == {"Budget": 9200, "Price": 1800, "Volume": 0, "Mix": 0, "Plan": 11000}
    # 90 chairs at EUR 40 and 100 benches at EUR 70 before, 10,600 for 190 pieces: ten pieces more are 10 × 10,600 / 190 at the average.
    volume = round(10 * 10600 / 190, 2)
    assert steps["last_cycle"] == {
        "Last cycle": 10600,
        "Price": 0,
        "Volume": volume,
        "Mix": pytest.approx(400 - volume),
        "Plan": 11000,
    }
