"""Playing a plan: on its own demand it is itself; on any other, nothing comes from nowhere, and every number can be made by hand."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from equipoise.errors import InputError
from equipoise.supply import MODEL_TABLES, Session, play, roll, supply
from equipoise.supply.assembly import Array
from equipoise.supply.playing.disturbance import upsets
from equipoise.supply.playing.game import game
from equipoise.supply.playing.world import World
from equipoise.tables import table
from equipoise.tables.setting import Setting, to_table
from tests.truth.company import demand, empty, month, rows
from tests.unit.test_supply_family import company as family_company
from tests.unit.test_supply_properties import HORIZON, companies

Tables = dict[str, pl.DataFrame]


def made(horizon: int, frozen: int = 0, supply_setting: dict[str, Any] | None = None, **tables: pl.DataFrame) -> Tables:
    """Tables of the supply model for a small company."""
    tree = {"plan": "played", "calendar": {"start": month(0), "horizon": horizon, "frozen": frozen}, "supply": supply_setting or {}}
    tree["supply"] = {"relative_gap": 0.0, **(supply_setting or {})}
    given = {name: table(name).conform(tables[name]) if name in tables else empty(name) for name in MODEL_TABLES if name != "setting"}
    return {**given, "setting": to_table(Setting.model_validate(tree))}


def planned(tables: Tables, session: Session) -> tuple[pl.DataFrame, float]:
    """The table shortage and the published profit of the plan of record."""
    result = supply(tables, session=session)
    money = result["cost"].filter(pl.col("class") != "penalty").get_column("amount").sum()
    return result["shortage"], float(money)


def check_plays_itself(tables: Tables) -> None:
    """On its own demand, by the policy and by re-solves, the plan that is played is the plan of record."""
    session = Session()
    shortage, money = planned(tables, session)
    paths = np.repeat(shortage.get_column("demand").to_numpy()[None, :], 2, axis=0)
    played = play(tables, paths, {}, session=session)
    assert played["profit"] == pytest.approx([money, money], rel=1e-6, abs=1e-3)
    for name in ("lost", "backlog"):
        assert np.abs(played[name] - shortage.get_column(name).to_numpy()).max(initial=0.0) < 1e-4


SHOP: dict[str, Any] = {
    "item": rows({"item": "chair", "unit_price": 50.0, "unit_cost": 20.0}, {"item": "wood", "unit_cost": 3.0}),
    "location": rows({"location": "Mill"}),
    "route": rows({"route": "chairs", "item": "chair", "location": "Mill", "unit_cost": 5.0}),
    "bom": rows({"route": "chairs", "component": "wood", "quantity": 2.0}),
    "usage": rows({"activity": "make", "of": "chairs", "resource": "saw", "quantity": 1.0}),
    "capacity": rows({"resource": "saw", "regular": 100.0, "overtime_limit": 20.0}),
    "resource": rows({"resource": "saw", "location": "Mill", "overtime_cost": 4.0}),
    "purchase": rows({"purchase": "timber", "item": "wood", "location": "Mill", "supplier": "Forest", "unit_cost": 3.0}),
    "on_hand": rows({"item": "chair", "location": "Mill", "quantity": 30.0}, {"item": "wood", "location": "Mill", "quantity": 60.0}),
    "inventory_policy": rows({"item": "chair", "location": "Mill", "safety_stock": 20.0, "holding_cost": 0.5, "shortfall_cost": 2.0}),
}
_PLANNED = [80.0, 90.0, 110.0, 70.0, 95.0, 85.0]


def shop(**changed: Any) -> Tables:
    """A mill that makes chairs from wood, with a little overtime, for six months."""
    return made(6, **{**SHOP, "demand_plan": rows(*demand(_PLANNED, item="chair")), **changed})


def noisy(paths: int, seed: int = 3, noise: float = 0.4) -> Array:
    """Paths around the shop's plan."""
    draws = np.random.default_rng(seed).standard_normal((paths, len(_PLANNED)))
    return np.asarray(np.clip(np.array(_PLANNED) * (1 + noise * draws), 0.0, None), np.float64)


def walked(tables: Tables, paths: Array, disturbed: dict[tuple[str, str], Array]) -> list[dict[str, Array]]:
    """The state of the world at the end of each period, played by the policy."""
    ready = game(Session().solved(tables))
    policy = ready.policy()
    world: World = ready.world(paths, upsets(ready.course.model, disturbed, len(paths)))
    states = []
    for t in range(ready.course.horizon):
        decided = world.decide(t, policy.wanted(world, t))
        shipped = world.serve(t, policy.shipped(world, t))
        load = ready.course.loads[t].of(np.concatenate([decided, shipped]))
        states.append({"stock": world.stock, "decided": decided, "shipped": shipped, "load": load, "late": world.market.late})
    return states


@given(companies())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
def test_any_plan_played_on_its_own_demand_is_itself(company: tuple[Tables, dict[str, Any]]) -> None:
    tables, setting = company
    check_plays_itself(made(HORIZON, 0, setting, **tables))


@pytest.mark.parametrize("frozen", [0, 2])
@pytest.mark.parametrize("level", ["item", "family"])
def test_families_and_frozen_plans_play_themselves(level: str, frozen: int) -> None:
    check_plays_itself(family_company(level, frozen))


def test_the_policy_and_solving_again_agree_on_the_plan_itself() -> None:
    session, tables = Session(), shop()
    shortage, money = planned(tables, session)
    again = roll(tables, shortage.get_column("demand").to_numpy()[None, :], {}, session=session)
    assert again["profit"] == pytest.approx([money], rel=1e-9)


@given(companies(), st.integers(0, 1000))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
def test_on_any_path_nothing_appears_or_vanishes(company: tuple[Tables, dict[str, Any]], seed: int) -> None:
    tables, setting = company
    full = made(HORIZON, 0, setting, **tables)
    ready = game(Session().solved(full))
    shape = (7, ready.terms.lost.size)
    rng = np.random.default_rng(seed)
    paths = rng.uniform(0.0, 90.0, shape)
    hit = {("downtime", "Mill"): rng.uniform(0, 1, (7, HORIZON)), ("late", "wood"): rng.uniform(0, 2, (7, HORIZON))}
    hit[("short", "wood")] = rng.uniform(0, 1, (7, HORIZON))
    played, policy = ready.world(paths, upsets(ready.course.model, hit, 7)), ready.policy()
    machines = ready.course.resources
    down = upsets(ready.course.model, hit, 7)
    for t in range(HORIZON):
        late = played.market.terms.pooled.of(played.market.late)
        waiting = played.market.waiting
        decided = played.decide(t, policy.wanted(played, t))
        shipped = played.serve(t, policy.shipped(played, t))
        assert played.stock.min(initial=0.0) >= 0.0
        assert decided.min(initial=0.0) >= 0.0
        assert shipped.min(initial=0.0) >= 0.0
        market = played.market
        served = waiting + market.transit[t] - market.waiting
        left = market.terms.pooled.of(market.late + market.lost[:, t])
        need = late + market.terms.pooled.of(market.demand[:, t])
        assert np.abs(need - served - left).max(initial=0.0) < 1e-6
        load = ready.course.loads[t].of(np.concatenate([decided, shipped])) + ready.course.follow[t].load.of(
            ready.course.follow[t].values(np.concatenate([decided, shipped]))
        )
        lost = down.down(len(machines.capacity), t)
        room = np.where(lost < 1, (machines.capacity + machines.extra)[:, t, None] * (1 - lost), 0.0)
        room = np.maximum(room, ready.accounts.load[:, t, None] * (1 - lost))
        assert (load - room).max(initial=0.0) < 1e-4


def test_stock_of_a_path_is_what_came_less_what_went() -> None:
    tables = shop()
    paths = noisy(20)
    states = walked(tables, paths, {})
    chairs, wood = np.full(20, 30.0), np.full(20, 60.0)
    for state in states:  # one route, then one purchase: the order of the stage
        making, buying = state["decided"]
        chairs, wood = chairs + making - state["shipped"][0], wood + buying - 2 * making
        assert state["stock"][0] == pytest.approx(chairs, abs=1e-6)
        assert state["stock"][1] == pytest.approx(wood, abs=1e-6)
        assert state["load"].max() <= 120.0 + 1e-9


def test_more_demand_never_lowers_what_is_shipped_in_all() -> None:
    tables, paths = shop(), noisy(30)
    few = sum(state["shipped"].sum(axis=0) for state in walked(tables, paths, {}))
    more = sum(state["shipped"].sum(axis=0) for state in walked(tables, paths * 1.1, {}))
    assert (more - few).min() > -1e-6


def test_profit_falls_when_yield_time_or_deliveries_fall() -> None:
    session, tables, paths = Session(), shop(), noisy(30, noise=0.1)
    shape = (30, 6)
    best = play(tables, paths, {}, session=session)
    for kind, target, value in (("yield", "chairs", 0.8), ("downtime", "saw", 0.5), ("short", "Forest", 0.5), ("late", "timber", 1.0)):
        worse = play(tables, paths, {(kind, target): np.full(shape, value)}, session=session)
        assert worse["profit"].mean() < best["profit"].mean(), kind
        assert (worse["lost"] + worse["backlog"]).sum() > (best["lost"] + best["backlog"]).sum(), kind


def test_what_comes_after_the_horizon_is_still_coming_and_not_ordered_again() -> None:
    tables, paths = shop(), np.array([_PLANNED])
    bought = [
        sum(float(state["decided"][-1, 0]) for state in walked(tables, paths, {("late", "timber"): np.full((1, 6), late)}))
        for late in (0.0, 99.0)
    ]
    plan = float(supply(tables)["purchase_plan"].get_column("quantity").sum())
    assert bought[0] == pytest.approx(plan)
    assert 0.9 * plan < bought[1] <= plan + 1e-6


def test_what_never_comes_is_not_paid_for() -> None:
    session = Session()
    tables = made(1, **{**SHOP, "demand_plan": rows(*demand([80.0], item="chair"))})
    path = np.array([[0.0]])
    whole, half = (play(tables, path, {("short", "timber"): np.full((1, 1), share)}, session=session) for share in (0.0, 0.5))
    bought = float(supply(tables, session=session)["purchase_plan"].get_column("quantity").sum())
    assert bought > 0
    made_before, made_after = ((60.0 + bought * share) / 2 for share in (1.0, 0.5))
    fewer = min(made_before, 70.0) - min(made_after, 70.0)
    assert whole["supply_cost"][0] - half["supply_cost"][0] == pytest.approx(3.0 * bought * 0.5 + 5.0 * fewer)


def test_inside_the_fence_the_plan_is_carried_out_and_after_it_it_follows_demand() -> None:
    firm = rows(*({"kind": "production", "key": "chairs", "period": month(t), "fixed": 75.0} for t in range(2)))
    base = {**SHOP, "demand_plan": rows(*demand(_PLANNED, item="chair")), "firm_plan": firm}
    states = walked(made(6, 2, **base), np.array([np.array(_PLANNED) * 1.3]), {})
    plan = supply(made(6, 2, **base))["supply_plan"].sort("period").get_column("quantity").to_list()
    makes = [float(state["decided"][0, 0]) for state in states]
    assert makes[:2] == pytest.approx([75.0, 75.0])
    assert makes[2] > plan[2] + 1.0


def test_a_path_is_played_without_knowing_its_future() -> None:
    session, tables = Session(), shop()
    paths = np.array([[*_PLANNED[:3], 200.0, 0.0, 10.0], [*_PLANNED[:3], 0.0, 300.0, 90.0]]) * [1.2, 0.7, 1.3, 1, 1, 1]
    for way in (play, roll):
        played = way(tables, paths, {}, session=session)
        for name in ("stock_value", "overtime", "lost", "backlog"):
            assert played[name][0, :3] == pytest.approx(played[name][1, :3]), (way.__name__, name)


def test_a_path_is_played_the_same_whoever_stands_beside_it() -> None:
    session, tables, paths = Session(), shop(), noisy(300)
    whole, one = play(tables, paths, {}, session=session), play(tables, paths[200:201], {}, session=session)
    for name, array in one.items():
        assert np.array_equal(array[0], whole[name][200]), name


def test_the_policy_comes_near_to_solving_again() -> None:
    session, tables, paths = Session(), shop(), noisy(12, noise=0.25)
    policy, again = play(tables, paths, {}, session=session), roll(tables, paths, {}, session=session)
    assert policy["profit"].mean() > 0.97 * again["profit"].mean()


@pytest.mark.parametrize(
    ("disturbed", "says"),
    [
        ({("yield", "chair"): np.ones((2, 6))}, "chairs"),
        ({("flood", "chairs"): np.ones((2, 6))}, "yield, downtime, late, short"),
        ({("downtime", "saws"): np.ones((2, 6))}, "saw"),
        ({("downtime", "saw"): np.full((2, 6), 1.5)}, "between 0 and 1"),
        ({("late", "timber"): np.ones((2, 5))}, "2 paths by 6 periods"),
    ],
)
def test_disturbances_that_cannot_be(disturbed: dict[tuple[str, str], Array], says: str) -> None:
    with pytest.raises(InputError) as error:
        play(shop(), noisy(2), disturbed, session=Session())
    assert says in f"{error.value} {error.value.fix}"


@pytest.mark.parametrize("paths", [np.ones((2, 5)), np.ones(6), np.full((1, 6), np.nan), np.full((1, 6), -1.0)])
def test_paths_that_do_not_fit(paths: Array) -> None:
    with pytest.raises(InputError, match="paths of demand"):
        play(shop(), paths, {}, session=Session())
