"""A what-if is the plan that a run from nothing would make with the same overrides, quicker; the memory behind it is never seen."""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from equipoise.cycle import STEPS, Cycle, MemoryCache, Progress
from equipoise.errors import EquipoiseError
from equipoise.scenario import Override, Scenario
from equipoise.service.gathering import Gathered, gather
from equipoise.service.starter import files
from equipoise.service.workspace import Workspace
from equipoise.supply import MODEL_TABLES, Session, supply
from equipoise.supply.memory import Memory, Record
from equipoise.tables import table

TODAY = dt.date(2026, 11, 28)
MORE = {
    "purchase": "purchase,item,location,supplier,kind,unit_cost,lead_time\nLanterns from Ilum,Lantern,Workshop,Ilum,buy,41,20\n"
    "Floor lamps by Veldt,Floor Lamp,Workshop,Veldt,subcontract,88,0\n",
    "purchase_limit": "purchase,maximum\nLanterns from Ilum,40\nFloor lamps by Veldt,25\n",
    "price": "item,market,unit_price\nLantern,Shops,70\nLantern,Online,74\nFloor Lamp,Shops,150\n",
    "budget": "family,period,quantity,revenue\nLiving,2027-01-01,400,40000\nDesk,2027-01-01,700,34000\n",
}
MONEY = [step for step in STEPS if step.name in {"financials", "gap"}]
DEMAND = MemoryCache()


def asked(where: dict[str, str] | None = None, **said: Any) -> Override:
    return Override.model_validate({"reason": "test", "where": where or {}, **said})


CASES = {
    "demand_plan": asked(table="demand_plan", operation="scale", value=1.2),
    "an item's demand_plan": asked({"item": "Lantern"}, table="demand_plan", operation="add", value=900),
    "no demand of an item": asked({"item": "Lantern"}, table="demand_plan", operation="set", value=0),
    "capacity": asked(table="capacity", column="regular", operation="scale", value=0.8),
    "purchase_limit": asked(table="purchase_limit", column="maximum", operation="scale", value=3),
    "item": asked({"item": "Lantern"}, table="item", column="unit_cost", operation="scale", value=1.5),
    "price": asked(table="price", column="unit_price", operation="scale", value=0.9),
    "setting": asked({"setting": "supply.objective"}, table="setting", column="value", operation="set", value='"cost"'),
    "calendar": asked({"setting": "calendar.frozen"}, table="setting", column="value", operation="set", value="1"),
    "insert": asked(
        table="purchase",
        operation="insert",
        value={"purchase": "Clip lamps by Arc", "item": "Clip Lamp", "location": "Workshop", "kind": "subcontract", "unit_cost": 18.0},
    ),
    "remove": asked({"purchase": "Floor lamps by Veldt"}, table="purchase", operation="remove"),
    "remove a way to make": asked({"route": "Make Lantern"}, table="route", operation="remove"),
    "history": asked({"item": "Desk Lamp"}, table="baseline", operation="scale", value=1.3),
}


@pytest.fixture(scope="module")
def lamps(tmp_path_factory: pytest.TempPathFactory) -> Gathered:
    """The plan of a new workspace, with purchases, their limits, prices and a budget."""
    folder = tmp_path_factory.mktemp("lamps")
    (folder / "tables").mkdir()
    for name, text in {**files(TODAY), **{f"tables/{name}.csv": text for name, text in MORE.items()}}.items():
        Path(folder / name).write_text(text, encoding="utf-8")
    gathered = gather(Workspace(folder / "plan.yaml", folder), TODAY)
    gathered.refuse_errors()
    return gathered


@pytest.fixture(scope="module")
def cycle(lamps: Gathered) -> Cycle:
    """One cycle for all questions, so that each meets what those before it left in memory."""
    made = Cycle(lamps.tables, cache=DEMAND)
    made.resolve("")
    return made


def from_nothing(lamps: Gathered, override: Override) -> dict[str, pl.DataFrame]:
    """The tables of a plan that has the override among its own, by a session that knows nothing; explained by the basis alone."""
    tables = Cycle(lamps.tables, (override,), cache=DEMAND).what_if((), "inventory_target")
    tables |= in_order(supply({name: tables[name] for name in MODEL_TABLES}, what_if=True))
    tables["supply_cause"] = table("supply_cause").empty()
    for step in MONEY:
        made = step(tables)
        assert isinstance(made, dict)
        tables |= in_order(made)
    return tables


def in_order(made: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The tables that a step made, behind the gate."""
    return {name: table(name).conform(frame).sort(table(name).keys) for name, frame in made.items()}


@pytest.mark.parametrize("name", CASES)
def test_a_what_if_is_the_plan_from_nothing(name: str, lamps: Gathered, cycle: Cycle) -> None:
    expected, found = from_nothing(lamps, CASES[name]), cycle.what_if((CASES[name],))
    assert {"financials", "bridge", "gap", "gap_cause"} <= found.keys()
    told = {"override_effect", "override_cell", "override_flag", "issue"}  # only the base plan tells what its overrides did
    expected["binding"], found["binding"] = (made["binding"].drop("sentence") for made in (expected, found))  # a half may round either way
    for one in sorted(expected.keys() & found.keys() - told):
        try:
            assert_frame_equal(found[one], expected[one], rel_tol=1e-7, abs_tol=1e-6)
        except AssertionError as error:
            raise AssertionError(f"{one}: {error}") from None


def test_what_ifs_asked_from_two_threads_are_those_asked_one_by_one(lamps: Gathered, cycle: Cycle) -> None:
    fresh = Cycle(lamps.tables)
    questions = [(CASES[name],) for name in ("demand_plan", "capacity", "remove", "purchase_limit", "price", "insert")] * 2
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(fresh.what_if, questions))
    for question, found in zip(questions, together, strict=True):
        alone = cycle.what_if(question)
        assert all(found[name].equals(alone[name]) for name in alone)


def test_a_question_asked_again_is_answered_from_memory(cycle: Cycle) -> None:
    first = cycle.what_if((CASES["demand_plan"],))
    again = cycle.what_if((CASES["demand_plan"].model_copy(update={"reason": "another reason"}),))
    assert all(again[name] is first[name] for name in first)
    again.clear()
    assert cycle.what_if((CASES["demand_plan"],)).keys() == first.keys()


def test_a_what_if_goes_as_far_as_it_is_asked(cycle: Cycle) -> None:
    override = (asked(table="demand_plan", operation="scale", value=1.21),)
    assert {"demand_plan", "cost"} <= cycle.what_if(override, "supply").keys()
    assert not {"financials", "gap"} & cycle.what_if(override, "supply").keys()
    assert "gap" not in cycle.what_if(override, "financials")
    for step in ("item_plan", "scenarios", "gaps"):
        with pytest.raises(ValueError, match=step):
            cycle.what_if(override, step)


def test_a_what_if_without_overrides_is_the_base_plan(cycle: Cycle) -> None:
    base, found = cycle.resolve(""), cycle.what_if(())
    assert all(found[name].equals(base[name]) for name in base.keys() & found.keys())


@pytest.mark.parametrize(
    "override",
    [
        asked({"item": "Lantren"}, table="demand_plan", operation="scale", value=2),
        asked(table="demand_plan", column="colour", operation="set", value="red"),
        asked({"setting": "supply.objective"}, table="setting", column="value", operation="set", value='"luck"'),
        asked({"purchase": "Lanterns from Ilum"}, table="purchase", column="unit_cost", operation="set", value=-500),
    ],
    ids=["matches nothing", "no such column", "no such objective", "profit without bound"],
)
def test_a_what_if_fails_as_a_scenario_does(lamps: Gathered, cycle: Cycle, override: Override) -> None:
    limits = asked(table="purchase_limit", operation="remove")
    batch = (override, limits) if override.table == "purchase" else (override,)
    with pytest.raises(EquipoiseError) as expected:
        Cycle(lamps.tables, (), (Scenario(name="wrong", overrides=batch),)).resolve("wrong")
    for _ in range(2):
        with pytest.raises(type(expected.value)) as found:
            cycle.what_if(batch)
        assert (found.value.message, found.value.fix) == (expected.value.message, expected.value.fix)


def test_after_a_run_from_the_cache_the_first_what_if_solves_the_base_plan(lamps: Gathered) -> None:
    cache = MemoryCache()
    Cycle(lamps.tables, cache=cache).resolve("")
    told: list[Progress] = []
    later = Cycle(lamps.tables, cache=cache, listen=told.append, session=Session())
    base = later.resolve("")
    assert not later.session.begun
    assert {one.state for one in told if one.step == "supply"} == {"begins", "unchanged"}
    spoken = len(told)
    found = later.what_if((CASES["capacity"],))
    assert later.session.begun
    assert len(told) == spoken
    known = later.session.solved({name: base[name] for name in MODEL_TABLES})
    assert known is later.session.solved({name: base[name].clone() for name in MODEL_TABLES})
    cold = supply({name: found[name] for name in MODEL_TABLES}, what_if=True)
    assert_frame_equal(cold["supply_plan"], found["supply_plan"], abs_tol=1e-6)


def test_what_ifs_leave_no_trace_in_the_cache(lamps: Gathered) -> None:
    cache = MemoryCache()
    cycle = Cycle(lamps.tables, cache=cache)
    cycle.resolve("")
    before = set(cache._kept)
    cycle.what_if((CASES["capacity"],))
    cycle.what_if((CASES["price"],))
    assert set(cache._kept) == before


@dataclass(frozen=True)
class Company(Record):
    items: pl.DataFrame
    prices: pl.DataFrame
    rate: float

    @property
    def names(self) -> pl.DataFrame:
        return self.items.select("item")

    def doubled(self) -> pl.DataFrame:
        return self.prices * 2


def company(items: int = 3, price: float = 1.0, rate: float = 0.1) -> Company:
    return Company(pl.DataFrame({"item": range(items), "size": [rate] * items}), pl.DataFrame({"price": [price]}), rate)


def counted(function: Callable[..., Any]) -> tuple[Callable[..., Any], list[int]]:
    calls: list[int] = []

    def piece(*arguments: Any) -> Any:
        calls.append(1)
        return function(*arguments)

    return piece, calls


def test_a_piece_is_made_again_only_where_what_it_reads_is_another() -> None:
    memory, first = Memory(), company()
    piece, calls = counted(lambda of: of.doubled() if of.rate < 1 else of.names)
    made = memory(piece, first)
    assert memory(piece, Company(company(9).items, first.prices, 0.1)) is made
    assert len(calls) == 1
    assert memory(piece, Company(first.items, company(price=2.0).prices, 0.1)).item() == 4.0
    assert memory(piece, first) is made
    assert memory(piece, Company(first.items, first.prices, 2.0)).height == 3
    assert len(calls) == 3


def test_what_comes_out_equal_is_what_was_there_before() -> None:
    memory = Memory()
    piece, calls = counted(lambda of: (of.names, {"rate": of.rate}, np.array([of.rate, np.nan])))
    first, again = memory(piece, company(rate=0.1)), memory(piece, company(rate=0.2))
    assert len(calls) == 2
    assert again[0] is first[0]
    assert again[1] == {"rate": 0.2}
    assert memory(piece, company(rate=0.1))[2] is first[2]
    kinds, _ = counted(lambda frame: frame)
    whole = memory(kinds, pl.DataFrame({"a": [1]}))
    assert memory(kinds, pl.DataFrame({"a": [1.0]})).schema != whole.schema


def test_a_piece_that_asks_which_names_there_are_sees_a_new_one() -> None:
    memory, frame = Memory(), pl.DataFrame({"a": [1]})
    piece, _ = counted(lambda tables: tables["b"].height if "b" in tables else 0)
    assert memory(piece, {"a": frame}) == 0
    assert memory(piece, {"a": frame, "b": frame}) == 1
    assert memory(piece, {"a": frame}) == 0


def test_a_text_tells_pieces_of_one_function_apart_and_failures_are_not_remembered() -> None:
    memory, frame = Memory(), pl.DataFrame({"a": [1]})
    piece, calls = counted(lambda name, one: one.rename({"a": name}))
    assert memory(piece, "b", frame).columns == ["b"]
    assert memory(piece, "c", frame).columns == ["c"]
    broken, tries = counted(lambda one: one.get_column("b"))
    for _ in range(2):
        with pytest.raises(pl.exceptions.ColumnNotFoundError):
            memory(broken, frame)
    assert (len(calls), len(tries)) == (2, 2)


def test_the_first_version_of_a_piece_is_never_forgotten() -> None:
    memory = Memory()
    piece, calls = counted(lambda frame: frame.sum())
    frames = [pl.DataFrame({"a": [number]}) for number in range(10)]
    made = [memory(piece, frame) for frame in frames]
    assert memory(piece, frames[0]) is made[0]
    assert memory(piece, frames[9]) is made[9]
    assert len(calls) == 10
    memory(piece, frames[4])
    assert len(calls) == 11
