"""The gate on every arrow of the cycle: a table takes its dictionary form, the overrides that name it are laid over it, and it is handed
on.

What passes is known again: a scenario that leaves a table as it is has the base plan's own frame, and its hash.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl
from pydantic import ValidationError

from equipoise import scenario as scenarios_of
from equipoise.errors import InputError
from equipoise.scenario import Effect, Override
from equipoise.tables import table
from equipoise.tables.content import content_hash
from equipoise.tables.setting import from_table

Tables = dict[str, pl.DataFrame]

# What the gate writes: what each override of the base plan did at the tables that it lets through.
GATE = ("override_effect", "override_cell")
_ISSUE = dict(table("issue").schema)
_LOOKED_AT = ("setting", "history", *scenarios_of.ATTRIBUTES)  # tables that overrides of any table look at


@dataclass(frozen=True, eq=False)
class Passed:
    """A table that passed the gate."""

    name: str
    frame: pl.DataFrame

    @cached_property
    def hash(self) -> str:
        """The hash of its content, made when it is first asked for."""
        return content_hash(self.name, self.frame)


class Gate:
    """What is known of the base plan's tables behind the gate: a scenario that leaves one as it is has the same frame, and hash.

    What is made from the same frames need not be made again.
    """

    def __init__(self) -> None:
        self._came: dict[tuple[str, int], tuple[pl.DataFrame, Passed]] = {}
        self._base: dict[str, Passed] = {}

    def passed(self, name: str, came: pl.DataFrame) -> Passed | None:
        """Return what `came` to the gate became behind it, where it passed before with the base plan's overrides alone."""
        known = self._came.get((name, id(came)))
        return None if known is None else known[1]

    def remember(self, came: pl.DataFrame, passed: Passed) -> None:
        """Remember what a table became with the base plan's overrides; `came` is held, so that its identity stays its own."""
        self._came[passed.name, id(came)] = (came, passed)

    def hold(self, passed: Passed) -> None:
        """Hold a table of the base plan."""
        self._base[passed.name] = passed

    def is_base(self, passed: Passed) -> bool:
        """Return whether it is the table that the base plan has."""
        return self._base.get(passed.name) is passed

    def same(self, name: str, frame: pl.DataFrame) -> Passed:
        """Return the base plan's table where `frame` equals it, else `frame` as a table of its own."""
        base = self._base.get(name)
        return base if base is not None and base.frame.equals(frame) else Passed(name, frame)


@dataclass
class Run:
    """One pass through the cycle for one scenario: the tables so far and the hash of each.

    Overrides are the base plan's, the batches `promoted` to it, then the scenario's batches.

    A run `aside` answers a question beside the plan: nobody listens to it, and the cache does not keep what it makes.
    """

    given: Mapping[str, pl.DataFrame]
    base: tuple[Override, ...] = ()
    batches: tuple[tuple[Override, ...], ...] = ()
    scenario: str = ""
    tables: Tables = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    cells: list[pl.DataFrame] = field(default_factory=list)
    laid: dict[str, Sequence[Sequence[Effect]]] = field(default_factory=dict)
    gate: Gate = field(default_factory=Gate)
    aside: bool = False
    promoted: tuple[tuple[Override, ...], ...] = ()

    def __post_init__(self) -> None:
        """Sort overrides by table, once."""
        self._base = _by_table(self.base)
        self._layers = [_by_table(batch) for batch in self.batches]
        self._promoted: dict[str, list[list[Override]]] = {}
        for batch in self.promoted:
            for name, overrides in _by_table(batch).items():
                self._promoted.setdefault(name, []).append(overrides)
        self._told = -1
        self._passed: dict[str, Passed] = {}

    def admit(self, name: str, frame: pl.DataFrame) -> None:
        """Pass a table through the gate: dictionary form, key order, overrides laid over it."""
        base, promoted = self._base.get(name, []), self._promoted.get(name, [])
        batches = [layer.get(name, []) for layer in self._layers]
        known, own, came = self._known(name, frame, [base, *promoted]), bool(base or promoted), frame
        if known is not None and not any(batches):
            self._keep(known)
            return
        if known is not None and not _bind([base, *promoted], batches):
            frame, base, promoted = known.frame, [], []
        else:
            frame = table(name).conform(frame)
            frame = frame.sort(table(name).keys, maintain_order=True) if table(name).keys else frame
        if base or promoted or any(batches):
            tables = {**self.given, **self.tables}
            laid = scenarios_of.lay(frame, base, batches, name, tables, promoted=promoted, tell=not self.scenario)
            frame = laid.frame
            self.effects += laid.effects
            self.laid[name] = laid.batches
            self.cells += laid.cells
            check_overridden(name, frame)
        passed = self.gate.same(name, frame)
        if not self.scenario or (not own and not any(batches) and came is self.given.get(name)):
            self.gate.remember(came, passed)
        self._keep(passed)

    def _known(self, name: str, frame: pl.DataFrame, own: Sequence[Sequence[Override]]) -> Passed | None:
        """Return what a table became with the base plan's overrides, where that is known and they would do the same here.

        They do where the tables that they look at are the base plan's. The base plan itself lays and tells them anew.
        """
        if any(own):
            alike = all(self.as_base(one) for one in _LOOKED_AT if one in self._passed)
            if not self.scenario or not alike or any(override.split_by for batch in own for override in batch):
                return None
        return self.gate.passed(name, frame)

    def _keep(self, passed: Passed) -> None:
        self.tables[passed.name] = passed.frame
        self._passed[passed.name] = passed
        self.hashes.pop(passed.name, None)
        if not self.scenario:
            self.gate.hold(passed)

    def as_base(self, name: str) -> bool:
        """Return whether a table is that of the base plan."""
        return self.gate.is_base(self._passed[name])

    def hash_of(self, name: str) -> str:
        """Return the hash of a table so far, by its content."""
        if name not in self.hashes:
            self.hashes[name] = self._passed[name].hash
        return self.hashes[name]

    def tell(self) -> None:
        """Bring the gate's tables up to what overrides did so far, and add to the issues those that did not do what they say."""
        if self._told == len(self.effects):
            return
        self._told = len(self.effects)
        cell = table("override_cell")
        self._keep(Passed("override_effect", scenarios_of.effect_table(self.effects)))
        self._keep(Passed("override_cell", pl.concat([cell.empty(), *self.cells]).sort(cell.keys, maintain_order=True)))
        gathered = table("issue").conform(self.given["issue"]) if "issue" in self.given else table("issue").empty()
        found = list(scenarios_of.effect_issues(self.effects, gathered.get_column("message")))
        told = table("issue").conform(pl.DataFrame(found, schema_overrides=_ISSUE))
        self._keep(Passed("issue", pl.concat([gathered, told])))


def _bind(own: Sequence[Sequence[Override]], batches: Sequence[Sequence[Override]]) -> bool:
    """Return whether overrides of a scenario hang on how those of the base plan were laid, and not only on what they made."""
    return any(one.lock for batch in own for one in batch) or any(one.split_by for batch in batches for one in batch)


def _by_table(overrides: Sequence[Override]) -> dict[str, list[Override]]:
    found: dict[str, list[Override]] = {}
    for override in overrides:
        found.setdefault(override.table, []).append(override)
    return found


def check_overridden(name: str, frame: pl.DataFrame) -> None:
    """Refuse overrides that leave a table broken: a setting that is not allowed, or two rows of one key."""
    keys = list(table(name).keys)
    if name == "setting":
        try:
            from_table(frame)
        except ValidationError as error:
            words = "; ".join(
                f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')}" for fault in error.errors()
            )
            raise InputError(f"An override gives a setting a value that it cannot have: {words}.", "Correct the override.") from None
    elif frame.select(keys).is_duplicated().any():
        twice = frame.filter(frame.select(keys).is_duplicated()).row(0, named=True)
        words = ", ".join(f"{key} {twice[key]}" for key in keys)
        raise InputError(f"After its overrides, {name} has two rows for {words}.", "Set the row that is there instead of inserting one.")
