"""A plan ready to be played: its course, prices and demand, the worlds that it may meet, and the answer that they give."""

from dataclasses import dataclass

import numpy as np

from equipoise.errors import InputError, Where
from equipoise.supply.assembly import Array
from equipoise.supply.playing.accounts import Accounts, accounts
from equipoise.supply.playing.course import Course, course
from equipoise.supply.playing.disturbance import Upsets, upsets
from equipoise.supply.playing.market import Terms, terms
from equipoise.supply.playing.steering import Steering, steering, trajectory
from equipoise.supply.playing.world import World, world
from equipoise.supply.session import Solved


@dataclass(frozen=True, eq=False)
class Game:
    """A plan ready to be played."""

    course: Course
    accounts: Accounts
    terms: Terms

    def checked(self, demand: Array) -> Array:
        """Return paths by rows of shortage as numbers. Raises InputError where they do not fit the plan, or are no demand."""
        array = np.asarray(demand, dtype=np.float64)
        count = self.terms.lost.size
        if array.ndim != 2 or array.shape[1] != count:
            fix = f"Give a row for each path, with {count} numbers: one for each row of the table shortage, in its order."
            raise InputError(f"The paths of demand have the shape {array.shape}.", fix, Where(table="shortage"))
        if not np.isfinite(array).all() or array.min(initial=0.0) < 0:
            fix = "Give every path a finite number of units, 0 or more, in every row."
            raise InputError("The paths of demand have a number below 0, infinite or missing.", fix, Where(table="shortage"))
        return array

    def world(self, paths: Array, hit: Upsets) -> World:
        """Return the world of each path at its start; `paths` are paths by rows of shortage."""
        by_demand = np.ascontiguousarray(paths.T).reshape(*self.terms.lost.shape, len(paths))
        return world(self.course, self.accounts, self.terms, by_demand, hit)

    def policy(self) -> Steering:
        """Return the policy that steers every world back to the plan."""
        planned = self.course.model.demand.get_column("quantity").to_numpy()
        return steering(self.course, trajectory(self.world(planned[None, :], upsets(self.course.model, {}, 1))), self.accounts.level)


def game(solved: Solved) -> Game:
    """Return a solved plan, ready to be played."""
    of = course(solved)
    return Game(of, accounts(of), terms(of.model, of.made))


def answer(played: World) -> dict[str, Array]:
    """Return what came of a world played to its end: by path, and paths by rows of shortage or by periods."""
    record = played.record
    paths = played.paths
    return {
        "profit": record.profit,
        "revenue": record.revenue,
        "supply_cost": record.supply_cost,
        "lost": np.ascontiguousarray(record.lost.reshape(-1, paths).T),
        "backlog": np.ascontiguousarray(record.backlog.reshape(-1, paths).T),
        "stock_value": record.stock_value,
        "overtime": record.overtime,
    }


def together(parts: list[dict[str, Array]]) -> dict[str, Array]:
    """Return the answers of several worlds as one, in order."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
